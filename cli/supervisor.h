/* supervisor.h - keeps children running, and ends them in order.
 *
 * One thread, one loop: signals by signalfd, the children's output by pipes, time by
 * poll. A child that ends is started again after a growing pause (0.1 s to 10 s). What
 * would block - databases, HTTP - runs in a task: a forked copy of this process that
 * the loop waits for while it goes on serving. SIGINT, SIGTERM and SIGHUP ask for a
 * stop; a second one kills everything at once.
 *
 * Children are their own sessions, so that Ctrl-C reaches only us; they are told to
 * stop by the kernel if we die. */
#ifndef JUMUN_CLI_SUPERVISOR_H
#define JUMUN_CLI_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cli/command.h"

enum {
    SUPERVISOR_CHILDREN_MAX = 16,
    CHILD_STARTS_MAX = 5, /* deaths in a row that supervisor_run_task puts up with */
};

typedef struct Supervisor Supervisor;

typedef struct SupervisorOptions {
    const char *var; /* children run here; their logs go to log/ in it */
    /* Called after a child has started or ended. May be NULL. */
    void (*on_change)(void *context);
    void *context;
} SupervisorOptions;

bool supervisor_open(const SupervisorOptions *options, Supervisor **ret_supervisor);

/* Starts a child and keeps it running from now on. Takes the command. shown: its log
 * lines are also printed. stop_s: how long it may take to end by SIGTERM. Complains if
 * it cannot be started. */
bool supervisor_add(Supervisor *supervisor, const char *name, Command *command, bool shown,
                    int stop_s);

/* 0 while it is not running, -1 if there is no such child. */
pid_t supervisor_pid(const Supervisor *supervisor, const char *name);

/* Forks, runs task(context) in the copy, and serves until it has ended. True if it
 * returned true. False also when a stop was asked for, or when a child has died
 * CHILD_STARTS_MAX times in a row; that is complained about. */
bool supervisor_run_task(Supervisor *supervisor, bool (*task)(void *context), void *context);

/* The same for another program; its output goes to log/<name>.log. */
bool supervisor_run_program(Supervisor *supervisor, const char *name, Command *command);

/* Serves until a stop is asked for. */
void supervisor_serve(Supervisor *supervisor);

/* True once somebody asked for a stop. */
bool supervisor_is_asked_to_stop(const Supervisor *supervisor);

/* Stops showing the children's lines: the terminal goes away. */
void supervisor_hide(Supervisor *supervisor);

/* Ends the children, the last added first, waits for each, and for whatever they have
 * left behind. NULL is ignored. */
void supervisor_close(Supervisor *supervisor);

#endif
