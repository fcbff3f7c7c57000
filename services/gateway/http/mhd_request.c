/* What libmicrohttpd calls while a request comes in and its answer goes out. */
#include "services/gateway/http/mhd_request.h"

#include <netinet/in.h>
#include <string.h>

#include "common/base/clock.h"
#include "services/gateway/http/strict.h"

enum {
    BODY_SIZE_FIRST = 1024,
    BODY_SWALLOWED_MAX = 1 << 20, /* of a chunked body that is too large anyway */
};

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

size_t mhd_unescape_nothing(void *context, struct MHD_Connection *mhd, char *text)
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

void mhd_on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
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
void *mhd_on_target(void *context, const char *target, struct MHD_Connection *mhd)
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

/* The last one lets http_drain go. */
static void end_loan(Http *http)
{
    if (atomic_fetch_sub(&http->lent, 1) == 1) {
        pthread_mutex_lock(&http->lock);
        pthread_cond_broadcast(&http->idle);
        pthread_mutex_unlock(&http->lock);
    }
}

void mhd_on_completed(void *context, struct MHD_Connection *mhd, void **request_context,
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
    if (lent) {
        end_loan(loop->http);
    }
}

/* ---- answers ---- */

static enum MHD_Result send_answer(Slot *slot)
{
    const HttpAnswer *answer = &slot->answer;
    Loop *loop = slot->loop;
    /* The library does not write to it; its interface is older than const. */
    union {
        const void *ours;
        void *theirs;
    } body = { .ours = answer->body };
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->body_size, body.theirs, MHD_RESPMEM_PERSISTENT);

    if (response == NULL) {
        return MHD_NO;
    }
    for (size_t i = 0; i < answer->field_count; i++) {
        /* Refused only if the value holds a line break: then it is left out. */
        (void)MHD_add_response_header(response, answer->fields[i].name, answer->fields[i].value);
    }
    if (answer->close || slot->close || atomic_load(&loop->http->draining) ||
        slot->connection->requests >= HTTP_REQUESTS_PER_CONNECTION_MAX) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    timer_arm(&loop->timers, &slot->connection->timer, TIMER_ANSWER, now_us());
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

/* Lends the whole request to the handler, unless the server drains: a drain that did not see
 * the loan is over, and with it what the handler works with. If it has been answered by the
 * time the handler returns, here or on another thread, the answer goes out at once; else
 * whoever answers finds PARKED and hands the slot back. */
static enum MHD_Result dispatch(Slot *slot)
{
    Http *http = slot->loop->http;

    atomic_fetch_add(&http->lent, 1);
    if (atomic_load(&http->draining)) {
        end_loan(http);
        return refuse(slot, "UNAVAILABLE");
    }
    slot->phase = SLOT_LENT;
    timer_disarm(&slot->connection->timer);
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

/* NOLINTNEXTLINE(readability-function-size): the parameters are the library's */
enum MHD_Result mhd_on_request(void *context, struct MHD_Connection *mhd, const char *target,
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
