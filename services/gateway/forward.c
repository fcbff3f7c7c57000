#include "services/gateway/forward.h"

#include <assert.h>
#include <string.h>

#include "services/gateway/openapi.h"

enum {
    LOOK_ARENA_BLOCK = 4 * 1024
};

static void forward_tick(void *context);

/* ---- the call ---- */

static void start_call(Forward *forward, unsigned method, const ProtobufCMessage *message,
                       int64_t deadline_us)
{
    bool keyed = *forward->key != '\0' && !forward->asking;

    forward->state = FORWARD_CALLING;
    forward->call = (RpcClientCall){
        .method = method,
        .message = message,
        .arena = forward->asking ? &forward->looks[forward->odd_look] : forward->http->arena,
        .deadline_us = deadline_us,
        .member = forward->auth.member,
        .role = forward->auth.role,
        .request_key = keyed ? forward->key : NULL,
        .request_hash = keyed ? forward->body_hash : NULL,
        .trace_parent = forward->trace.parent,
        .alone = (forward->route->flags & ROUTE_ALONE) != 0,
        .done = forward_tick,
        .context = forward,
    };
    rpc_client_call(forward->gateway->clients[forward->route->service], &forward->call);
}

static void call(Forward *forward)
{
    const ProtobufCMessage *message;
    Status status = forward_make_message(forward, &message);

    if (status_failed(status)) {
        forward_answer(forward, status);
        return;
    }
    start_call(forward, forward->plan->method_index, message, forward->deadline_us);
}

/* ---- who asks ---- */

static void authenticate(Forward *forward)
{
    const char *token;
    const char *error = head_token(forward->http, &token, &forward->by_cookie);
    bool safe = forward->route->method == HTTP_GET;

    if (error == NULL && (token == NULL || !token_hash(token, forward->auth.lookup.hash))) {
        error = "UNAUTHENTICATED";
    }
    if (error == NULL && forward->by_cookie && !safe && !head_is_same_origin(forward->http)) {
        error = "CSRF";
    }
    if (error != NULL) {
        forward_answer(forward, status_make(STATUS_UNAUTHENTICATED, error));
        return;
    }
    forward->state = FORWARD_AUTHENTICATING;
    forward->auth.arena = forward->http->arena;
    forward->auth.deadline_us = forward->deadline_us;
    forward->auth.trace_parent = forward->trace.parent;
    forward->auth.done = forward_tick;
    forward->auth.context = forward;
    auth_check(forward->gateway->auth, &forward->auth);
}

static Status may_do_this(const Forward *forward)
{
    if (status_failed(forward->auth.status)) {
        return forward->auth.status;
    }
    if (forward->route->who == WHO_ADMIN && forward->auth.role != JUMUN__RPC__V1__ROLE__ADMIN) {
        return status_make(STATUS_PERMISSION_DENIED, "PERMISSION_DENIED");
    }
    return status_ok();
}

/* ---- waiting ---- */

static const Jumun__Order__V1__Order *order_of(const Forward *forward)
{
    return (const Jumun__Order__V1__Order *)(const void *)forward->reply;
}

/* True if the order will not move by itself, or has moved from where the client knows it. */
static bool is_settled(const Forward *forward)
{
    const Jumun__Order__V1__Order *order = order_of(forward);
    bool paying = forward->has_token ||
                  (order->payment != NULL &&
                   order->payment->status != JUMUN__ORDER__V1__ORDER_PAYMENT__STATUS__NONE);

    if (forward->has_if_version && order->version != forward->if_version) {
        return true;
    }
    switch (order->status) {
    case JUMUN__ORDER__V1__ORDER_STATUS__PENDING:
    case JUMUN__ORDER__V1__ORDER_STATUS__PAYING:
    case JUMUN__ORDER__V1__ORDER_STATUS__CANCELLING:
    case JUMUN__ORDER__V1__ORDER_STATUS__REFUNDING:
        return false;
    case JUMUN__ORDER__V1__ORDER_STATUS__RESERVED:
        return !paying;
    default:
        return true;
    }
}

