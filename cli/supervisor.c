/* supervisor.c - the loop, and the end. */
#include "cli/supervisor.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/say.h"
#include "common/base/clock.h"

struct Supervisor {
    SupervisorOptions options;
    int signals; /* signalfd */
    int stops;   /* how often somebody asked for a stop */
    bool closing;
    pid_t task; /* 0: none */
    int task_status;
    size_t count;
    Child children[SUPERVISOR_CHILDREN_MAX];
};

static int64_t now_us(void)
{
    return clock_monotonic_us(clock_system());
}

static void report_change(Supervisor *supervisor)
{
    if (supervisor->options.on_change != NULL) {
        supervisor->options.on_change(supervisor->options.context);
    }
}

static void fill_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGCHLD);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

bool supervisor_open(const SupervisorOptions *options, Supervisor **ret_supervisor)
{
    sigset_t set;
    Supervisor *supervisor = calloc(1, sizeof *supervisor);

    if (supervisor == NULL) {
        return complain("out of memory");
    }
    supervisor->options = *options;
    fill_signals(&set);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    supervisor->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    /* What the children leave behind becomes ours, so that we can end it too. */
    if (supervisor->signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        free(supervisor);
        return complain("cannot watch processes: %s", strerror(errno));
    }
    *ret_supervisor = supervisor;
    return true;
}

static void describe(int status, char *ret_text, size_t size)
{
    if (WIFSIGNALED(status)) {
        (void)snprintf(ret_text, size, "was killed by signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    } else {
        (void)snprintf(ret_text, size, "ended with exit code %d", WEXITSTATUS(status));
    }
}

static void note_end(Supervisor *supervisor, Child *child, int status)
{
    char how[96];

    child_ended(child, now_us());
    if (!supervisor->closing) {
        describe(status, how, sizeof how);
        say("jumun   | %s %s; it starts again in %.1f s (see %s)", child->name, how,
            (double)(child->restart_at_us - now_us()) / (double)US_PER_S,
            child_log_path(child->log));
    }
    report_change(supervisor);
}

/* Collects everybody who has ended: children, the task, and orphans. */
static void reap(Supervisor *supervisor)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == supervisor->task) {
            supervisor->task = 0;
            supervisor->task_status = status;
            continue;
        }
        for (size_t i = 0; i < supervisor->count; i++) {
            if (supervisor->children[i].pid == pid) {
                note_end(supervisor, &supervisor->children[i], status);
                break;
            }
        }
    }
}

static void kill_everybody(const Supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->count; i++) {
        if (supervisor->children[i].pid > 0) {
            (void)kill(supervisor->children[i].pid, SIGKILL);
        }
    }
}

static void read_signals(Supervisor *supervisor)
{
    struct signalfd_siginfo info;

    while (read(supervisor->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            continue;
        }
        say("jumun   | asked to stop by process %d: %s", (int)info.ssi_pid,
            strsignal((int)info.ssi_signo));
        if (++supervisor->stops > 1) {
            kill_everybody(supervisor);
        }
    }
    reap(supervisor); /* signals merge: ask for all, whatever came */
}

static void restart_due(Supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->count; i++) {
        Child *child = &supervisor->children[i];
        if (child->pid == 0 && child->restart_at_us <= now_us()) {
            if (child_start(child, supervisor->options.var, now_us())) {
                say("jumun   | %s starts again", child->name);
                report_change(supervisor);
            } else {
                child->restart_at_us = now_us() + US_PER_S;
            }
        }
    }
}

/* Milliseconds until the next restart is due, at most max_ms. */
static int pause_ms(const Supervisor *supervisor, int max_ms)
{
    int64_t pause = max_ms;

    for (size_t i = 0; !supervisor->closing && i < supervisor->count; i++) {
        const Child *child = &supervisor->children[i];
        if (child->pid == 0) {
            int64_t due = (child->restart_at_us - now_us()) / US_PER_MS + 1;
            pause = due < pause ? (due > 0 ? due : 0) : pause;
        }
    }
    return (int)pause;
}

/* One turn of the loop: waits for something to happen, at most max_ms. */
static void turn(Supervisor *supervisor, int max_ms)
{
    struct pollfd watched[1 + SUPERVISOR_CHILDREN_MAX];

    watched[0] = (struct pollfd){ .fd = supervisor->signals, .events = POLLIN };
    for (size_t i = 0; i < supervisor->count; i++) {
        watched[1 + i] = (struct pollfd){ .fd = supervisor->children[i].output, .events = POLLIN };
    }
    if (poll(watched, 1 + supervisor->count, pause_ms(supervisor, max_ms)) > 0) {
        for (size_t i = 0; i < supervisor->count; i++) {
            if (watched[1 + i].revents != 0) {
                child_read(&supervisor->children[i]);
            }
        }
        if (watched[0].revents != 0) {
            read_signals(supervisor);
        }
    }
    if (!supervisor->closing && supervisor->stops == 0) {
        restart_due(supervisor);
    }
}

bool supervisor_add(Supervisor *supervisor, const char *name, Command *command, bool shown,
                    int stop_s)
{
    assert(supervisor->count < SUPERVISOR_CHILDREN_MAX);
    Child *child = &supervisor->children[supervisor->count];

    if (!child_init(child, supervisor->options.var, name, command, shown)) {
        return false;
    }
    child->stop_s = stop_s;
    if (!child_start(child, supervisor->options.var, now_us())) {
        child_deinit(child);
        return false;
    }
    supervisor->count++;
    report_change(supervisor);
    return true;
}

