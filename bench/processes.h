/* processes.h - what the processes of a running jumun cost, read from /proc. */
#ifndef JUMUN_BENCH_PROCESSES_H
#define JUMUN_BENCH_PROCESSES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/status.h"

enum {
    PROCESSES_MAX = 24,
    PROCESS_NAME_MAX = 32
};

typedef struct Process {
    char name[PROCESS_NAME_MAX];
    pid_t pid;
    double ready_ms;   /* from its start until it was first ready; 0: it does not say */
    int64_t cpu_us;    /* user and system, at the last look */
    int64_t cpu_start; /* the same at the first look */
    int64_t rss_kib;
    int64_t rss_early_kib; /* when processes_note_early was called; 0: it was not */
    int64_t rss_late_kib;  /* when processes_note_late was called */
    int64_t rss_max_kib;
} Process;

typedef struct Processes {
    Process list[PROCESSES_MAX];
    size_t count;
} Processes;

/* Adds a process under its name; beyond PROCESSES_MAX it is ignored. */
void processes_add(Processes *processes, const char *name, pid_t pid, double ready_ms);

/* Forgets what was spent before now. */
void processes_start(Processes *processes);

/* Remembers how large they are while the load is young, and when it ends: what grows
 * between, leaks. */
void processes_note_early(Processes *processes);
void processes_note_late(Processes *processes);

/* Looks at all of them again. A process that has ended keeps its last figures. */
void processes_look(Processes *processes);

#endif
