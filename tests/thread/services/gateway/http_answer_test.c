/* Answers from other threads: in time, late, twice, to clients that have gone, while the
 * server drains. */
#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/gateway/http/http.h"

enum {
    PENDING_MAX = 64,
    ANSWERERS = 2,
    CLIENTS = 8,
    REQUESTS = 500, /* of a client */
};

/* Requests go through a queue to threads that answer them. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t grown;
    HttpRequest *pending[PENDING_MAX];
    size_t count;
    bool held; /* answer nothing for now */
    bool ending;
} work = { .lock = PTHREAD_MUTEX_INITIALIZER, .grown = PTHREAD_COND_INITIALIZER };

static atomic_size_t asked;
static atomic_size_t answered;

static void on_request(void *context, HttpRequest *request)
{
    (void)context;
    if (strcmp(request->path, "/now") == 0) {
        http_answer(request->server, request->handle, &(HttpAnswer){ .status = 204 });
        return;
    }
    pthread_mutex_lock(&work.lock);
    assert(work.count < PENDING_MAX);
    work.pending[work.count++] = request;
    atomic_fetch_add(&asked, 1);
    pthread_cond_broadcast(&work.grown);
    pthread_mutex_unlock(&work.lock);
}

static void on_refuse(void *context, HttpRequest *request, const char *error)
{
    (void)context;
    assert(strcmp(error, "UNAVAILABLE") == 0);
    http_answer(request->server, request->handle, &(HttpAnswer){ .status = 503 });
}

static HttpRequest *take(void)
{
    HttpRequest *request = NULL;

    pthread_mutex_lock(&work.lock);
    while ((work.count == 0 || work.held) && !work.ending) {
        pthread_cond_wait(&work.grown, &work.lock);
    }
    if (work.count > 0 && !work.held) {
        request = work.pending[--work.count];
    }
    pthread_mutex_unlock(&work.lock);
    return request;
}

static void *answer_all(void *context)
{
    HttpRequest *request;

    while ((request = take()) != NULL) {
        HttpHandle handle = request->handle;
        Http *server = request->server;
        char *body = arena_copy(request->arena, request->path, strlen(request->path));
        HttpField field = { .name = "X-Path", .value = body };
        HttpField *fields = arena_calloc(request->arena, 1, sizeof field);
        assert(fields != NULL);
        *fields = field;
        HttpAnswer answer = { .status = 200,
                              .fields = fields,
                              .field_count = 1,
                              .body = body,
                              .body_size = strlen(body) };
        http_answer(server, handle, &answer);
        /* Once more, with another status: it must find nobody, whatever has become of the
         * slot meanwhile. */
        http_answer(server, handle, &(HttpAnswer){ .status = 500 });
        atomic_fetch_add(&answered, 1);
    }
    return context;
}

static void hold(bool held)
{
    pthread_mutex_lock(&work.lock);
    work.held = held;
    pthread_cond_broadcast(&work.grown);
    pthread_mutex_unlock(&work.lock);
}

static void await_pending(size_t count)
{
    pthread_mutex_lock(&work.lock);
    while (work.count < count) {
        pthread_cond_wait(&work.grown, &work.lock);
    }
    pthread_mutex_unlock(&work.lock);
}

static Http *open_http(unsigned loops)
{
    Http *http;
    Status status = http_open(
        &(HttpOptions){
            .address = "127.0.0.1:0",
            .loops = loops,
            .connections_max = 256,
            .connections_per_address_max = 256,
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
    return http;
}

static int dial(const Http *http)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = { .tv_sec = 20 };
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)http_port(http)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    assert(fd >= 0);
    assert(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    assert(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

static void ask(int fd, const char *path)
{
    char text[256];
    int size = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);

    assert(send(fd, text, (size_t)size, MSG_NOSIGNAL) == size);
}

/* Reads one answer; the body ends with the path that was asked for. */
static void expect_answer(int fd, const char *path)
{
    char text[1024];
    size_t size = 0;

    for (;;) {
        ssize_t got = recv(fd, text + size, sizeof text - 1 - size, 0);
        assert(got > 0);
        size += (size_t)got;
        text[size] = '\0';
        const char *body = strstr(text, "\r\n\r\n");
        if (body != NULL && strlen(body + 4) >= strlen(path)) {
            assert(strncmp(text, "HTTP/1.1 200 ", 13) == 0);
            assert(strcmp(body + 4, path) == 0);
            return;
        }
    }
}

static void *be_client(void *context)
{
    const Http *http = context;
    int fd = dial(http);
    char path[64];

    for (int i = 0; i < REQUESTS; i++) {
        (void)snprintf(path, sizeof path, "/%d/%d", fd, i);
        ask(fd, path);
        expect_answer(fd, path);
    }
    (void)close(fd);
    return NULL;
}

static void many_clients_get_their_own_answers(Http *http)
{
    pthread_t clients[CLIENTS];

    for (size_t i = 0; i < CLIENTS; i++) {
        assert(pthread_create(&clients[i], NULL, be_client, http) == 0);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i], NULL);
    }
}

