/* forward.h - one request on its way through the gateway. The only flow there is; private
 * to forward*.c but for the two handlers at the end.
 *
 *     RECEIVED --(nobody needs to be known)-----------------------> CALLING
 *         |                                                            ^
 *         +--> AUTHENTICATING --(member known, may do this)------------+
 *
 *     CALLING --(reply, nothing to wait for, or error)--> ANSWERED
 *        |  ^
 *        v  | (nudge, or time for another look)
 *     WAITING --(settled, or time is up)----------------> ANSWERED
 *
 * AUTHENTICATING, CALLING and WAITING are resumed exactly once, on whatever thread. Every
 * other state may go to ANSWERED at once, with an error. The client going away changes
 * nothing: the call runs to its end and its answer finds nobody. */
#ifndef JUMUN_SERVICES_GATEWAY_FORWARD_H
#define JUMUN_SERVICES_GATEWAY_FORWARD_H

#include "jumun/order/v1/order.pb-c.h"
#include "services/gateway/gateway.h"
#include "services/gateway/problem.h"
#include "services/gateway/transcode.h"

typedef enum ForwardState {
    FORWARD_RECEIVED,
    FORWARD_AUTHENTICATING,
    FORWARD_CALLING,
    FORWARD_WAITING,
    FORWARD_ANSWERED,
} ForwardState;

/* Lives in the request's arena; each look at an order has one of the arenas for looks. */
typedef struct Forward {
    ForwardState state;
    bool entered; /* counted by limits */
    bool replayed;
    Gateway *gateway;
    HttpRequest *http;
    const Route *route;
    const RoutePlan *plan;
    RouteMatch match;
    int64_t deadline_us;

    /* what the head asks for */
    const char *key; /* "" for none */
    uint8_t body_hash[BODY_HASH_SIZE];
    uint32_t if_match_version;
    bool if_match;
    bool by_cookie;

    /* waiting for an order */
    bool has_token; /* the order is paid without being asked */
    bool asking;    /* the call at hand only looks again */
    uint32_t if_version;
    bool has_if_version;
    unsigned wait_s;
    int64_t wait_until_us;
    Waiter waiter;
    Jumun__Order__V1__GetOrderRequest question;
    /* A look forgets the one before the last: should it fail, the last is the answer. */
    Arena looks[2];
    bool odd_look;

    /* what comes back */
    FieldFault fault;
    const ProtobufCMessage *reply;
    HttpField fields[HTTP_ANSWER_FIELDS_MAX];
    size_t field_count;
    unsigned retry_after_s; /* until the address may sign in again; 0: it may */

    Trace trace;
    AuthCheck auth;
    RpcClientCall call;
} Forward;

/* Reads everything in the head that can be wrong. */
Status forward_read_head(Forward *forward);

/* Makes the RPC's request of path, flags, query and body. */
Status forward_make_message(Forward *forward, const ProtobufCMessage **ret_message);

/* Answers with forward->reply, or with the problem; then the forward is gone. */
void forward_answer(Forward *forward, Status status);

/* Answers with a body of the gateway's own; then the forward is gone. */
void forward_answer_text(Forward *forward, unsigned status, const char *text, size_t size);

/* ---- what http.h calls; context is the Gateway ---- */

void forward_handle(void *context, HttpRequest *request);
void forward_refuse(void *context, HttpRequest *request, const char *error);

#endif