static void ask_again(Forward *forward)
{
    const ProtobufCServiceDescriptor *service = &jumun__order__v1__order_service__descriptor;
    const ProtobufCMethodDescriptor *method =
        protobuf_c_service_descriptor_get_method_by_name(service, "GetOrder");

    forward->asking = true;
    forward->odd_look = !forward->odd_look;
    arena_reset(&forward->looks[forward->odd_look]);
    jumun__order__v1__get_order_request__init(&forward->question);
    forward->question.order_id = order_of(forward)->order_id;
    start_call(forward, (unsigned)(method - service->methods), &forward->question.base,
               clock_monotonic_us(forward->gateway->clock) + REQUEST_TIMEOUT_MS * US_PER_MS);
}

static void stop_waiting(Forward *forward)
{
    waits_forget(forward->gateway->waits, &forward->waiter);
    forward_answer(forward, status_ok());
}

/* The order is not settled: look again after a nudge or a while, until the time is up. */
static void wait_on(Forward *forward)
{
    Waits *waits = forward->gateway->waits;
    int64_t now_us = clock_monotonic_us(forward->gateway->clock);
    int64_t due_us = now_us + WAITS_POLL_US;

    if (now_us >= forward->wait_until_us || waits_stopping(waits)) {
        stop_waiting(forward);
        return;
    }
    forward->state = FORWARD_WAITING;
    if (!waits_park(waits, &forward->waiter,
                    due_us < forward->wait_until_us ? due_us : forward->wait_until_us)) {
        ask_again(forward);
    }
}

static void begin_waiting(Forward *forward)
{
    forward->wait_until_us =
        clock_monotonic_us(forward->gateway->clock) + forward->wait_s * US_PER_S;
    arena_init(&forward->looks[0], LOOK_ARENA_BLOCK, HTTP_ARENA_SIZE_MAX);
    arena_init(&forward->looks[1], LOOK_ARENA_BLOCK, HTTP_ARENA_SIZE_MAX);
    forward->waiter = (Waiter){
        .order = { order_of(forward)->order_id },
        .resume = forward_tick,
        .context = forward,
    };
    if (waits_watch(forward->gateway->waits, &forward->waiter)) {
        wait_on(forward);
    } else { /* too many wait: as it is now */
        forward_answer(forward, status_ok());
    }
}

/* ---- the flow ---- */

/* A call that only looked again may fail: what is known by then is the answer. */
static void on_looked_again(Forward *forward)
{
    if (status_failed(forward->call.status)) {
        stop_waiting(forward);
        return;
    }
    forward->reply = forward->call.reply;
    if (is_settled(forward)) {
        stop_waiting(forward);
    } else {
        wait_on(forward);
    }
}

/* False only if the service refused: whatever else went wrong, it may have happened. */
static bool may_be_done(Status status)
{
    return !status_failed(status) || status.code == STATUS_UNKNOWN ||
           status.code == STATUS_CANCELLED || status.code == STATUS_UNAVAILABLE ||
           status.code == STATUS_DEADLINE_EXCEEDED;
}

/* What ends here must not live on in what auth remembers. */
static void end_sessions(Forward *forward)
{
    Auth *auth = forward->gateway->auth;

    if ((forward->route->flags & ROUTE_ENDS_SESSION) != 0) {
        auth_session_ended(auth, forward->auth.lookup.hash);
    }
    if ((forward->route->flags & ROUTE_ENDS_SESSIONS) != 0) {
        auth_sessions_ended(auth, forward->auth.member);
    }
}

static void on_reply(Forward *forward)
{
    if (forward->asking) {
        on_looked_again(forward);
        return;
    }
    if (may_be_done(forward->call.status)) {
        end_sessions(forward);
    }
    if (status_failed(forward->call.status)) {
        forward_answer(forward, forward->call.status);
        return;
    }
    forward->reply = forward->call.reply;
    if (forward->route->service == ROUTE_ORDER && strcmp(forward->route->rpc, "PlaceOrder") == 0) {
        forward->replayed = order_of(forward)->replayed;
    }
    if (forward->wait_s > 0 && !is_settled(forward)) {
        begin_waiting(forward);
    } else {
        forward_answer(forward, status_ok());
    }
}

