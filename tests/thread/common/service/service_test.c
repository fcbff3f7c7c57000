/* Tests of common/service: a real process is started, asked and stopped. The child
 * tells by a pipe what it has reached, so nobody waits for time to pass. */
#undef NDEBUG
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/service/service.h"

static int told[2];            /* the child writes: o opened, c closed */
static int may_close[2];       /* the child reads in close */
static atomic_bool *ready_now; /* shared with the child */

static void tell(char letter)
{
    assert(write(told[1], &letter, 1) == 1);
}

static char hear(void)
{
    char letter = 0;

    return read(told[0], &letter, 1) == 1 ? letter : 0;
}

static Status good_open(const ServiceHost *host, void **ret_service)
{
    Counter *counter = metrics_counter(host->metrics, "opened_total", "Opened.", "");

    counter_add(counter, 1);
    *ret_service = counter;
    tell('o');
    return status_ok();
}

static Status bad_open(const ServiceHost *host, void **ret_service)
{
    (void)host;
    (void)ret_service;
    return status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
}

static bool good_ready(void *service)
{
    assert(service != NULL);
    return atomic_load(ready_now);
}

static void good_close(void *service)
{
    char letter;

    assert(service != NULL);
    tell('c');
    assert(read(may_close[0], &letter, 1) == 1);
}

static const Service good_service = { "sample", good_open, good_ready, good_close };
static const Service bad_service = { "sample", bad_open, good_ready, good_close };

static in_port_t free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int one = socket(AF_INET, SOCK_STREAM, 0);

    assert(bind(one, (struct sockaddr *)&address, size) == 0);
    assert(getsockname(one, (struct sockaddr *)&address, &size) == 0);
    close(one);
    return ntohs(address.sin_port);
}

static pid_t start(const Service *service, in_port_t port)
{
    char address[32];

    (void)snprintf(address, sizeof address, "127.0.0.1:%d", port);
    assert(pipe(told) == 0);
    assert(pipe(may_close) == 0);
    pid_t child = fork();
    assert(child >= 0);
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nobody */
        close(told[0]);
        close(may_close[1]);
        assert(setenv("JUMUN_SAMPLE_OPS_ADDRESS", address, 1) == 0);
        exit(service_main(service));
    }
    close(told[1]);
    close(may_close[0]);
    return child;
}

static int wait_for(pid_t child)
{
    int status = 0;

    assert(waitpid(child, &status, 0) == child);
    close(told[0]);
    close(may_close[1]);
    return status;
}

/* The whole answer to a request, borrowed until the next call. */
static const char *ask(in_port_t port, const char *method, const char *path)
{
    static char text[65536];
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int one = socket(AF_INET, SOCK_STREAM, 0);
    size_t size = 0;
    ssize_t got;

    assert(connect(one, (struct sockaddr *)&address, sizeof address) == 0);
    int length = snprintf(text, sizeof text,
                          "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
    assert(write(one, text, (size_t)length) == length);
    while ((got = read(one, &text[size], sizeof text - 1 - size)) > 0) {
        size += (size_t)got;
    }
    text[size] = '\0';
    close(one);
    return text;
}

static int code_of(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(&answer[9]) : 0;
}

static void serves_its_operations_port_and_stops_cleanly(void)
{
    in_port_t port = free_port();

    atomic_store(ready_now, true);
    pid_t child = start(&good_service, port);
    assert(hear() == 'o');
    assert(code_of(ask(port, "GET", "/livez")) == 200);
    assert(strstr(ask(port, "GET", "/metrics"), "\nopened_total 1\n") != NULL);
    assert(code_of(ask(port, "GET", "/nothing")) == 404);
    assert(code_of(ask(port, "POST", "/livez")) == 405);

    /* After "opened" it may take a moment until the service counts as open. */
    while (code_of(ask(port, "GET", "/readyz")) != 200) {
    }
    assert(kill(child, SIGTERM) == 0);
    assert(hear() == 'c');
    assert(code_of(ask(port, "GET", "/readyz")) == 503); /* closing: no new work, */
    assert(code_of(ask(port, "GET", "/livez")) == 200);  /* but alive */
    assert(write(may_close[1], "x", 1) == 1);
    int status = wait_for(child);
    assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static double ready_after_seconds(in_port_t port)
{
    const char *line = strstr(ask(port, "GET", "/metrics"), "\nready_after_seconds ");

    assert(line != NULL);
    return strtod(line + strlen("\nready_after_seconds "), NULL);
}

/* Nothing tells when the process has looked; it is asked until it has. */
static void says_when_it_got_ready_and_how_long_that_took(void)
{
    in_port_t port = free_port();

    atomic_store(ready_now, false);
    pid_t child = start(&good_service, port);
    assert(hear() == 'o');
    assert(code_of(ask(port, "GET", "/readyz")) == 503);
    assert(ready_after_seconds(port) == 0);

    atomic_store(ready_now, true);
    double seconds;
    while ((seconds = ready_after_seconds(port)) == 0) {
    }
    assert(seconds > 0 && seconds < 60);
    assert(code_of(ask(port, "GET", "/readyz")) == 200);

    assert(kill(child, SIGTERM) == 0);
    assert(hear() == 'c');
    assert(write(may_close[1], "x", 1) == 1);
    (void)wait_for(child);
}

static void stops_also_if_it_never_got_ready(void)
{
    atomic_store(ready_now, false);
    pid_t child = start(&good_service, free_port());

    assert(hear() == 'o');
    assert(kill(child, SIGTERM) == 0);
    assert(hear() == 'c');
    assert(write(may_close[1], "x", 1) == 1);
    int status = wait_for(child);
    assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void ends_at_once_at_the_second_signal(void)
{
    pid_t child = start(&good_service, free_port());

    assert(hear() == 'o');
    assert(kill(child, SIGINT) == 0);
    assert(hear() == 'c'); /* it is now stuck in close */
    assert(kill(child, SIGTERM) == 0);
    int status = wait_for(child);
    assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void exits_with_1_if_the_service_cannot_start(void)
{
    int status = wait_for(start(&bad_service, free_port()));
    assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void exits_with_1_if_its_port_is_taken(void)
{
    in_port_t port = free_port();
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int holder = socket(AF_INET, SOCK_STREAM, 0);

    assert(bind(holder, (struct sockaddr *)&address, sizeof address) == 0);
    assert(listen(holder, 1) == 0);
    int status = wait_for(start(&good_service, port));
    assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    close(holder);
}

int main(void)
{
    ready_now =
        mmap(NULL, sizeof *ready_now, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(ready_now != MAP_FAILED);
    serves_its_operations_port_and_stops_cleanly();
    says_when_it_got_ready_and_how_long_that_took();
    stops_also_if_it_never_got_ready();
    ends_at_once_at_the_second_signal();
    exits_with_1_if_the_service_cannot_start();
    exits_with_1_if_its_port_is_taken();
    (void)puts("service: 6 passed");
    return 0;
}
