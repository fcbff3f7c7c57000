#include "tests/e2e/order_twin.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/support/ops_page.h"
#include "tests/support/processes.h"
#include "tests/support/rpc_fixture.h"

enum {
    READY_S = 30,
    WORDS_MAX = 128,
    WORD_SIZE = 128,
};

/* What the twin has for itself. */
typedef struct Own {
    char rpc[WORD_SIZE];
    char wake[WORD_SIZE];
    char ops[WORD_SIZE];
} Own;

static const char *const own_names[] = { "JUMUN_RPC_ORDER_URL=", "JUMUN_WAKE_ORDER_URL=",
                                         "JUMUN_ORDER_OPS_ADDRESS=" };

static bool is_own(const char *word)
{
    for (size_t i = 0; i < sizeof own_names / sizeof own_names[0]; i++) {
        if (strncmp(word, own_names[i], strlen(own_names[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* The environment of the process, but for what the twin has for itself. */
static void copy_environment(pid_t pid, Own *own, char *words[static WORDS_MAX])
{
    char *all[WORDS_MAX - 4];
    size_t all_count = process_environment(pid, all, sizeof all / sizeof all[0]);
    size_t count = 0;

    expect(all_count > 0);
    for (size_t i = 0; i < all_count; i++) {
        if (!is_own(all[i])) {
            words[count++] = all[i];
        }
    }
    words[count++] = own->rpc;
    words[count++] = own->wake;
    words[count++] = own->ops;
    words[count] = NULL;
}

/* In the child. */
static void become_twin(pid_t test, const char *log, char *const *words)
{
    char program[512];
    char *arguments[] = { program, NULL };

    (void)snprintf(program, sizeof program, "%s/jumun-order", getenv("JUMUN_TEST_BIN"));
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0 &&
        prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == test) {
        (void)execve(program, arguments, words);
    }
    _exit(127);
}

static void expect_ready(const OrderTwin *twin, const char *ops)
{
    int64_t end_us = clock_monotonic_us(clock_system()) + READY_S * US_PER_S;
    char url[WORD_SIZE];
    char *page;

    (void)snprintf(url, sizeof url, "http://%s", ops);
    while ((page = ops_page_read(url, "/readyz")) == NULL) {
        expect(waitpid(twin->pid, NULL, WNOHANG) == 0);
        expect(clock_monotonic_us(clock_system()) < end_us);
        stack_pause();
    }
    free(page);
}

void order_twin_start(Stack *stack, OrderTwin *ret_twin)
{
    char urls[3][FIXTURE_URL_SIZE];
    char log[512];
    char *words[WORDS_MAX];
    Own own;

    for (size_t i = 0; i < 3; i++) {
        fixture_url(urls[i]);
    }
    const char *ops = urls[2] + strlen("tcp://");
    (void)snprintf(own.rpc, sizeof own.rpc, "%s%s", own_names[0], urls[0]);
    (void)snprintf(own.wake, sizeof own.wake, "%s%s", own_names[1], urls[1]);
    (void)snprintf(own.ops, sizeof own.ops, "%s%s", own_names[2], ops);
    copy_environment(stack_pid(stack, "order"), &own, words);
    (void)snprintf(log, sizeof log, "%s/log/order-twin.log", stack->var);
    (void)snprintf(ret_twin->rpc_url, sizeof ret_twin->rpc_url, "%s", urls[0]);

    pid_t test = getpid();
    ret_twin->pid = fork();
    expect(ret_twin->pid >= 0);
    if (ret_twin->pid == 0) {
        become_twin(test, log, words);
    }
    expect_ready(ret_twin, ops);
}

void order_twin_stop(OrderTwin *twin)
{
    int state = 0;

    expect(kill(twin->pid, SIGTERM) == 0);
    expect(waitpid(twin->pid, &state, 0) == twin->pid);
    expect(WIFEXITED(state) && WEXITSTATUS(state) == 0);
    twin->pid = 0;
}