static void forward_tick(void *context)
{
    Forward *forward = context;
    Status status;

    assert(forward->state != FORWARD_ANSWERED);
    switch (forward->state) {
    case FORWARD_RECEIVED:
        if (forward->route->who == WHO_ANYONE) {
            call(forward);
        } else {
            authenticate(forward);
        }
        return;
    case FORWARD_AUTHENTICATING: /* the verdict is in */
        status = may_do_this(forward);
        if (status_failed(status)) {
            forward_answer(forward, status);
        } else {
            call(forward);
        }
        return;
    case FORWARD_CALLING: /* the reply is in */
        on_reply(forward);
        return;
    case FORWARD_WAITING: /* a nudge, or time */
        if (waits_stopping(forward->gateway->waits)) {
            stop_waiting(forward);
        } else {
            ask_again(forward);
        }
        return;
    case FORWARD_ANSWERED:
        return;
    }
}

/* ---- the handlers ---- */

static void answer_locally(Forward *forward)
{
    static const char alive[] = "{\"alive\":true}";
    static const char ready[] = "{\"ready\":true}";
    static const char not_ready[] = "{\"ready\":false}";
    Gateway *gateway = forward->gateway;

    switch (forward->route->service) {
    case ROUTE_LIVEZ:
        forward_answer_text(forward, 200, alive, sizeof alive - 1);
        break;
    case ROUTE_READYZ:
        if (gateway->ready(gateway->context)) {
            forward_answer_text(forward, 200, ready, sizeof ready - 1);
        } else {
            forward_answer_text(forward, 503, not_ready, sizeof not_ready - 1);
        }
        break;
    case ROUTE_OPENAPI:
        forward_answer_text(forward, 200, (const char *)openapi_json, openapi_json_size);
        break;
    default:
        forward_answer(forward, status_make(STATUS_INTERNAL, "INTERNAL"));
        break;
    }
}

static Forward *new_forward(Gateway *gateway, HttpRequest *request)
{
    Forward *forward = arena_calloc(request->arena, 1, sizeof *forward);

    if (forward == NULL) { /* a fresh arena always has room for it */
        http_answer(request->server, request->handle, &(HttpAnswer){ .status = 503 });
        return NULL;
    }
    forward->gateway = gateway;
    forward->http = request;
    forward->key = "";
    trace_begin(&gateway->traces, head_trace_parent(request), &forward->trace);
    return forward;
}

static Status find_route(Forward *forward)
{
    routes_match(forward->http->method, forward->http->path, &forward->match);
    forward->route = forward->match.route;
    if (forward->route != NULL) {
        forward->plan = &forward->gateway->plans[forward->route - routes];
        return status_ok();
    }
    if (forward->match.allowed != 0) {
        return status_make(STATUS_UNIMPLEMENTED, "METHOD_NOT_ALLOWED");
    }
    return status_make(STATUS_NOT_FOUND, "NOT_FOUND");
}

static Status let_in(Forward *forward)
{
    Gateway *gateway = forward->gateway;

    if (!limits_enter(gateway->limits)) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    forward->entered = true;
    if ((forward->route->flags & ROUTE_SIGNIN_LIMIT) != 0) {
        forward->retry_after_s =
            limits_signin(gateway->limits, forward->http->peer, forward->http->arrived_us);
        if (forward->retry_after_s > 0) {
            return status_make(STATUS_RESOURCE_EXHAUSTED, "RATE_LIMITED");
        }
    }
    return status_ok();
}

void forward_handle(void *context, HttpRequest *request)
{
    Forward *forward = new_forward(context, request);

    if (forward == NULL) {
        return;
    }
    Status status = find_route(forward);
    if (!status_failed(status) && forward->route->rpc == NULL) {
        answer_locally(forward);
        return;
    }
    if (!status_failed(status)) {
        status = forward_read_head(forward);
    }
    if (!status_failed(status)) {
        status = let_in(forward);
    }
    if (status_failed(status)) {
        forward_answer(forward, status);
        return;
    }
    forward_tick(forward);
}

void forward_refuse(void *context, HttpRequest *request, const char *error)
{
    Forward *forward = new_forward(context, request);

    if (forward != NULL) {
        forward_answer(forward, status_make(STATUS_INVALID_ARGUMENT, error));
    }
}
