#include "services/order/adapters/order_commands.h"

#include <assert.h>

#include "common/rpc/proto_arena.h"
#include "jumun/event/v1/event.pb-c.h"

#define PRODUCT_COMMANDS "product.commands"
#define PAYMENT_COMMANDS "payment.commands"

/* NULL when the arena is full. */
static Jumun__Event__V1__StockLine **make_lines(Arena *arena, const Order *order)
{
    Jumun__Event__V1__StockLine **list = arena_calloc(arena, order->line_count, sizeof *list);
    Jumun__Event__V1__StockLine *lines = arena_calloc(arena, order->line_count, sizeof *lines);

    if (list == NULL || lines == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < order->line_count; i++) {
        jumun__event__v1__stock_line__init(&lines[i]);
        lines[i].product_id = order->lines[i].product.value;
        lines[i].quantity = order->lines[i].quantity;
        list[i] = &lines[i];
    }
    return list;
}

static const ProtobufCMessage *make_reserve(Arena *arena, const Order *order)
{
    Jumun__Event__V1__StockReserve *message = arena_calloc(arena, 1, sizeof *message);

    if (message == NULL) {
        return NULL;
    }
    jumun__event__v1__stock_reserve__init(message);
    message->lines = make_lines(arena, order);
    message->n_lines = order->line_count;
    return message->lines == NULL ? NULL : &message->base;
}

static const ProtobufCMessage *make_release(Arena *arena, const Order *order)
{
    Jumun__Event__V1__StockRelease *message = arena_calloc(arena, 1, sizeof *message);

    if (message == NULL) {
        return NULL;
    }
    jumun__event__v1__stock_release__init(message);
    message->lines = make_lines(arena, order);
    message->n_lines = order->line_count;
    message->reason = proto_text(order->reason);
    return message->lines == NULL ? NULL : &message->base;
}

static const ProtobufCMessage *make_charge(Arena *arena, const Order *order)
{
    Jumun__Event__V1__PaymentCharge *message = arena_calloc(arena, 1, sizeof *message);

    if (message == NULL) {
        return NULL;
    }
    jumun__event__v1__payment_charge__init(message);
    message->member_id = order->member.value;
    message->amount = order->total.minor;
    message->currency = proto_text(order->currency);
    message->attempt = order->payment_attempt;
    message->token = proto_text(order->payment_token);
    return &message->base;
}

Status order_command_event(Arena *arena, const Order *order, OrderCommand command, int64_t now_us,
                           OutboxEvent *ret_event)
{
    OutboxEvent event = {
        .order = order->id,
        .seq = order->version,
        .at_us = now_us,
        .trace_parent = order->trace_parent,
    };

    switch (command) {
    case ORDER_ASKS_RESERVE:
        event.queue = PRODUCT_COMMANDS;
        event.type = "stock.reserve";
        event.payload = make_reserve(arena, order);
        break;
    case ORDER_ASKS_RELEASE:
        event.queue = PRODUCT_COMMANDS;
        event.type = "stock.release";
        event.payload = make_release(arena, order);
        break;
    case ORDER_ASKS_CHARGE:
        event.queue = PAYMENT_COMMANDS;
        event.type = "payment.charge";
        event.payload = make_charge(arena, order);
        break;
    case ORDER_ASKS_NOTHING:
        assert(command != ORDER_ASKS_NOTHING);
        break;
    }
    if (event.payload == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    *ret_event = event;
    return status_ok();
}
