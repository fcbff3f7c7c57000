#include "services/payment/api/payment_events.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/rpc/proto_arena.h"
#include "jumun/event/v1/event.pb-c.h"

enum {
    ARENA_BLOCK = 128 * 1024,
    ARENA_MAX = 8 * 1024 * 1024,
};

#define PURGE_EVERY_US (60 * US_PER_S)
#define INBOX_KEPT_US  (INT64_C(7) * 24 * 3600 * US_PER_S)

struct PaymentEvents {
    PaymentEventsOptions options;
    Arena arena; /* of one run */
    int64_t purge_at_us;
    PaymentCommand commands[EVENT_RUN_MAX];
};

static_assert((int)EVENT_RUN_MAX <= (int)PAYMENT_BATCH_MAX, "a run is at most a batch");

static Status invalid(void)
{
    return status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
}

static Status take_charge(const Event *event, Arena *arena, PaymentCommand *command)
{
    const Jumun__Event__V1__PaymentCharge *message = (const void *)proto_unpack(
        &jumun__event__v1__payment_charge__descriptor, event->payload, event->payload_size, arena);
    Charge *charge = &command->charge;

    command->kind = PAYMENT_CHARGE;
    if (message == NULL || strlen(message->currency) >= sizeof charge->currency) {
        return invalid();
    }
    charge->member = (MemberId){ message->member_id };
    charge->amount = (Money){ message->amount };
    charge->attempt = message->attempt;
    memcpy(charge->currency, message->currency, strlen(message->currency) + 1);
    /* A malformed token is left empty: the provider declines it, and the order goes on. */
    if (token_is_well_formed(message->token)) {
        memcpy(charge->token, message->token, strlen(message->token) + 1);
    }
    return charge_check(charge);
}

static Status take_inquire(const Event *event, Arena *arena, PaymentCommand *command)
{
    const Jumun__Event__V1__PaymentInquire *message = (const void *)proto_unpack(
        &jumun__event__v1__payment_inquire__descriptor, event->payload, event->payload_size, arena);

    command->kind = PAYMENT_INQUIRE;
    if (message == NULL || message->attempt < 1 || message->attempt > PAYMENT_ATTEMPTS_MAX) {
        return invalid();
    }
    command->charge.attempt = message->attempt;
    return status_ok();
}

static const struct EventRow {
    const char *type;
    Status (*take)(const Event *event, Arena *arena, PaymentCommand *command);
} event_rows[] = {
    { "payment.charge", take_charge },
    { "payment.inquire", take_inquire },
};

static Status parse(const Event *event, Arena *arena, PaymentCommand *command)
{
    *command = (PaymentCommand){
        .event = event->id,
        .charge = { .order = event->order },
        .trace_parent = event->trace_parent,
    };
    if (event->id.value == 0 || event->order.value == 0) {
        return invalid();
    }
    for (size_t i = 0; i < sizeof event_rows / sizeof event_rows[0]; i++) {
        if (strcmp(event_rows[i].type, event->type) == 0) {
            return event_rows[i].take(event, arena, command);
        }
    }
    return status_make(STATUS_UNIMPLEMENTED, "UNKNOWN_EVENT");
}

/* Now and then; while there is a backlog, after every run. */
static void purge(PaymentEvents *context)
{
    Payments *payments = context->options.payments;
    int64_t now_us = clock_monotonic_us(payments->clock);
    int64_t before_us = clock_wall_us(payments->clock) - INBOX_KEPT_US;
    uint64_t deleted = 0;

    if (now_us < context->purge_at_us) {
        return;
    }
    Status status = payments->store->ops->purge(payments->store, before_us, &deleted);
    bool more = !status_failed(status) && deleted > 0;
    context->purge_at_us = more ? now_us : now_us + PURGE_EVERY_US;
}

void payment_events_run(void *context, Event *const *events, size_t count)
{
    PaymentEvents *edge = context;
    PaymentCommand *live[EVENT_RUN_MAX] = { NULL };
    size_t live_count = 0;
    bool answered = false;

    assert(count <= EVENT_RUN_MAX);
    arena_reset(&edge->arena);
    for (size_t i = 0; i < count; i++) {
        PaymentCommand *command = &edge->commands[i];
        command->status = parse(events[i], &edge->arena, command);
        if (!status_failed(command->status)) {
            live[live_count++] = command;
        }
    }
    handle_payments(edge->options.payments, live, live_count);
    for (size_t i = 0; i < count; i++) {
        events[i]->status = edge->commands[i].status;
        answered = answered || !status_failed(events[i]->status);
    }
    if (answered && edge->options.wake != NULL) {
        edge->options.wake(edge->options.wake_context);
    }
    purge(edge);
}

Status payment_events_open(const PaymentEventsOptions *options, PaymentEvents **ret_events)
{
    PaymentEvents *events = calloc(1, sizeof *events);

    if (events == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    events->options = *options;
    arena_init(&events->arena, ARENA_BLOCK, ARENA_MAX);
    *ret_events = events;
    return status_ok();
}

void payment_events_close(PaymentEvents *events)
{
    if (events == NULL) {
        return;
    }
    arena_deinit(&events->arena);
    free(events);
}
