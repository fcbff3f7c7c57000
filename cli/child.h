/* child.h - one program under supervision: its process, its output, its restarts.
 * supervisor.c's own; no loop here. */
#ifndef JUMUN_CLI_CHILD_H
#define JUMUN_CLI_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/child_log.h"
#include "cli/command.h"

typedef struct Child {
    char name[32];
    Command command;
    ChildLog *log;
    int stop_s;
    pid_t pid;             /* 0: not running */
    int output;            /* its stdout and stderr; -1: none */
    int64_t started_us;    /* monotonic */
    int64_t restart_at_us; /* when it is not running */
    int deaths;            /* in a row */
} Child;

/* Takes the command. Does not start it. */
bool child_init(Child *child, const char *var, const char *name, Command *command, bool shown);

/* Must not be running. */
void child_deinit(Child *child);

/* Forks and executes. Complains if there can be no process; that the program cannot be
 * run shows as its death. */
bool child_start(Child *child, const char *var, int64_t now_us);

/* Moves output that is there into the log. */
void child_read(Child *child);

/* It has ended: reads the rest and settles when it may start again. */
void child_ended(Child *child, int64_t now_us);

#endif
