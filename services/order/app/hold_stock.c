#include "services/order/app/hold_stock.h"

#include "services/order/app/take_holds.h"

static void add_shortage(PlaceOrders *app, PlaceOrder *item, const StockHold *hold)
{
    size_t count = item->shortage_count;
    OrderShortage *shortages = arena_calloc(&app->arena, count + 1, sizeof *shortages);

    item->status = status_make(STATUS_FAILED_PRECONDITION, "OUT_OF_STOCK");
    if (shortages == NULL) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        shortages[i] = item->shortages[i];
    }
    shortages[count] =
        (OrderShortage){ hold->product, hold->quantity, hold->left < 0 ? 0 : hold->left };
    item->shortages = shortages;
    item->shortage_count = count + 1;
}

bool unhold_stock(PlaceOrders *app, const Holds *holds)
{
    HoldSettlement *ends = NULL;
    size_t end_count = 0;

    for (size_t i = 0; i < holds->count; i++) {
        const StockHold *one = &holds->all[i];
        const PlaceOrder *item = holds->items[one->item];
        bool stored = !item->replayed &&
                      (!status_failed(item->status) || item->status.code == STATUS_UNKNOWN);

        if (stored || (one->answer != HOLD_GRANTED && one->answer != HOLD_UNTOLD)) {
            continue;
        }
        if (ends == NULL) {
            ends = arena_calloc(&app->arena, holds->count, sizeof *ends);
        }
        if (ends == NULL) {
            return false;
        }
        ends[end_count++] = (HoldSettlement){ one->product, one->order, HOLD_RETURNS };
    }
    return end_count > 0 && !status_failed(app->gate->ops->settle(app->gate, ends, end_count));
}

static void tell_shortages(PlaceOrders *app, PlaceOrder *const *items, const StockHold *holds,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (holds[i].answer == HOLD_REFUSED) {
            add_shortage(app, items[holds[i].item], &holds[i]);
        }
    }
}

/* Of the refused orders, which lack nothing but what other refused ones have given back? */
static void find_hopeful(const Holds *holds, bool *ret_hopeful)
{
    const StockHold *all = holds->all;

    for (size_t i = 0; i < holds->count; i++) {
        ret_hopeful[all[i].item] = status_failed(holds->items[all[i].item]->status);
    }
    for (size_t from = 0, end = 0; from < holds->count; from = end) {
        bool came_back = false;

        for (; end < holds->count && all[end].product.value == all[from].product.value; end++) {
            came_back = came_back || (all[end].answer == HOLD_GRANTED &&
                                      status_failed(holds->items[all[end].item]->status));
        }
        for (size_t i = from; i < end && !came_back; i++) {
            ret_hopeful[all[i].item] &= all[i].answer != HOLD_REFUSED;
        }
    }
}

/* What a refused order held for a moment, others of the batch may have been refused for:
 * now that it is back, those ask once more, in their old order. */
static void hold_again(PlaceOrders *app, const GateSources *sources, Holds *holds)
{
    bool hopeful[PLACE_ORDERS_MAX];
    StockHold *again = arena_calloc(&app->arena, holds->count, sizeof *again);
    size_t count = 0;

    find_hopeful(holds, hopeful);
    for (size_t i = 0; again != NULL && i < holds->count; i++) {
        if (hopeful[holds->all[i].item]) {
            holds->items[holds->all[i].item]->status = status_ok();
            holds->items[holds->all[i].item]->shortage_count = 0;
            again[count++] = holds->all[i];
        }
    }
    take_holds(sources, again, count); /* they stay sorted */
    for (size_t i = 0, at = 0; at < count; i++) {
        if (hopeful[holds->all[i].item]) {
            holds->all[i] = again[at++];
        }
    }
    tell_shortages(app, holds->items, again, count);
}

/* One hold for every line of every order. */
static StockHold *list_holds(PlaceOrders *app, PlaceOrder *const *items, size_t count,
                             Holds *ret_holds)
{
    size_t total = 0;
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        total += items[i]->order.line_count;
    }
    StockHold *all = arena_calloc(&app->arena, total, sizeof *all);
    if (all == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const Order *order = &items[i]->order;

        ret_holds->items[i] = items[i];
        for (size_t j = 0; j < order->line_count; j++) {
            all[at++] = (StockHold){ .product = order->lines[j].product,
                                     .order = order->id,
                                     .quantity = order->lines[j].quantity,
                                     .item = (uint32_t)i };
        }
    }
    ret_holds->all = all;
    ret_holds->count = total;
    return all;
}

void hold_stock(PlaceOrders *app, PlaceOrder *const *items, size_t count, Holds *ret_holds)
{
    GateSources sources = { app->store, app->gate, app->catalog, &app->arena };
    StockHold *all = list_holds(app, items, count, ret_holds);

    if (all == NULL) {
        for (size_t i = 0; i < count; i++) {
            items[i]->status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
        }
        return;
    }
    take_holds(&sources, all, ret_holds->count);
    tell_shortages(app, items, all, ret_holds->count);
    if (unhold_stock(app, ret_holds)) {
        hold_again(app, &sources, ret_holds);
    }
}
