/* libmicrohttpd 0.9.75 in external-loop mode: its own epoll_wait never waits, and wake-ups
 * are ours, because both of its ways to sleep lose some (shared/transport.md, section 7). */
#include "services/gateway/http/mhd_loop.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "services/gateway/http/strict.h"

enum {
    TURN_MS_MAX = 100, /* heals what a lost wake-up would leave lying */
    SLOT_ARENA_BLOCK = 16 * 1024,
    BODY_SIZE_FIRST = 1024,
    BODY_SWALLOWED_MAX = 1 << 20, /* of a chunked body that is too large anyway */
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

/* ---- slots ---- */

static Slot *slot_take(Loop *loop)
{
    Slot *slot = loop->free_slots;

    if (slot != NULL) {
        loop->free_slots = slot->next;
        slot->next = NULL;
    }
    return slot;
}

static void slot_give(Loop *loop, Slot *slot)
{
    uint64_t generation = atomic_load(&slot->word) >> SLOT_FLAG_BITS;

    atomic_store(&slot->word, (generation + 1) << SLOT_FLAG_BITS);
    arena_reset(&slot->arena);
    slot->next = loop->free_slots;
    loop->free_slots = slot;
}

/* ---- what the library calls ---- */

static size_t unescape_nothing(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context;
    (void)mhd;
    return strlen(text);
}

static Connection *connection_of(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void set_peer(Connection *connection, const struct sockaddr *address)
{
    memset(connection->peer, 0, sizeof connection->peer);
    if (address->sa_family == AF_INET6) {
        memcpy(connection->peer, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
               16);
    } else if (address->sa_family == AF_INET) {
        connection->peer[10] = 0xFF;
        connection->peer[11] = 0xFF;
        memcpy(connection->peer + 12,
               &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    }
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    Loop *loop = context;
    Connection *connection = *socket_context;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (connection != NULL) {
            timer_disarm(&connection->timer);
            connection->next_free = loop->free_connections;
            loop->free_connections = connection;
            *socket_context = NULL;
        }
        return;
    }
    connection = loop->free_connections;
    if (connection == NULL) {
        return; /* beyond the library's own limit: never */
    }
    loop->free_connections = connection->next_free;
    connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    connection->requests = 0;
    set_peer(connection,
             MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    timer_arm(&loop->timers, &connection->timer, TIMER_FIRST, now_us());
    *socket_context = connection;
}

/* The request line is complete. What it returns is the request's context from now on. */
static void *on_target(void *context, const char *target, struct MHD_Connection *mhd)
{
    Loop *loop = context;
    Connection *connection = connection_of(mhd);
    Slot *slot = connection == NULL ? NULL : slot_take(loop);

    if (slot == NULL) {
        return NULL;
    }
    int64_t arrived_us = now_us();
    slot->mhd = mhd;
    slot->connection = connection;
    slot->phase = SLOT_HEAD;
    slot->close = false;
    slot->too_large = false;
    slot->body_capacity = 0;
    slot->target = arena_copy(&slot->arena, target, strlen(target));
    slot->request = (HttpRequest){
        .server = loop->http,
        .handle = { (uint32_t)((size_t)(slot - loop->slots) +
                               (size_t)(loop - loop->http->loops) *
                                   loop->http->options.connections_max),
                    atomic_load(&slot->word) >> SLOT_FLAG_BITS },
        .path = "",
        .query = "",
        .host = "",
        .arrived_us = arrived_us,
        .arena = &slot->arena,
    };
    memcpy(slot->request.peer, connection->peer, sizeof connection->peer);
    connection->requests++;
    timer_arm(&loop->timers, &connection->timer, TIMER_HEADERS, arrived_us);
    return slot;
}

static void on_completed(void *context, struct MHD_Connection *mhd, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    Loop *loop = context;
    Slot *slot = *request_context;

    (void)mhd;
    (void)code;
    if (slot == NULL) {
        return;
    }
    *request_context = NULL;
    bool lent = slot->phase == SLOT_LENT;
    timer_arm(&loop->timers, &slot->connection->timer, TIMER_KEEP, now_us());
    slot_give(loop, slot);
    if (lent && atomic_fetch_sub(&loop->http->lent, 1) == 1) {
        pthread_mutex_lock(&loop->http->lock);
        pthread_cond_broadcast(&loop->http->idle);
        pthread_mutex_unlock(&loop->http->lock);
    }
}

/* ---- answers ---- */

static enum MHD_Result send_answer(Slot *slot)
{
    const HttpAnswer *answer = &slot->answer;
    Http *http = slot->loop->http;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body_size, (void *)(uintptr_t)answer->body, MHD_RESPMEM_PERSISTENT);

    if (response == NULL) {
        return MHD_NO;
    }
    for (size_t i = 0; i < answer->field_count; i++) {
        /* Refused only if the value holds a line break: then it is left out. */
        (void)MHD_add_response_header(response, answer->fields[i].name, answer->fields[i].value);
    }
    if (answer->close || slot->close || atomic_load(&http->draining) ||
        slot->connection->requests >= HTTP_REQUESTS_PER_CONNECTION_MAX) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    enum MHD_Result result = MHD_queue_response(slot->mhd, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(Slot *slot, const char *error)
{
    Http *http = slot->loop->http;

    slot->phase = SLOT_SENT;
    slot->close = true;
    timer_disarm(&slot->connection->timer);
    http->options.refuse(http->options.context, &slot->request, error);
    return (atomic_load(&slot->word) & SLOT_ANSWERED) != 0 ? send_answer(slot) : MHD_NO;
}

/* Lends the whole request to the handler. If it has been answered by the time the handler
 * returns, here or on another thread, the answer goes out at once; else whoever answers
 * finds PARKED and hands the slot back. */
static enum MHD_Result dispatch(Slot *slot)
{
    Http *http = slot->loop->http;

    slot->phase = SLOT_LENT;
    timer_disarm(&slot->connection->timer);
    atomic_fetch_add(&http->lent, 1);
    http->options.handler(http->options.context, &slot->request);
    if ((atomic_fetch_or(&slot->word, SLOT_PARKED) & SLOT_ANSWERED) != 0) {
        return send_answer(slot);
    }
    slot->suspended = true;
    MHD_suspend_connection(slot->mhd);
    return MHD_YES;
}

/* ---- requests ---- */

typedef struct Fields {
    HttpField *fields;
    size_t count;
} Fields;

static enum MHD_Result collect_field(void *context, enum MHD_ValueKind kind, const char *name,
                                     size_t name_size, const char *value, size_t value_size)
{
    Fields *fields = context;

    (void)kind;
    if (fields->count <= HTTP_FIELDS_MAX) { /* one more than allowed tells */
        fields->fields[fields->count++] = (HttpField){
            .name = name,
            .value = value != NULL ? value : name + name_size,
            .name_size = name_size,
            .value_size = value != NULL ? value_size : 0,
        };
    }
    return MHD_YES;
}

static bool prepare_body(Slot *slot, const StrictFacts *facts)
{
    size_t size = facts->chunked ? BODY_SIZE_FIRST : facts->content_length;

    slot->request.body = arena_alloc(&slot->arena, size + 1);
    if (slot->request.body == NULL) {
        return false;
    }
    slot->request.body[0] = '\0';
    slot->body_capacity = size;
    return true;
}

/* The headers are whole. */
static enum MHD_Result begin(Slot *slot, const char *method, const char *version)
{
    Fields fields = { .fields =
                          arena_calloc(&slot->arena, HTTP_FIELDS_MAX + 1, sizeof(HttpField)) };
    StrictFacts facts;
    Http *http = slot->loop->http;

    if (fields.fields == NULL || slot->target == NULL) {
        return MHD_NO;
    }
    (void)MHD_get_connection_values_n(slot->mhd, MHD_HEADER_KIND, collect_field, &fields);
    const char *error = strict_check(
        &(StrictHead){
            .method = method,
            .target = slot->target,
            .version = version,
            .fields = fields.fields,
            .field_count = fields.count,
            .size = MHD_get_connection_info(slot->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
                        ->header_size,
        },
        &facts);
    slot->request.method = facts.method;
    slot->request.fields = fields.fields;
    slot->request.field_count = fields.count;
    if (error != NULL) {
        return refuse(slot, error);
    }
    if (atomic_load(&http->draining)) {
        return refuse(slot, "UNAVAILABLE");
    }
    slot->request.path = arena_copy(&slot->arena, facts.path, facts.path_size);
    slot->request.query = facts.query;
    slot->request.host = facts.host;
    if (slot->request.path == NULL || !prepare_body(slot, &facts)) {
        return MHD_NO;
    }
    slot->phase = SLOT_BODY;
    timer_arm(&slot->loop->timers, &slot->connection->timer, TIMER_BODY, now_us());
    return MHD_YES;
}

static bool grow_body(Slot *slot, size_t size)
{
    size_t capacity = slot->body_capacity;

    while (capacity < size) {
        capacity = capacity * 2 + BODY_SIZE_FIRST;
    }
    char *body = arena_alloc(&slot->arena, capacity + 1);
    if (body == NULL) {
        return false;
    }
    memcpy(body, slot->request.body, slot->request.body_size);
    slot->request.body = body;
    slot->body_capacity = capacity;
    return true;
}

/* No answer can be queued while the body comes in: what is too large is counted, not kept. */
static enum MHD_Result take_body(Slot *slot, const char *piece, size_t size)
{
    HttpRequest *request = &slot->request;
    size_t total = request->body_size + size;

    if (slot->too_large || total > HTTP_BODY_SIZE_MAX) {
        slot->too_large = true;
        request->body_size = total;
        return total > BODY_SWALLOWED_MAX ? MHD_NO : MHD_YES;
    }
    if (total > slot->body_capacity && !grow_body(slot, total)) {
        return MHD_NO;
    }
    memcpy(request->body + request->body_size, piece, size);
    request->body_size = total;
    request->body[total] = '\0';
    return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *target,
                                  const char *method, const char *version, const char *piece,
                                  size_t *piece_size, void **request_context)
{
    Slot *slot = *request_context;

    (void)context;
    (void)mhd;
    (void)target;
    if (slot == NULL) {
        return MHD_NO;
    }
    switch (slot->phase) {
    case SLOT_HEAD:
        return begin(slot, method, version);
    case SLOT_BODY:
        if (*piece_size > 0) {
            size_t size = *piece_size;
            *piece_size = 0;
            return take_body(slot, piece, size);
        }
        return slot->too_large ? refuse(slot, "BODY_TOO_LARGE") : dispatch(slot);
    case SLOT_LENT: /* resumed */
        return (atomic_load(&slot->word) & SLOT_ANSWERED) != 0 ? send_answer(slot) : MHD_NO;
    case SLOT_SENT:
        break;
    }
    return MHD_NO;
}

/* ---- the loop ---- */

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

    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, loop,
        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_CONNECTION_TIMEOUT, options->stall_s, MHD_OPTION_CONNECTION_LIMIT,
        options->connections_max, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        options->connections_per_address_max, MHD_OPTION_URI_LOG_CALLBACK, on_target, loop,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, loop, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, loop, MHD_OPTION_NOTIFY_COMPLETED, on_completed, loop, MHD_OPTION_END);
}

Status loop_open(Loop *loop, Http *http, int listen_fd)
{
    const HttpOptions *options = &http->options;
    const int64_t spans_us[TIMER_CLASSES] = {
        [TIMER_FIRST] = options->first_ms * US_PER_MS,
        [TIMER_KEEP] = options->keep_ms * US_PER_MS,
        [TIMER_HEADERS] = options->headers_ms * US_PER_MS,
        [TIMER_BODY] = options->body_ms * US_PER_MS,
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
