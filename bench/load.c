#include "bench/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"

#define GRACE_US (30 * US_PER_S) /* for answers after the last request was due */
#define TICK_US  (250 * US_PER_MS)

typedef struct Connection {
    int fd;
    bool busy;
    uint64_t n;      /* the request it carries */
    int64_t due_us;  /* when that was due */
    size_t received; /* bytes of the answer so far */
    char answer[LOAD_RESPONSE_MAX + 1];
} Connection;

typedef struct Load {
    const LoadOptions *options;
    LoadResult *result;
    int epoll;
    Connection *connections;
    unsigned *idle; /* indexes of connections without a request */
    unsigned idle_count;
    int64_t start_us;
    uint64_t next; /* number of the next request */
    int64_t tick_us;
} Load;

static int64_t now_us(void)
{
    return clock_monotonic_us(clock_system());
}

static bool connect_one(Load *load, unsigned index)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(load->options->port) };
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = index };
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    load->connections[index].fd = -1;
    if (fd < 0) {
        return false;
    }
    if (inet_pton(AF_INET, load->options->host, &address.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        close(fd);
        return false;
    }
    load->connections[index].fd = fd;
    return true;
}

static void set_idle(Load *load, unsigned index)
{
    load->connections[index].busy = false;
    load->connections[index].received = 0;
    load->idle[load->idle_count++] = index;
}

/* The server went away or closed: what was open is unknown, and the connection made anew. */
static void lose(Load *load, unsigned index)
{
    Connection *connection = &load->connections[index];

    close(connection->fd);
    if (connection->busy) {
        load->result->lost++;
        load->options->answer(load->options->context, connection->n, 0, "");
    }
    (void)connect_one(load, index); /* if not now, then when it is needed */
    if (connection->busy) {
        set_idle(load, index);
    }
}

static bool send_request(Load *load, unsigned index, uint64_t n, int64_t due_us)
{
    Connection *connection = &load->connections[index];
    char request[LOAD_REQUEST_MAX];

    if (connection->fd < 0 && !connect_one(load, index)) {
        return false;
    }
    size_t size = load->options->request(load->options->context, n, request);
    connection->busy = true;
    connection->n = n;
    connection->due_us = due_us;
    connection->received = 0;
    load->result->sent++;
    if (send(connection->fd, request, size, MSG_NOSIGNAL) != (ssize_t)size) {
        lose(load, index);
    }
    return true;
}

static bool may_send(const Load *load, int64_t now)
{
    const LoadOptions *options = load->options;

    return (options->count_max == 0 || load->next < options->count_max) &&
           (double)(now - load->start_us) < options->seconds * (double)US_PER_S;
}

static int64_t due_us(const Load *load, uint64_t n)
{
    return load->start_us + (int64_t)((double)n * (double)US_PER_S / load->options->rate);
}

/* Sends what is due and there is a connection for. */
static void send_due(Load *load, int64_t now)
{
    while (load->idle_count > 0) {
        int64_t due = load->options->rate > 0 ? due_us(load, load->next) : now;
        if (due > now || !may_send(load, due)) {
            return;
        }
        unsigned index = load->idle[load->idle_count - 1];
        load->idle_count--;
        if (!send_request(load, index, load->next, due)) {
            load->idle[load->idle_count++] = index;
            return;
        }
        load->next++;
    }
}

/* Size of the whole answer once its head is complete, else 0. */
static size_t answer_size(const Connection *connection)
{
    const char *end = strstr(connection->answer, "\r\n\r\n");

    if (end == NULL) {
        return 0;
    }
    size_t body = 0;
    const char *length = strcasestr(connection->answer, "\r\nContent-Length:");
    if (length != NULL && length < end) {
        body = strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
    }
    return (size_t)(end - connection->answer) + 4 + body;
}

/* A server may end a connection with any answer, as this one does after so many: the next
 * request needs another. */
static bool says_close(const Connection *connection)
{
    const char *end = strcasestr(connection->answer, "\r\nConnection: close\r\n");

    return end != NULL && end < strstr(connection->answer, "\r\n\r\n");
}

