/* running.h - a jumun that runs, as `jumun status --json` and its secrets describe it:
 * for the bench and the end-to-end tests. */
#ifndef JUMUN_TESTS_SUPPORT_RUNNING_H
#define JUMUN_TESTS_SUPPORT_RUNNING_H

#include <stddef.h>
#include <sys/types.h>

#include "common/base/status.h"

enum {
    RUNNING_PROCESSES_MAX = 24
};

typedef struct RunningProcess {
    char name[32]; /* "order", "mariadb" */
    char ops[64];  /* "http://127.0.0.1:7204"; "" for engines */
    pid_t pid;
} RunningProcess;

typedef struct Running {
    char url[128];
    char admin_login[64];
    char admin_password[128];
    char audit_url[512]; /* for db_open_patient, as the read-only jumun_audit */
    RunningProcess processes[RUNNING_PROCESSES_MAX]; /* services, then engines */
    size_t process_count;
} Running;

/* Asks `bin`/jumun about the instance kept in `var`. NOT_FOUND (NOT_RUNNING) if it does
 * not run or cannot be understood; the reason is printed. */
Status running_find(const char *bin, const char *var, Running *ret_running);

/* The operations port of a service; "" if there is no such process. */
const char *running_ops(const Running *running, const char *name);

/* 0 if there is no such process. */
pid_t running_pid(const Running *running, const char *name);

#endif
