#include "services/product/api/product_events.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/rpc/proto_arena.h"
#include "jumun/event/v1/event.pb-c.h"
#include "services/product/app/apply_stock.h"

enum {
    ARENA_BLOCK = 256 * 1024,
    ARENA_MAX = 16 * 1024 * 1024, /* 512 commands of 100 lines, twice */
};

#define PURGE_EVERY_US (60 * US_PER_S)
#define INBOX_KEPT_US  (INT64_C(7) * 24 * 3600 * US_PER_S)

struct ProductEvents {
    ProductEventsOptions options;
    StockWork *work;
    Arena arena; /* of one run */
    int64_t purge_at_us;
    StockCommand commands[EVENT_RUN_MAX];
};

static_assert((int)EVENT_RUN_MAX <= (int)STOCK_BATCH_MAX, "a run is at most a batch");

static Status invalid(void)
{
    return status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
}

/* A full arena looks like a malformed message to protobuf-c; it is sized so that it does
 * not fill up. */
static void *unpack(const Event *event, const ProtobufCMessageDescriptor *descriptor, Arena *arena)
{
    return proto_unpack(descriptor, event->payload, event->payload_size, arena);
}

static Status take_lines(Jumun__Event__V1__StockLine *const *lines, size_t count, Arena *arena,
                         StockCommand *command)
{
    if (count == 0 || count > STOCK_LINES_MAX) {
        return invalid();
    }
    command->lines = arena_calloc(arena, count, sizeof *command->lines);
    if (command->lines == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    for (size_t i = 0; i < count; i++) {
        command->lines[i].product = (ProductId){ lines[i]->product_id };
        command->lines[i].quantity = lines[i]->quantity;
    }
    return stock_lines_normalize(command->lines, count, &command->line_count);
}

static Status take_reserve(const Event *event, Arena *arena, StockCommand *command)
{
    const Jumun__Event__V1__StockReserve *message =
        unpack(event, &jumun__event__v1__stock_reserve__descriptor, arena);

    command->kind = STOCK_RESERVE;
    return message == NULL ? invalid()
                           : take_lines(message->lines, message->n_lines, arena, command);
}

static Status take_release(const Event *event, Arena *arena, StockCommand *command)
{
    const Jumun__Event__V1__StockRelease *message =
        unpack(event, &jumun__event__v1__stock_release__descriptor, arena);

    command->kind = STOCK_RELEASE;
    return message == NULL ? invalid()
                           : take_lines(message->lines, message->n_lines, arena, command);
}

static Status take_return(const Event *event, Arena *arena, StockCommand *command)
{
    const Jumun__Event__V1__StockReturn *message =
        unpack(event, &jumun__event__v1__stock_return__descriptor, arena);

    command->kind = STOCK_RETURN;
    if (message == NULL || message->refund_no > INT32_MAX) {
        return invalid();
    }
    command->refund_no = message->refund_no;
    return take_lines(message->lines, message->n_lines, arena, command);
}

static const struct EventRow {
    const char *type;
    Status (*take)(const Event *event, Arena *arena, StockCommand *command);
} event_rows[] = {
    { "stock.reserve", take_reserve },
    { "stock.release", take_release },
    { "stock.return", take_return },
};

static Status parse(const Event *event, Arena *arena, StockCommand *command)
{
    *command = (StockCommand){
        .event = event->id,
        .order = event->order,
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
static void purge(ProductEvents *context)
{
    StockStore *store = context->options.store;
    int64_t now_us = clock_monotonic_us(context->options.clock);
    int64_t before_us = clock_wall_us(context->options.clock) - INBOX_KEPT_US;
    uint64_t deleted = 0;

    if (now_us < context->purge_at_us) {
        return;
    }
    Status status = store->ops->purge(store, before_us, &deleted);
    bool more = !status_failed(status) && deleted > 0;
    context->purge_at_us = more ? now_us : now_us + PURGE_EVERY_US;
}

void product_events_run(void *context, Event *const *events, size_t count)
{
    ProductEvents *edge = context;
    StockCommand *live[EVENT_RUN_MAX] = { NULL };
    size_t live_count = 0;
    bool answered = false;

    assert(count <= EVENT_RUN_MAX);
    arena_reset(&edge->arena);
    for (size_t i = 0; i < count; i++) {
        StockCommand *command = &edge->commands[i];
        command->status = parse(events[i], &edge->arena, command);
        if (!status_failed(command->status)) {
            live[live_count++] = command;
        }
    }
    apply_stock(edge->options.store, edge->work, live, live_count);
    for (size_t i = 0; i < count; i++) {
        events[i]->status = edge->commands[i].status;
        answered = answered || !status_failed(events[i]->status);
    }
    if (answered && edge->options.wake != NULL) {
        edge->options.wake(edge->options.wake_context);
    }
    purge(edge);
}

Status product_events_open(const ProductEventsOptions *options, ProductEvents **ret_events)
{
    ProductEvents *events = calloc(1, sizeof *events);

    if (events == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    events->options = *options;
    arena_init(&events->arena, ARENA_BLOCK, ARENA_MAX);
    events->work = stock_work_open();
    if (events->work == NULL) {
        product_events_close(events);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    *ret_events = events;
    return status_ok();
}

void product_events_close(ProductEvents *events)
{
    if (events == NULL) {
        return;
    }
    stock_work_close(events->work);
    arena_deinit(&events->arena);
    free(events);
}
