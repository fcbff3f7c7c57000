/* foreground_test.c - `jumun up` as somebody sees it who types it: the commands that it
 * prints do what they promise, and Ctrl-C ends everything. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/e2e/stack.h"

enum {
    START_S = 90,
    PATH_SIZE = 320,
    TEXT_MAX = 256 * 1024,
};

static Stack stack;
static char said_path[PATH_SIZE];
static char said[TEXT_MAX];

static void read_text(const char *path)
{
    FILE *file = fopen(path, "re");

    expect(file != NULL);
    said[fread(said, 1, sizeof said - 1, file)] = '\0';
    (void)fclose(file);
}

/* In a process group of its own, as a shell would start it. */
static pid_t start(void)
{
    char program[PATH_SIZE];
    pid_t pid = fork();

    expect(pid >= 0);
    if (pid == 0) {
        int out = open(said_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        (void)setpgid(0, 0);
        (void)dup2(out, STDOUT_FILENO);
        (void)snprintf(program, sizeof program, "%s/jumun", getenv("JUMUN_TEST_BIN"));
        (void)execl(program, program, "up", "--var", stack.var, (char *)NULL);
        _exit(127);
    }
    (void)setpgid(pid, pid);
    return pid;
}

static void await_open(pid_t pid)
{
    int64_t end_us = clock_monotonic_us(clock_system()) + START_S * US_PER_S;

    do {
        stack_pause();
        expect(waitpid(pid, NULL, WNOHANG) == 0);
        expect(clock_monotonic_us(clock_system()) < end_us);
        read_text(said_path);
    } while (strstr(said, "Ctrl-C stops everything.") == NULL);
}

/* Writes the commands into a script, as they were printed. */
static int write_script(const char *path)
{
    static const char *const begins[] = { "  curl ", "  TOKEN=$(curl ", "  CODE=$(curl " };
    FILE *script = fopen(path, "we");
    char *rest = said;
    const char *line;
    int count = 0;

    expect(script != NULL);
    while ((line = strsep(&rest, "\n")) != NULL) {
        for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
            if (strncmp(line, begins[i], strlen(begins[i])) == 0) {
                (void)fprintf(script, "%s\n", line);
                count++;
            }
        }
    }
    expect(fclose(script) == 0);
    return count;
}

static void the_printed_commands_order_and_follow(void)
{
    char script[PATH_SIZE];
    char out[PATH_SIZE];
    char command[3 * PATH_SIZE];

    (void)snprintf(script, sizeof script, "%s/commands.sh", stack.var);
    (void)snprintf(out, sizeof out, "%s/commands.out", stack.var);
    expect(write_script(script) == 4);
    (void)snprintf(command, sizeof command, "sh '%s' >'%s' 2>&1", script, out);
    int code = system(command);
    read_text(out);
    (void)fprintf(stderr, "%s", said);
    expect(code == 0);
    expect(strstr(said, "\"memberId\":") != NULL);
    const char *end = strstr(said, "\"to\":\"COMPLETED\"");
    expect(end != NULL && strchr(end, '\n') == said + strlen(said) - 1); /* in the last line */
}

static void ctrl_c_ends_everything(pid_t pid)
{
    int code = -1;

    stack_expect_settled(&stack, 30);
    stack_disconnect(&stack);
    expect(kill(-pid, SIGINT) == 0); /* the terminal tells the whole group */
    expect(waitpid(pid, &code, 0) == pid);
    expect(WIFEXITED(code) && WEXITSTATUS(code) == 0);
    stack_expect_nobody(&stack);
}

int main(void)
{
    if (system("command -v curl >/dev/null") != 0) {
        puts("SKIPPED: there is no curl");
        return 77;
    }
    stack_make(&stack);
    (void)snprintf(said_path, sizeof said_path, "%s/said", stack.var);
    pid_t pid = start();
    await_open(pid);
    stack_connect(&stack);
    the_printed_commands_order_and_follow();
    ctrl_c_ends_everything(pid);
    stack_remove(&stack);
    return 0;
}
