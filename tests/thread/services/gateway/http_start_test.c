/* Clients are there before the server is: each loop has answered one by the time that the
 * call which starts its thread returns. The linker puts ours in front of two functions. */
#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/gateway/http/http.h"

enum {
    LOOPS = 4
};

static struct sockaddr_in listening; /* where the server does */
static atomic_uint answered;

static void on_request(void *context, HttpRequest *request)
{
    (void)context;
    http_answer(request->server, request->handle, &(HttpAnswer){ .status = 204 });
    atomic_fetch_add(&answered, 1);
}

static void on_refuse(void *context, HttpRequest *request, const char *error)
{
    (void)context;
    (void)error;
    http_answer(request->server, request->handle, &(HttpAnswer){ .status = 503 });
}

static void ask_once(void)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    char answer[256];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert(fd >= 0);
    assert(connect(fd, (struct sockaddr *)&listening, sizeof listening) == 0);
    assert(send(fd, text, sizeof text - 1, MSG_NOSIGNAL) == sizeof text - 1);
    assert(recv(fd, answer, sizeof answer, 0) > 0 && strncmp(answer, "HTTP/1.1 204 ", 13) == 0);
    (void)close(fd);
}

int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *context);

int __wrap_listen(int fd, int backlog)
{
    socklen_t size = sizeof listening;
    int code = __real_listen(fd, backlog);

    assert(getsockname(fd, (struct sockaddr *)&listening, &size) == 0);
    return code;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *context)
{
    int code = __real_pthread_create(thread, attributes, start, context);

    ask_once();
    return code;
}

static void a_loop_answers_while_the_server_still_opens(void)
{
    Http *http;
    Status status = http_open(
        &(HttpOptions){
            .address = "127.0.0.1:0",
            .loops = LOOPS,
            .connections_max = 16,
            .connections_per_address_max = 16,
            .first_ms = 5000,
            .keep_ms = 5000,
            .headers_ms = 5000,
            .body_ms = 5000,
            .answer_ms = 5000,
            .stall_s = 5,
            .handler = on_request,
            .refuse = on_refuse,
        },
        &http);

    assert(!status_failed(status));
    assert(atomic_load(&answered) == LOOPS);
    assert(http_drain(http, 10000));
    http_close(http);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    a_loop_answers_while_the_server_still_opens();
    return 0;
}