static void an_answer_to_a_client_that_has_gone_is_harmless(Http *http)
{
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };

    hold(true);
    for (int i = 0; i < 20; i++) {
        int fd = dial(http);
        ask(fd, "/gone");
        await_pending((size_t)i + 1);
        if (i % 2 == 0) {
            (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        }
        (void)close(fd);
    }
    hold(false);
    int fd = dial(http);
    ask(fd, "/still-here");
    expect_answer(fd, "/still-here");
    (void)close(fd);
}

/* The answerers are behind their second answers, which find nobody. */
static void await_answerers(void)
{
    while (atomic_load(&answered) < atomic_load(&asked)) {
        sched_yield();
    }
}

typedef struct Drain {
    Http *http;
    bool drained;
} Drain;

static void *drain(void *context)
{
    Drain *task = context;

    task->drained = http_drain(task->http, 10000);
    return NULL;
}

static bool is_refused(const Http *http)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)http_port(http)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    bool refused = connect(fd, (struct sockaddr *)&address, sizeof address) != 0;

    (void)close(fd);
    return refused;
}

static void draining_finishes_what_was_taken_and_takes_no_more(Http *http)
{
    Drain task = { .http = http };
    pthread_t drainer;
    char answer[256];
    int taken = dial(http);
    int kept = dial(http);

    ask(kept, "/first");
    expect_answer(kept, "/first");
    hold(true);
    ask(taken, "/taken");
    await_pending(1);
    assert(pthread_create(&drainer, NULL, drain, &task) == 0);
    while (!is_refused(http)) { /* until it listens no more */
        sched_yield();
    }
    ask(kept, "/late");
    ssize_t size = recv(kept, answer, sizeof answer - 1, 0);
    assert(size > 0 && strncmp(answer, "HTTP/1.1 503 ", 13) == 0);
    hold(false);
    expect_answer(taken, "/taken");
    assert(recv(taken, answer, sizeof answer, 0) == 0); /* and the connection is closed */
    pthread_join(drainer, NULL);
    assert(task.drained);
    (void)close(taken);
    (void)close(kept);
}

/* The server says that it has seen the head; the drain that follows finds nothing lent. */
static void a_body_that_ends_after_the_drain_is_not_taken(void)
{
    static const char head[] = "POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
                               "Expect: 100-continue\r\n\r\n";
    Http *http = open_http(1);
    size_t before = atomic_load(&asked);
    char answer[256];
    int fd = dial(http);

    assert(send(fd, head, sizeof head - 1, MSG_NOSIGNAL) == sizeof head - 1);
    assert(recv(fd, answer, sizeof answer, 0) > 0 && strncmp(answer, "HTTP/1.1 100 ", 13) == 0);
    assert(http_drain(http, 10000));
    assert(send(fd, "{}", 2, MSG_NOSIGNAL) == 2);
    assert(recv(fd, answer, sizeof answer, 0) > 0 && strncmp(answer, "HTTP/1.1 503 ", 13) == 0);
    assert(atomic_load(&asked) == before);
    http_close(http);
    (void)close(fd);
}

static void draining_gives_up_when_nobody_answers_and_close_still_works(void)
{
    Http *http = open_http(1);
    int fd = dial(http);

    hold(true);
    ask(fd, "/never");
    await_pending(1);
    assert(!http_drain(http, 50));
    pthread_mutex_lock(&work.lock);
    work.count = 0; /* whoever held it has let go */
    pthread_mutex_unlock(&work.lock);
    http_close(http);
    (void)close(fd);
    hold(false);
}

static void a_port_that_is_taken_is_told(void)
{
    Http *first = open_http(1);
    Http *second = NULL;
    char address[32];

    (void)snprintf(address, sizeof address, "127.0.0.1:%u", http_port(first));
    Status status =
        http_open(&(HttpOptions){ .address = address, .loops = 1, .connections_max = 4 }, &second);
    assert(status.code == STATUS_UNAVAILABLE && strcmp(status.name, "PORT_TAKEN") == 0);
    http_close(first);
    static const char *const bad[] = {
        "", "127.0.0.1", "localhost:80", "127.0.0.1:x", "127.0.0.1:70000", "[::1:80", "127.0.0.1:-1"
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        status = http_open(&(HttpOptions){ .address = bad[i], .loops = 1, .connections_max = 4 },
                           &second);
        assert(status.code == STATUS_INVALID_ARGUMENT);
    }
    assert(second == NULL);
}

int main(void)
{
    pthread_t answerers[ANSWERERS];

    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < ANSWERERS; i++) {
        assert(pthread_create(&answerers[i], NULL, answer_all, NULL) == 0);
    }
    for (unsigned loops = 1; loops <= 2; loops++) {
        Http *http = open_http(loops);
        many_clients_get_their_own_answers(http);
        an_answer_to_a_client_that_has_gone_is_harmless(http);
        draining_finishes_what_was_taken_and_takes_no_more(http);
        await_answerers();
        http_close(http);
    }
    a_body_that_ends_after_the_drain_is_not_taken();
    draining_gives_up_when_nobody_answers_and_close_still_works();
    a_port_that_is_taken_is_told();
    pthread_mutex_lock(&work.lock);
    work.ending = true;
    pthread_cond_broadcast(&work.grown);
    pthread_mutex_unlock(&work.lock);
    for (size_t i = 0; i < ANSWERERS; i++) {
        pthread_join(answerers[i], NULL);
    }
    return 0;
}
