#include "services/product/adapters/stock_answers.h"

#include <assert.h>

#include "jumun/event/v1/event.pb-c.h"

#define QUEUE_ORDER_REPLIES "order.replies" /* contract.md, section 5 */

static const Jumun__Event__V1__StockReserved reserved = JUMUN__EVENT__V1__STOCK_RESERVED__INIT;
static const Jumun__Event__V1__StockReleased released = JUMUN__EVENT__V1__STOCK_RELEASED__INIT;

static bool add_shortage(const StockLine *line, Arena *arena,
                         Jumun__Event__V1__StockRejected *rejected)
{
    Jumun__Rpc__V1__StockShortage *item = arena_alloc(arena, sizeof *item);

    if (item == NULL) {
        return false;
    }
    jumun__rpc__v1__stock_shortage__init(item);
    item->product_id = line->product.value;
    item->requested = line->quantity;
    item->available = line->available;
    rejected->items[rejected->n_items++] = item;
    return true;
}

static const ProtobufCMessage *make_rejected(const StockCommand *command, Arena *arena)
{
    Jumun__Event__V1__StockRejected *rejected = arena_alloc(arena, sizeof *rejected);

    if (rejected == NULL) {
        return NULL;
    }
    jumun__event__v1__stock_rejected__init(rejected);
    rejected->items = arena_calloc(arena, command->line_count, sizeof(void *));
    if (rejected->items == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < command->line_count; i++) {
        if (command->lines[i].is_short && !add_shortage(&command->lines[i], arena, rejected)) {
            return NULL;
        }
    }
    return &rejected->base;
}

bool stock_answer_make(const StockCommand *command, Arena *arena, OutboxEvent *ret_event)
{
    const char *type = "stock.reserved";
    const ProtobufCMessage *payload = &reserved.base;

    assert(command->answer != STOCK_ANSWERS_NOTHING);
    if (command->answer == STOCK_ANSWERS_REJECTED) {
        type = "stock.rejected";
        payload = make_rejected(command, arena);
    } else if (command->answer == STOCK_ANSWERS_RELEASED) {
        type = "stock.released";
        payload = &released.base;
    }
    if (payload == NULL) {
        return false;
    }
    *ret_event = (OutboxEvent){
        .queue = QUEUE_ORDER_REPLIES,
        .type = type,
        .order = command->order,
        .trace_parent = command->trace_parent,
        .payload = payload,
    };
    return true;
}
