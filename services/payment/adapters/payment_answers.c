#include "services/payment/adapters/payment_answers.h"

#include <assert.h>
#include <string.h>

#include "jumun/event/v1/event.pb-c.h"

#define QUEUE_ORDER_REPLIES "order.replies" /* contract.md, section 5 */

static const ProtobufCMessage *make_captured(const Payment *payment, const Attempt *attempt,
                                             Arena *arena)
{
    Jumun__Event__V1__PaymentCaptured *message = arena_alloc(arena, sizeof *message);

    if (message == NULL) {
        return NULL;
    }
    jumun__event__v1__payment_captured__init(message);
    message->attempt = attempt->number;
    message->amount = payment->captured.minor;
    message->reference = arena_copy(arena, attempt->reference, strlen(attempt->reference));
    return message->reference == NULL ? NULL : &message->base;
}

static const ProtobufCMessage *make_declined(const Attempt *attempt, Arena *arena)
{
    Jumun__Event__V1__PaymentDeclined *message = arena_alloc(arena, sizeof *message);

    if (message == NULL) {
        return NULL;
    }
    jumun__event__v1__payment_declined__init(message);
    message->attempt = attempt->number;
    message->reason = arena_copy(arena, attempt->reason, strlen(attempt->reason));
    return message->reason == NULL ? NULL : &message->base;
}

static const ProtobufCMessage *make_unknown(const Attempt *attempt, Arena *arena)
{
    Jumun__Event__V1__PaymentUnknown *message = arena_alloc(arena, sizeof *message);

    if (message == NULL) {
        return NULL;
    }
    jumun__event__v1__payment_unknown__init(message);
    message->attempt = attempt->number;
    return &message->base;
}

bool payment_answer_make(const Payment *payment, const Attempt *attempt, Arena *arena,
                         OutboxEvent *ret_event)
{
    const char *type = "payment.unknown";
    const ProtobufCMessage *payload = NULL;

    assert(attempt->status != PAYMENT_PENDING);
    if (attempt->status == PAYMENT_CAPTURED) {
        type = "payment.captured";
        payload = make_captured(payment, attempt, arena);
    } else if (attempt->status == PAYMENT_DECLINED) {
        type = "payment.declined";
        payload = make_declined(attempt, arena);
    } else {
        payload = make_unknown(attempt, arena);
    }
    if (payload == NULL) {
        return false;
    }
    *ret_event = (OutboxEvent){
        .queue = QUEUE_ORDER_REPLIES,
        .type = type,
        .order = attempt->order,
        .trace_parent = "",
        .payload = payload,
    };
    return true;
}