pid_t supervisor_pid(const Supervisor *supervisor, const char *name)
{
    for (size_t i = 0; i < supervisor->count; i++) {
        if (strcmp(supervisor->children[i].name, name) == 0) {
            return supervisor->children[i].pid;
        }
    }
    return -1;
}

/* The child that dies again and again; NULL if there is none. */
static const Child *hopeless_child(const Supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->count; i++) {
        const Child *child = &supervisor->children[i];
        if (child->pid == 0 && child->deaths >= CHILD_STARTS_MAX) {
            return child;
        }
    }
    return NULL;
}

/* Serves until the task has ended, or must be given up. */
static bool await_task(Supervisor *supervisor)
{
    const Child *hopeless = NULL;

    while (supervisor->task != 0 && supervisor->stops == 0 && hopeless == NULL) {
        turn(supervisor, 1000);
        hopeless = hopeless_child(supervisor);
    }
    if (supervisor->task != 0) {
        (void)kill(supervisor->task, SIGKILL);
        while (supervisor->task != 0) {
            turn(supervisor, 1000);
        }
    }
    if (hopeless != NULL) {
        return complain("%s has died %d times in a row; its log says why: %s", hopeless->name,
                        hopeless->deaths, child_log_path(hopeless->log));
    }
    return supervisor->stops == 0 && WIFEXITED(supervisor->task_status) &&
           WEXITSTATUS(supervisor->task_status) == 0;
}

bool supervisor_run_task(Supervisor *supervisor, bool (*task)(void *context), void *context)
{
    sigset_t set;

    if (supervisor->stops > 0) {
        return false;
    }
    assert(supervisor->task == 0);
    pid_t parent = getpid();
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        (void)setsid();
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        fill_signals(&set);
        (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
        bool good = getppid() == parent && task(context);
        (void)fflush(stdout);
        _exit(good ? 0 : 1);
    }
    if (pid < 0) {
        return complain("cannot fork: %s", strerror(errno));
    }
    supervisor->task = pid;
    return await_task(supervisor);
}

bool supervisor_run_program(Supervisor *supervisor, const char *name, Command *command)
{
    Child child;

    if (supervisor->stops > 0 ||
        !child_init(&child, supervisor->options.var, name, command, false)) {
        command_deinit(command);
        return false;
    }
    bool good = child_start(&child, supervisor->options.var, now_us());
    if (good) {
        supervisor->task = child.pid;
        while (supervisor->task != 0) {
            struct pollfd output = { .fd = child.output, .events = POLLIN };

            child_read(&child);
            (void)poll(&output, 1, 50);
            turn(supervisor, 0);
            if (supervisor->stops > 0 && supervisor->task != 0) {
                (void)kill(supervisor->task, SIGKILL);
            }
        }
        child_ended(&child, now_us());
        good = WIFEXITED(supervisor->task_status) && WEXITSTATUS(supervisor->task_status) == 0;
        if (!good && supervisor->stops == 0) {
            (void)complain("%s failed; see %s", name, child_log_path(child.log));
        }
    }
    child_deinit(&child);
    return good && supervisor->stops == 0;
}

void supervisor_serve(Supervisor *supervisor)
{
    while (supervisor->stops == 0) {
        turn(supervisor, 60 * 1000);
    }
}

bool supervisor_is_asked_to_stop(const Supervisor *supervisor)
{
    return supervisor->stops > 0;
}

void supervisor_hide(Supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->count; i++) {
        child_log_hide(supervisor->children[i].log);
    }
}

static void end_child(Supervisor *supervisor, Child *child)
{
    int64_t deadline_us = now_us() + child->stop_s * US_PER_S;

    if (child->pid == 0) {
        return;
    }
    say("jumun   | stopping %s", child->name);
    (void)kill(child->pid, supervisor->stops > 1 ? SIGKILL : SIGTERM);
    while (child->pid != 0) {
        int64_t left_ms = (deadline_us - now_us()) / US_PER_MS;
        if (left_ms <= 0) {
            say("jumun   | %s does not end by itself; killing it", child->name);
            (void)kill(child->pid, SIGKILL);
            deadline_us = now_us() + child->stop_s * US_PER_S;
        } else {
            turn(supervisor, (int)left_ms);
        }
    }
}

/* Kills whoever has become ours; true if there was somebody. */
static bool kill_orphans(void)
{
    char path[64];
    long pid;
    bool found = false;

    (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    while (fscanf(file, "%ld", &pid) == 1) {
        found = true;
        (void)kill((pid_t)pid, SIGKILL);
    }
    (void)fclose(file);
    return found;
}

void supervisor_close(Supervisor *supervisor)
{
    if (supervisor == NULL) {
        return;
    }
    supervisor->closing = true;
    for (size_t i = supervisor->count; i > 0; i--) {
        end_child(supervisor, &supervisor->children[i - 1]);
    }
    while (kill_orphans()) {
        turn(supervisor, 100);
    }
    for (size_t i = 0; i < supervisor->count; i++) {
        if (supervisor->children[i].output >= 0) {
            (void)close(supervisor->children[i].output);
        }
        child_deinit(&supervisor->children[i]);
    }
    (void)close(supervisor->signals);
    free(supervisor);
}
