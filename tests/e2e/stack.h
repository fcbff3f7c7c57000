/* stack.h - a whole jumun for a test: `jumun up --detach` in a directory of its own, the
 * built binaries and real engines. One thread. Failures end the test program with a
 * message: a test has nobody to report them to. */
#ifndef JUMUN_TESTS_E2E_STACK_H
#define JUMUN_TESTS_E2E_STACK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/http/http_client.h"
#include "common/mysql/db.h"
#include "tests/support/running.h"

enum {
    STACK_URL_SIZE = 256,
    STACK_SAID_SIZE = 64 * 1024,
};

typedef struct Stack {
    char var[256];
    Running running;
    HttpClient *http;
    Db *db; /* the read-only audit user's */
    char admin_token[64];
} Stack;

/* The bin directory is JUMUN_TEST_BIN. */
void stack_open(Stack *stack);

/* Stops everything, checks that no process is left, removes the directory. */
void stack_close(Stack *stack);

/* The same in steps, for tests of the steps: an empty directory; `jumun up` in it;
 * connections to what runs there; an end to them; `jumun down`; nobody is left. */
void stack_make(Stack *stack);
void stack_up(Stack *stack);
void stack_connect(Stack *stack);
void stack_disconnect(Stack *stack);
void stack_down(Stack *stack);
void stack_expect_nobody(Stack *stack);
void stack_remove(Stack *stack);

/* Runs `jumun VERB --var DIR OPTIONS`; returns its exit code and what it said, on standard
 * output and standard error. */
int stack_run(const Stack *stack, const char *verb, const char *options,
              char ret_said[STACK_SAID_SIZE]);

/* The address with its password of an engine, "MYSQL", "REDIS" or "AMQP". */
void stack_engine_url(const Stack *stack, const char *engine, char ret_url[STACK_URL_SIZE]);

/* A port of var/ports, "order-rpc". */
uint16_t stack_port(const Stack *stack, const char *name);

/* The pid of a service ("order") or an engine ("mariadb"), as `jumun status` says now. */
pid_t stack_pid(Stack *stack, const char *name);

/* The pid of the process that holds the instance and starts again what ends in it. */
pid_t stack_supervisor(const Stack *stack);

/* Asks, and fails the test if there is no answer. */
HttpReply stack_ask(Stack *stack, const HttpRequest *request);

/* Prints the answer if it is another one. */
void stack_expect_status(HttpReply reply, long status);

/* A problem of that status and code; a 400 VALIDATION whose one error points there,
 * "?limit" or "/name". They print the answer if it is another one. */
void stack_expect_problem(HttpReply reply, long status, const char *code);
void stack_expect_fault(HttpReply reply, const char *pointer);

/* GET of a printed path; token NULL for nobody. */
HttpReply stack_get(Stack *stack, const char *token, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void stack_log_in(Stack *stack, const char *login_id, const char *password, char ret_token[64]);

/* Waits until no order is open and the outboxes are empty, then runs all invariants.
 * Fails the test with the first violation, or if that takes longer than timeout_s. */
void stack_expect_settled(Stack *stack, int timeout_s);

/* 100 ms, between two looks at something that the system does in its own time. */
void stack_pause(void);

/* One number from the database. sql is a literal; `word` is its one parameter, NULL if it
 * has none. */
int64_t stack_number(Stack *stack, const char *sql, const char *word);

/* Ends the program with file, line and what was expected, unless it is so. */
#define expect(condition) ((condition) ? (void)0 : stack_fail(__FILE__, __LINE__, #condition))
void stack_fail(const char *file, int line, const char *what) __attribute__((noreturn));

#endif
