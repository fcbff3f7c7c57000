/* From the reply of an RPC, or an error, to the HTTP answer. */
#include <stdio.h>
#include <string.h>

#include "services/gateway/forward.h"
#include "services/gateway/json_emit.h"
#include "services/gateway/json_form.h"
#include "services/gateway/request_head.h"

enum {
    RETRY_AFTER_S = 1,
    COOKIE_SIZE_MAX = 160,
};

static void add_field(Forward *forward, const char *name, const char *value)
{
    if (value != NULL && forward->field_count < HTTP_ANSWER_FIELDS_MAX) {
        forward->fields[forward->field_count++] = (HttpField){ .name = name, .value = value };
    }
}

static void add_number_field(Forward *forward, const char *name, const char *format,
                             unsigned number)
{
    char *text = arena_alloc(forward->http->arena, 24);

    if (text != NULL) {
        (void)snprintf(text, 24, "%s%u%s", format, number, format);
        add_field(forward, name, text);
    }
}

/* The last thing that happens to a forward. */
static void send(Forward *forward, unsigned status, const char *body, size_t size)
{
    Gateway *gateway = forward->gateway;
    int64_t duration_us = clock_monotonic_us(gateway->clock) - forward->http->arrived_us;

    forward->state = FORWARD_ANSWERED;
    arena_deinit(&forward->looks[0]); /* the answer is in the request's arena by now */
    arena_deinit(&forward->looks[1]);
    if (forward->entered) {
        limits_leave(gateway->limits);
    }
    add_field(forward, "X-Request-Id", forward->trace.request_id);
    add_field(forward, "Cache-Control", "no-store");
    add_field(forward, "X-Content-Type-Options", "nosniff");
    route_metrics_observe(gateway->metrics, forward->route, status, duration_us);
    http_answer(forward->http->server, forward->http->handle,
                &(HttpAnswer){
                    .status = status,
                    .fields = forward->fields,
                    .field_count = forward->field_count,
                    .body = body,
                    .body_size = size,
                });
}

void forward_answer_text(Forward *forward, unsigned status, const char *text, size_t size)
{
    add_field(forward, "Content-Type", "application/json");
    send(forward, status, text, size);
}

/* ---- problems ---- */

/* Errors of services, in the words of the route. */
static Status translate(const Forward *forward, Status status)
{
    const Route *route = forward->route;

    if (route == NULL || route->rpc == NULL) {
        return status;
    }
    bool reads = route->method == HTTP_GET;
    bool unknown = status.code == STATUS_UNKNOWN || status.code == STATUS_CANCELLED;
    if (unknown && reads) { /* nothing can have happened */
        return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    }
    if (status.code == STATUS_NOT_FOUND && route->service == ROUTE_ORDER &&
        forward->match.param_count > 0) {
        return status_make(STATUS_NOT_FOUND, "ORDER_NOT_FOUND");
    }
    if (status.code == STATUS_RESOURCE_EXHAUSTED && forward->state == FORWARD_CALLING &&
        (route->flags & ROUTE_SIGNIN_LIMIT) != 0 && problem_find(status.name) != NULL &&
        strcmp(status.name, "OVERLOADED") == 0) { /* no thread free to hash a password */
        return status_make(STATUS_RESOURCE_EXHAUSTED, "RATE_LIMITED");
    }
    return status;
}

static void add_retry_after(Forward *forward, const ProblemType *type,
                            const Jumun__Rpc__V1__ErrorDetails *details)
{
    static const char *const soon[] = { "UNAVAILABLE", "OVERLOADED", "RATE_LIMITED",
                                        "IDEMPOTENCY_IN_FLIGHT" };
    unsigned seconds = forward->retry_after_s;

    if (details != NULL && details->retry_after_s > 0) {
        seconds = details->retry_after_s;
    }
    for (size_t i = 0; seconds == 0 && i < sizeof soon / sizeof soon[0]; i++) {
        seconds = strcmp(type->name, soon[i]) == 0 ? RETRY_AFTER_S : 0;
    }
    if (seconds > 0) {
        add_number_field(forward, "Retry-After", "", seconds);
    }
}

/* Of the address's bucket, which is empty. */
static void add_rate_limit(Forward *forward)
{
    add_number_field(forward, "RateLimit-Limit", "", limits_signins_max(forward->gateway->limits));
    add_number_field(forward, "RateLimit-Remaining", "", 0);
    add_number_field(forward, "RateLimit-Reset", "", forward->retry_after_s);
}

/* Services point into their request; what they call "/cursor" came in the query. */
static void point_into_query(const Jumun__Rpc__V1__ErrorDetails *details)
{
    for (size_t i = 0; i < details->n_fields; i++) {
        char *pointer = details->fields[i]->pointer;
        if (pointer[0] == '/') {
            pointer[0] = '?';
        }
    }
}

