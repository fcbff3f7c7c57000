#include "tests/e2e/stack.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/invariants/invariants.h"
#include "tests/support/processes.h"

enum {
    LEFT_S = 5
};

static Stack *running; /* for stack_fail: leave nothing behind */

static int run_jumun(const char *words)
{
    char command[1024];

    (void)snprintf(command, sizeof command, "exec '%s/jumun' %s >&2", getenv("JUMUN_TEST_BIN"),
                   words);
    int code = system(command);
    return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

static int run_with_var(Stack *stack, const char *verb, const char *options)
{
    char words[512];

    (void)snprintf(words, sizeof words, "%s --var '%s' %s", verb, stack->var, options);
    return run_jumun(words);
}

static void remove_var(const Stack *stack)
{
    char command[320];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", stack->var);
    if (system(command) != 0) {
        (void)fprintf(stderr, "%s is still there\n", stack->var);
    }
}

static void take_down(Stack *stack)
{
    if (run_with_var(stack, "down", "") != 0) {
        (void)fprintf(stderr, "jumun down failed\n");
    }
    remove_var(stack);
}

/* The rest of the first line of var/<file> that begins with `prefix`. */
static bool find_line(const Stack *stack, const char *file, const char *prefix, char *ret_text,
                      size_t size)
{
    char path[512];
    char line[512];
    bool found = false;

    (void)snprintf(path, sizeof path, "%s/%s", stack->var, file);
    FILE *lines = fopen(path, "re");
    while (lines != NULL && !found && fgets(line, sizeof line, lines) != NULL) {
        found = strncmp(line, prefix, strlen(prefix)) == 0;
    }
    if (found) {
        line[strcspn(line, "\n")] = '\0';
        (void)snprintf(ret_text, size, "%s", line + strlen(prefix));
    }
    if (lines != NULL) {
        (void)fclose(lines);
    }
    return found;
}

void stack_fail(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: expected %s\n", file, line, what);
    if (running != NULL) {
        Stack *stack = running;
        running = NULL;
        char command[512];
        (void)snprintf(command, sizeof command, "tail -n 15 '%s'/log/*.log >&2", stack->var);
        (void)!system(command);
        take_down(stack);
    }
    exit(1);
}

static void look(Stack *stack)
{
    expect(!status_failed(running_find(getenv("JUMUN_TEST_BIN"), stack->var, &stack->running)));
}

void stack_expect_status(HttpReply reply, long status)
{
    if (reply.status != status) {
        (void)fprintf(stderr, "got %ld %s\n", reply.status, reply.body);
    }
    expect(reply.status == status);
}

void stack_expect_problem(HttpReply reply, long status, const char *code)
{
    stack_expect_status(reply, status);
    if (strcmp(json_text(reply.json, "code"), code) != 0) {
        (void)fprintf(stderr, "not %s: %s\n", code, reply.body);
        stack_fail(__FILE__, __LINE__, "that code");
    }
}

void stack_expect_fault(HttpReply reply, const char *pointer)
{
    stack_expect_problem(reply, 400, "VALIDATION");
    const json_t *errors = json_object_get(reply.json, "errors");
    if (json_array_size(errors) != 1 ||
        strcmp(json_text(json_array_get(errors, 0), "pointer"), pointer) != 0) {
        (void)fprintf(stderr, "not %s: %s\n", pointer, reply.body);
        stack_fail(__FILE__, __LINE__, "that pointer");
    }
}

void stack_log_in(Stack *stack, const char *login_id, const char *password, char ret_token[64])
{
    char body[512];

    (void)snprintf(body, sizeof body, "{\"loginId\":\"%s\",\"password\":\"%s\"}", login_id,
                   password);
    HttpReply reply = stack_ask(
        stack, &(HttpRequest){ .method = "POST", .path = "/api/v1/members/login", .body = body });
    stack_expect_status(reply, 200);
    (void)snprintf(ret_token, 64, "%s", json_text(reply.json, "token"));
}

/* An assertion in a library: what was started must not outlive the test. */
static void on_abort(int signal_number)
{
    (void)signal_number;
    stack_fail(__FILE__, __LINE__, "no abort");
}

void stack_make(Stack *stack)
{
    (void)signal(SIGABRT, on_abort);
    expect(getenv("JUMUN_TEST_BIN") != NULL);
    memset(stack, 0, sizeof *stack);
    (void)snprintf(stack->var, sizeof stack->var, "/tmp/jumun-e2e-XXXXXX");
    expect(mkdtemp(stack->var) != NULL);
    running = stack;
}

void stack_connect(Stack *stack)
{
    look(stack);
    expect(!status_failed(db_open_patient(stack->running.audit_url, &stack->db)));
    expect(!status_failed(http_client_open(stack->running.url, &stack->http)));
    stack_log_in(stack, stack->running.admin_login, stack->running.admin_password,
                 stack->admin_token);
}

void stack_up(Stack *stack)
{
    expect(run_with_var(stack, "up", "--detach") == 0);
    stack_connect(stack);
}

void stack_open(Stack *stack)
{
    stack_make(stack);
    stack_up(stack);
}

void stack_disconnect(Stack *stack)
{
    look(stack); /* who is to be gone afterwards */
    http_client_close(stack->http);
    stack->http = NULL;
    db_close(stack->db);
    stack->db = NULL;
}

void stack_expect_nobody(Stack *stack)
{
    expect(stack->running.process_count >= 9);
    for (size_t i = 0; i < stack->running.process_count; i++) {
        expect(kill(stack->running.processes[i].pid, 0) != 0 && errno == ESRCH);
    }
    /* And none that they started in turn: an engine's helpers may need a moment. */
    int64_t end_us = clock_monotonic_us(clock_system()) + LEFT_S * US_PER_S;
    pid_t left = process_that_names(stack->var);
    while (left != 0 && clock_monotonic_us(clock_system()) < end_us) {
        stack_pause();
        left = process_that_names(stack->var);
    }
    if (left != 0) {
        (void)fprintf(stderr, "process %d is left\n", (int)left);
    }
    expect(left == 0);
}

void stack_down(Stack *stack)
{
    stack_disconnect(stack);
    expect(run_with_var(stack, "down", "") == 0);
    stack_expect_nobody(stack);
}

void stack_remove(Stack *stack)
{
    running = NULL;
    remove_var(stack);
}

void stack_close(Stack *stack)
{
    stack_down(stack);
    stack_remove(stack);
}

void stack_engine_url(const Stack *stack, const char *engine, char ret_url[STACK_URL_SIZE])
{
    char prefix[64];

    (void)snprintf(prefix, sizeof prefix, "export JUMUN_TEST_%s_URL='", engine);
    expect(find_line(stack, "engines.env", prefix, ret_url, STACK_URL_SIZE));
    ret_url[strcspn(ret_url, "'")] = '\0';
}

uint16_t stack_port(const Stack *stack, const char *name)
{
    char prefix[64];
    char number[STACK_URL_SIZE];

    (void)snprintf(prefix, sizeof prefix, "%s ", name);
    expect(find_line(stack, "ports", prefix, number, sizeof number));
    return (uint16_t)atoi(number);
}

pid_t stack_pid(Stack *stack, const char *name)
{
    look(stack);
    return running_pid(&stack->running, name);
}

pid_t stack_supervisor(const Stack *stack)
{
    char number[STACK_URL_SIZE];

    expect(find_line(stack, "lock", "", number, sizeof number));
    return (pid_t)atoi(number);
}

int stack_run(const Stack *stack, const char *verb, const char *options,
              char ret_said[STACK_SAID_SIZE])
{
    char command[1024];

    (void)snprintf(command, sizeof command, "exec '%s/jumun' %s --var '%s' %s 2>&1",
                   getenv("JUMUN_TEST_BIN"), verb, stack->var, options);
    FILE *pipe = popen(command, "re");
    expect(pipe != NULL);
    ret_said[fread(ret_said, 1, STACK_SAID_SIZE - 1, pipe)] = '\0';
    int code = pclose(pipe);
    return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

HttpReply stack_ask(Stack *stack, const HttpRequest *request)
{
    HttpReply reply = { 0 };

    expect(!status_failed(http_client_ask(stack->http, request, &reply)));
    return reply;
}

HttpReply stack_get(Stack *stack, const char *token, const char *format, ...)
{
    char path[512];
    va_list words;

    va_start(words, format);
    (void)vsnprintf(path, sizeof path, format, words);
    va_end(words);
    return stack_ask(stack, &(HttpRequest){ .method = "GET", .path = path, .token = token });
}

void stack_pause(void)
{
    struct timespec pause = { 0, 100 * 1000000 };

    (void)nanosleep(&pause, NULL);
}

void stack_expect_settled(Stack *stack, int timeout_s)
{
    int64_t end_us = clock_monotonic_us(clock_system()) + timeout_s * US_PER_S;
    uint64_t open = 1;
    uint64_t outbox = 1;

    /* Polls what the system itself does in its own time; there is no event to wait for. */
    while (open + outbox > 0 && clock_monotonic_us(clock_system()) < end_us) {
        if (status_failed(invariants_count_open(stack->db, &open, &outbox))) {
            open = 1; /* the database is on its way back */
        }
        stack_pause();
    }
    InvariantReport report;
    expect(!status_failed(invariants_check(stack->db, true, &report)));
    if (report.total > 0) {
        (void)fprintf(stderr, "%llu violations, the first: %s\n", (unsigned long long)report.total,
                      report.first);
    }
    expect(report.total == 0);
}

static Status on_number(void *context, const DbRow *row)
{
    *(int64_t *)context = db_row_int(row, 0);
    return status_ok();
}

int64_t stack_number(Stack *stack, const char *sql, const char *word)
{
    DbValue params[] = { db_text(word) };
    int64_t number = 0;

    expect(
        !status_failed(db_query(stack->db, sql, params, word == NULL ? 0 : 1, on_number, &number)));
    return number;
}
