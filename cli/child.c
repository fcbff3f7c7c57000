/* child.c - fork, exec and the pause before the next try. */
#include "cli/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/say.h"
#include "common/base/clock.h"

enum {
    PAUSE_MIN_MS = 100,
    PAUSE_MAX_MS = 10 * 1000,
    STEADY_S = 10, /* having run so long, a child's earlier deaths are forgotten */
    READ_SIZE = 16 * 1024,
    READS_MAX = 64, /* in a row, so that one child cannot keep the loop */
};

bool child_init(Child *child, const char *var, const char *name, Command *command, bool shown)
{
    *child = (Child){ .command = *command, .output = -1 };
    *command = (Command){ 0 };
    (void)snprintf(child->name, sizeof child->name, "%s", name);
    if (!child_log_open(var, name, shown, &child->log)) {
        command_deinit(&child->command);
        return false;
    }
    return true;
}

void child_deinit(Child *child)
{
    assert(child->pid == 0);
    command_deinit(&child->command);
    child_log_close(child->log);
}

/* In the new process. Only async-signal-safe calls, although nothing else runs. */
static void become(const Child *child, const char *var, int output, pid_t parent)
{
    sigset_t none;

    (void)setsid();
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) { /* it has died before we asked to be told */
        _exit(1);
    }
    int nothing = open("/dev/null", O_RDONLY);
    if (chdir(var) == 0 && dup2(nothing, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(output, STDERR_FILENO) >= 0) {
        (void)execve(child->command.words[0], child->command.words, child->command.variables);
    }
    (void)dprintf(STDERR_FILENO, "cannot run %s: %s\n", child->command.words[0], strerror(errno));
    _exit(127);
}

bool child_start(Child *child, const char *var, int64_t now_us)
{
    int output[2];

    assert(child->pid == 0);
    if (pipe2(output, O_CLOEXEC) != 0) {
        return complain("cannot start %s: %s", child->name, strerror(errno));
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        become(child, var, output[1], parent);
    }
    (void)close(output[1]);
    if (pid < 0) {
        (void)close(output[0]);
        return complain("cannot start %s: %s", child->name, strerror(errno));
    }
    if (child->output >= 0) { /* somebody it has left behind still holds the old one */
        (void)close(child->output);
    }
    (void)fcntl(output[0], F_SETFL, O_NONBLOCK);
    child->output = output[0];
    child->pid = pid;
    child->started_us = now_us;
    return true;
}

void child_read(Child *child)
{
    char bytes[READ_SIZE];

    for (int i = 0; child->output >= 0 && i < READS_MAX; i++) {
        ssize_t size = read(child->output, bytes, sizeof bytes);
        if (size > 0) {
            child_log_feed(child->log, bytes, (size_t)size);
        } else if (size < 0 && errno == EINTR) {
            continue;
        } else if (size < 0 && errno == EAGAIN) {
            return;
        } else {
            (void)close(child->output);
            child->output = -1;
        }
    }
}

void child_ended(Child *child, int64_t now_us)
{
    child_read(child);
    child_log_flush(child->log);
    child->pid = 0;
    if (now_us - child->started_us > STEADY_S * US_PER_S) {
        child->deaths = 0;
    }
    int64_t pause_ms = PAUSE_MIN_MS;
    for (int i = 0; i < child->deaths && pause_ms < PAUSE_MAX_MS; i++) {
        pause_ms *= 2;
    }
    child->deaths++;
    child->restart_at_us = now_us + (pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS) * US_PER_MS;
}