static void take_answer(Load *load, unsigned index, int64_t now)
{
    Connection *connection = &load->connections[index];
    long status = strtol(connection->answer + strlen("HTTP/1.1 "), NULL, 10);

    if (status < 100 || status >= LOAD_STATUS_MAX) {
        lose(load, index);
        return;
    }
    load->result->answered++;
    load->result->statuses[status]++;
    if (status < 300) {
        latency_record(&load->result->latency, now - connection->due_us);
    }
    load->options->answer(load->options->context, connection->n, (int)status,
                          strstr(connection->answer, "\r\n\r\n") + 4);
    if (says_close(connection)) {
        close(connection->fd);
        (void)connect_one(load, index); /* if not now, then when it is needed */
    }
    set_idle(load, index);
}

static void receive(Load *load, unsigned index, int64_t now)
{
    Connection *connection = &load->connections[index];
    size_t space = LOAD_RESPONSE_MAX - connection->received;
    ssize_t size = recv(connection->fd, connection->answer + connection->received, space, 0);

    if (size <= 0 || !connection->busy) {
        lose(load, index);
        return;
    }
    connection->received += (size_t)size;
    connection->answer[connection->received] = '\0';
    size_t whole = answer_size(connection);
    if (whole > LOAD_RESPONSE_MAX) {
        lose(load, index);
    } else if (whole > 0 && connection->received >= whole) {
        take_answer(load, index, now);
    }
}

static void wait_and_receive(Load *load, int64_t until_us)
{
    struct epoll_event events[256];
    int64_t wait_us = until_us - now_us();
    wait_us = wait_us < 0 ? 0 : wait_us;
    struct timespec wait = { wait_us / US_PER_S, wait_us % US_PER_S * 1000 };
    int count = epoll_pwait2(load->epoll, events, 256, &wait, NULL);
    int64_t now = now_us();

    for (int i = 0; i < count; i++) {
        receive(load, events[i].data.u32, now);
    }
}

static void loop(Load *load)
{
    int64_t end_us = load->start_us + (int64_t)(load->options->seconds * (double)US_PER_S);

    for (;;) {
        int64_t now = now_us();
        send_due(load, now);
        bool done = !may_send(load, load->options->rate > 0 ? due_us(load, load->next) : now);
        if (done && (load->idle_count == load->options->connections || now > end_us + GRACE_US)) {
            return;
        }
        if (load->options->tick != NULL && now >= load->tick_us) {
            load->options->tick(load->options->context,
                                (double)(now - load->start_us) / (double)US_PER_S);
            load->tick_us = now + TICK_US;
        }
        int64_t until = now + TICK_US;
        if (!done && load->idle_count > 0) {
            until = load->options->rate > 0 ? due_us(load, load->next) : now;
        }
        wait_and_receive(load, until);
    }
}

static Status open_connections(Load *load)
{
    for (unsigned i = 0; i < load->options->connections; i++) {
        if (!connect_one(load, i)) {
            return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
        }
        set_idle(load, i);
    }
    return status_ok();
}

Status load_run(const LoadOptions *options, LoadResult *ret_result)
{
    Load load = { .options = options, .result = ret_result };
    Status status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");

    memset(ret_result, 0, sizeof *ret_result);
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.connections = calloc(options->connections, sizeof *load.connections);
    load.idle = calloc(options->connections, sizeof *load.idle);
    if (load.epoll < 0 || load.connections == NULL || load.idle == NULL) {
        goto close;
    }
    for (unsigned i = 0; i < options->connections; i++) {
        load.connections[i].fd = -1;
    }
    status = open_connections(&load);
    if (!status_failed(status)) {
        load.start_us = now_us();
        loop(&load);
        ret_result->seconds = (double)(now_us() - load.start_us) / (double)US_PER_S;
    }
close:
    for (unsigned i = 0; load.connections != NULL && i < options->connections; i++) {
        if (load.connections[i].fd >= 0) {
            close(load.connections[i].fd);
        }
    }
    free(load.connections);
    free(load.idle);
    if (load.epoll >= 0) {
        close(load.epoll);
    }
    return status;
}
