/* libmicrohttpd 0.9.75 in external-loop mode: its own epoll_wait never waits, and wake-ups
 * are ours, because both of its ways to sleep lose some (shared/transport.md, section 7). */
#include "services/gateway/http/mhd_loop.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "services/gateway/http/mhd_request.h"

enum {
    TURN_MS_MAX = 100, /* heals what a lost wake-up would leave lying */
    SLOT_ARENA_BLOCK = 16 * 1024,
};

static const char timeout_answer[] =
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nContent-Type: application/problem+json\r\n"
    "Content-Length: 158\r\n\r\n"
    "{\"type\":\"/errors/REQUEST_TIMEOUT\",\"title\":\"Request too slow\",\"status\":408,"
    "\"code\":\"REQUEST_TIMEOUT\",\"detail\":null,\"instance\":null,\"traceId\":null,"
    "\"errors\":[]}\r\n";

static int64_t now_us(void)
{
    return clock_monotonic_us(clock_system());
}

void loop_wake(Loop *loop)
{
    if (!atomic_exchange(&loop->dirty, true)) {
        uint64_t one = 1;
        if (write(loop->event_fd, &one, sizeof one) < 0) {
            abort(); /* an eventfd of ours never fails to count to two */
        }
    }
}

static void expire(Loop *loop)
{
    int64_t at_us = now_us();
    Timer *timer;

    while ((timer = timers_take_late(&loop->timers, at_us)) != NULL) {
        Connection *connection = (Connection *)timer;
        if (timer->class == TIMER_HEADERS || timer->class == TIMER_BODY) {
            /* Nothing of ours is being sent on it; the library sees the end and closes. */
            (void)!send(connection->fd, timeout_answer, sizeof timeout_answer - 1,
                        MSG_DONTWAIT | MSG_NOSIGNAL);
        }
        (void)shutdown(connection->fd, SHUT_RDWR);
    }
}

static void resume_answered(Loop *loop)
{
    Slot *slot = atomic_exchange_explicit(&loop->answered, NULL, memory_order_acquire);

    while (slot != NULL) {
        Slot *next = slot->next;
        slot->next = NULL;
        slot->suspended = false;
        MHD_resume_connection(slot->mhd);
        slot = next;
    }
}

static void wait_for_work(Loop *loop, int epoll_fd)
{
    MHD_UNSIGNED_LONG_LONG library_ms;
    int wait_ms = TURN_MS_MAX;
    struct pollfd fds[2] = { { .fd = epoll_fd, .events = POLLIN },
                             { .fd = loop->event_fd, .events = POLLIN } };

    if (MHD_get_timeout(loop->daemon, &library_ms) == MHD_YES && library_ms < TURN_MS_MAX) {
        wait_ms = (int)library_ms;
    }
    (void)poll(fds, 2, wait_ms);
    if (fds[1].revents != 0) {
        uint64_t count;
        (void)!read(loop->event_fd, &count, sizeof count);
        atomic_store(&loop->dirty, false); /* before looking for answers: none is missed */
    }
}

static void *loop_main(void *context)
{
    Loop *loop = context;
    int epoll_fd = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;

    while (!atomic_load(&loop->http->stopping)) {
        wait_for_work(loop, epoll_fd);
        if (!loop->quiet && atomic_load(&loop->http->draining)) {
            loop->quiet = true;
            (void)close(MHD_quiesce_daemon(loop->daemon));
        }
        resume_answered(loop);
        expire(loop);
        (void)MHD_run(loop->daemon);
    }
    /* The library may not be stopped while connections are suspended. */
    resume_answered(loop);
    for (unsigned i = 0; i < loop->http->options.connections_max; i++) {
        if (loop->slots[i].suspended) {
            loop->slots[i].suspended = false;
            MHD_resume_connection(loop->slots[i].mhd);
        }
    }
    return NULL;
}

static bool allocate(Loop *loop)
{
    unsigned count = loop->http->options.connections_max;

    loop->slots = calloc(count, sizeof *loop->slots);
    loop->connections = calloc(count, sizeof *loop->connections);
    if (loop->slots == NULL || loop->connections == NULL) {
        return false;
    }
    for (unsigned i = count; i-- > 0;) {
        loop->slots[i].loop = loop;
        loop->slots[i].next = loop->free_slots;
        loop->free_slots = &loop->slots[i];
        arena_init(&loop->slots[i].arena, SLOT_ARENA_BLOCK, HTTP_ARENA_SIZE_MAX);
        loop->connections[i].next_free = loop->free_connections;
        loop->free_connections = &loop->connections[i];
    }
    return true;
}

static struct MHD_Daemon *start_daemon(Loop *loop, int listen_fd)
{
    const HttpOptions *options = &loop->http->options;

    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, mhd_on_request,
                            loop, MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_STRICT_FOR_CLIENT,
                            1, MHD_OPTION_CONNECTION_TIMEOUT, options->stall_s,
                            MHD_OPTION_CONNECTION_LIMIT, options->connections_max,
                            MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                            options->connections_per_address_max, MHD_OPTION_URI_LOG_CALLBACK,
                            mhd_on_target, loop, MHD_OPTION_UNESCAPE_CALLBACK, mhd_unescape_nothing,
                            loop, MHD_OPTION_NOTIFY_CONNECTION, mhd_on_connection, loop,
                            MHD_OPTION_NOTIFY_COMPLETED, mhd_on_completed, loop, MHD_OPTION_END);
}

Status loop_open(Loop *loop, Http *http, int listen_fd)
{
    const HttpOptions *options = &http->options;
    const int64_t spans_us[TIMER_CLASSES] = {
        [TIMER_FIRST] = options->first_ms * US_PER_MS,
        [TIMER_KEEP] = options->keep_ms * US_PER_MS,
        [TIMER_HEADERS] = options->headers_ms * US_PER_MS,
        [TIMER_BODY] = options->body_ms * US_PER_MS,
        [TIMER_ANSWER] = options->answer_ms * US_PER_MS,
    };

    loop->http = http;
    timers_init(&loop->timers, spans_us);
    loop->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->event_fd < 0 || !allocate(loop)) {
        (void)close(listen_fd);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    loop->daemon = start_daemon(loop, listen_fd);
    if (loop->daemon == NULL) {
        (void)close(listen_fd);
        return status_make(STATUS_INTERNAL, "INTERNAL");
    }
    loop->started = pthread_create(&loop->thread, NULL, loop_main, loop) == 0;
    return loop->started ? status_ok() : status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
}

void loop_close(Loop *loop)
{
    if (loop->http == NULL) {
        return;
    }
    if (loop->started) {
        loop_wake(loop);
        pthread_join(loop->thread, NULL);
    }
    if (loop->daemon != NULL) {
        MHD_stop_daemon(loop->daemon);
    }
    for (unsigned i = 0; loop->slots != NULL && i < loop->http->options.connections_max; i++) {
        arena_deinit(&loop->slots[i].arena);
    }
    free(loop->slots);
    free(loop->connections);
    if (loop->event_fd >= 0) {
        (void)close(loop->event_fd);
    }
}