static void answer_problem(Forward *forward, Status status)
{
    const Jumun__Rpc__V1__ErrorDetails *details =
        forward->state == FORWARD_CALLING ? forward->call.details : NULL;
    const ProblemType *type = problem_of(translate(forward, status));
    JsonText text;

    if (details != NULL && forward->route->method == HTTP_GET) {
        point_into_query(details);
    }
    json_text_init(&text, forward->http->arena);
    problem_write(
        &(Problem){
            .type = type,
            .request_id = forward->trace.request_id,
            .trace_id = forward->trace.trace_id,
            .fault = &forward->fault,
            .details = details,
        },
        &text);
    if (type->status == 401) {
        add_field(forward, "WWW-Authenticate", "Bearer realm=\"jumun\"");
    }
    if (type->status == 405) {
        char *allow = arena_alloc(forward->http->arena, ROUTE_ALLOW_SIZE);
        if (allow != NULL) {
            routes_allow_text(forward->match.allowed, allow);
            add_field(forward, "Allow", allow);
        }
    }
    if (forward->retry_after_s > 0) {
        add_rate_limit(forward);
    }
    add_retry_after(forward, type, details);
    add_field(forward, "Content-Type", "application/problem+json");
    send(forward, type->status, text.full ? "" : text.data, text.full ? 0 : text.size);
}

/* ---- success ---- */

static const void *find_in_reply(const Forward *forward, const char *name)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(forward->reply->descriptor, name);

    return field == NULL ? NULL : json_slot_read(field, forward->reply);
}

static void add_cookie(Forward *forward)
{
    const char *const *token = find_in_reply(forward, "token");
    bool begins = (forward->route->flags & ROUTE_BEGINS_SESSION) != 0 && token != NULL;
    char *cookie = arena_alloc(forward->http->arena, COOKIE_SIZE_MAX);

    if (cookie == NULL) {
        return;
    }
    (void)snprintf(cookie, COOKIE_SIZE_MAX,
                   SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%d%s",
                   begins ? *token : "", begins ? SESSION_MAX_S : 0,
                   forward->gateway->insecure_cookies ? "" : "; Secure");
    add_field(forward, "Set-Cookie", cookie);
}

/* Fills the template's one parameter from the reply. */
static void add_location(Forward *forward)
{
    const char *template = forward->route->location;
    const char *name = strchr(template, '{') + 1;
    const ProtobufCFieldDescriptor *field =
        json_field_find(forward->reply->descriptor, name, strcspn(name, "}"));
    size_t prefix = (size_t)(name - 1 - template);
    char *location = arena_alloc(forward->http->arena, prefix + 32);

    if (field == NULL || location == NULL) {
        return;
    }
    uint64_t id;
    memcpy(&id, json_slot_read(field, forward->reply), sizeof id);
    memcpy(location, template, prefix);
    if (json_form(field) == FORM_ORDER_CODE) {
        order_code_format(&forward->gateway->order_code_keys, (OrderId){ id }, location + prefix);
    } else {
        (void)snprintf(location + prefix, 32, "%llu", (unsigned long long)id);
    }
    add_field(forward, "Location", location);
}

/* Adds the ETag; true if the client has that version already. */
static bool add_etag(Forward *forward)
{
    const uint32_t *version = find_in_reply(forward, "version");

    if (version == NULL) {
        return false;
    }
    add_number_field(forward, "ETag", "\"", *version);
    return (forward->route->flags & ROUTE_NOT_MODIFIED) != 0 &&
           head_none_match_has(forward->http, *version);
}

static void answer_reply(Forward *forward)
{
    const Route *route = forward->route;
    bool unchanged = (route->flags & ROUTE_ETAG) != 0 && add_etag(forward);
    JsonText text;

    if ((route->flags & (ROUTE_BEGINS_SESSION | ROUTE_ENDS_SESSION)) != 0) {
        add_cookie(forward);
    }
    if (route->location != NULL) {
        add_location(forward);
    }
    if (forward->replayed) {
        add_field(forward, "Idempotency-Replayed", "true");
    }
    if (unchanged || route->success == 204) {
        send(forward, unchanged ? 304 : 204, "", 0);
        return;
    }
    json_text_init(&text, forward->http->arena);
    Status status =
        json_emit(forward->reply, (route->flags & ROUTE_BARE_ITEMS) != 0 ? "items" : NULL,
                  &forward->gateway->order_code_keys, &text);
    if (status_failed(status)) {
        forward->field_count = 0;
        answer_problem(forward, status);
        return;
    }
    forward_answer_text(forward, route->success, text.data, text.size);
}

void forward_answer(Forward *forward, Status status)
{
    if (status_failed(status)) {
        answer_problem(forward, status);
    } else {
        answer_reply(forward);
    }
}
