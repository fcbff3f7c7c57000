#include "services/order/app/place_orders.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "services/order/app/hold_stock.h"
#include "services/order/app/replay_requests.h"

static Status out_of_memory(void)
{
    return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
}

static void fail_all(PlaceOrder *const *items, size_t count, Status status)
{
    for (size_t i = 0; i < count; i++) {
        items[i]->status = status;
    }
}

/* Drops from the list what is answered already. */
static size_t keep_live(PlaceOrder **items, size_t count)
{
    size_t live = 0;

    for (size_t i = 0; i < count; i++) {
        if (!status_failed(items[i]->status) && !items[i]->replayed && items[i]->leader == NULL) {
            items[live++] = items[i];
        }
    }
    return live;
}

/* -- replay -- */

static size_t replay(PlaceOrders *app, PlaceOrder **items, size_t count)
{
    (void)requests_replay(app, items, count); /* a failure is in the items */
    count = keep_live(items, count);
    requests_lead(items, count);
    return keep_live(items, count);
}

/* -- price -- */

static int compare_products(const void *left, const void *right)
{
    const ProductId *a = left;
    const ProductId *b = right;

    return (a->value > b->value) - (a->value < b->value);
}

static int compare_catalog(const void *key, const void *element)
{
    const ProductId *id = key;
    const CatalogProduct *product = element;

    return (id->value > product->id.value) - (id->value < product->id.value);
}

static size_t count_lines(PlaceOrder *const *items, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        total += items[i]->order.line_count;
    }
    return total;
}

/* All products of the batch, sorted, once each. */
static size_t list_products(PlaceOrder *const *items, size_t count, ProductId *products)
{
    size_t total = 0;
    size_t distinct = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < items[i]->order.line_count; j++) {
            products[total++] = items[i]->order.lines[j].product;
        }
    }
    qsort(products, total, sizeof *products, compare_products);
    for (size_t i = 0; i < total; i++) {
        if (i == 0 || products[i].value != products[distinct - 1].value) {
            products[distinct++] = products[i];
        }
    }
    return distinct;
}

static void price_lines(PlaceOrder *item, const CatalogProduct *catalog, size_t count)
{
    for (size_t i = 0; i < item->order.line_count; i++) {
        OrderLine *line = &item->order.lines[i];
        const CatalogProduct *product =
            count == 0 ? NULL
                       : bsearch(&line->product, catalog, count, sizeof *catalog, compare_catalog);

        if (product == NULL || !product->active) {
            item->status = status_make(STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND");
            item->position = line->position;
            return;
        }
        line->name = product->name;
        line->unit_price = product->price;
    }
}

static size_t price(PlaceOrders *app, PlaceOrder **items, size_t count)
{
    CatalogProduct *found = NULL;
    size_t found_count = 0;
    Status status = out_of_memory();

    if (count == 0) {
        return 0;
    }
    ProductId *products = arena_calloc(&app->arena, count_lines(items, count), sizeof *products);
    if (products != NULL) {
        size_t product_count = list_products(items, count, products);
        status = app->catalog->ops->get(app->catalog, &app->arena, products, product_count, &found,
                                        &found_count);
    }
    for (size_t i = 0; i < count; i++) {
        if (status_failed(status)) {
            items[i]->status = place_nothing_happened(status);
        } else {
            price_lines(items[i], found, found_count);
        }
    }
    return keep_live(items, count);
}

/* -- decide -- */

static size_t decide(PlaceOrders *app, PlaceOrder **items, size_t count)
{
    int64_t now_us = clock_wall_us(app->clock);

    for (size_t i = 0; i < count; i++) {
        PlaceOrder *item = items[i];

        item->status = order_place(&item->order, &app->rules, now_us);
        if (!status_failed(item->status) && item->has_expected_total &&
            item->expected_total.minor != item->order.total.minor) {
            item->status = status_make(STATUS_FAILED_PRECONDITION, "PRICE_CHANGED");
        }
    }
    return keep_live(items, count);
}

static size_t hold(PlaceOrders *app, PlaceOrder **items, size_t count, Holds *ret_holds)
{
    if (count > 0) {
        hold_stock(app, items, count, ret_holds);
    }
    return keep_live(items, count);
}

/* -- commit -- */

static size_t drop_expired(PlaceOrders *app, PlaceOrder **items, size_t count)
{
    int64_t now_us = clock_monotonic_us(app->clock);

    for (size_t i = 0; i < count; i++) {
        if (items[i]->deadline_us <= now_us) {
            items[i]->status = status_make(STATUS_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED");
        }
    }
    return keep_live(items, count);
}

static Status append(PlaceOrders *app, PlaceOrder *const *items, size_t count)
{
    NewOrder orders[PLACE_ORDERS_MAX];

    for (size_t i = 0; i < count; i++) {
        orders[i] = (NewOrder){ &items[i]->order, &items[i]->key };
    }
    return app->store->ops->append(app->store, orders, count);
}

/* The connection broke at COMMIT: either all are there or none is. */
static Status read_back(PlaceOrders *app, PlaceOrder *const *items, size_t count)
{
    OrderId ids[PLACE_ORDERS_MAX];
    bool exist[PLACE_ORDERS_MAX] = { false };

    for (size_t i = 0; i < count; i++) {
        ids[i] = items[i]->order.id;
    }
    if (status_failed(app->store->ops->confirm(app->store, ids, count, exist))) {
        return status_make(STATUS_UNKNOWN, "UNKNOWN");
    }
    return exist[0] ? status_ok() : status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
}

/* Somebody else stored some of these requests meanwhile: answers those, and moves them
 * to the front of the span. Returns how many. */
static size_t answer_raced(PlaceOrders *app, PlaceOrder **items, size_t count)
{
    PlaceOrder *others[PLACE_ORDERS_MAX];
    size_t other_count = 0;
    size_t answered = 0;

    (void)requests_replay(app, items, count); /* a failure is in the items */
    for (size_t i = 0; i < count; i++) {
        if (items[i]->replayed || status_failed(items[i]->status)) {
            items[answered++] = items[i];
        } else {
            others[other_count++] = items[i];
        }
    }
    memcpy(&items[answered], others, other_count * sizeof(PlaceOrder *));
    return answered;
}

/* Could one item have sunk the batch? If not, splitting it would only repeat the failure
 * (store down) or the work (commit outcome unknown). */
static bool blames_an_item(Status status)
{
    return status.code == STATUS_ALREADY_EXISTS || status.code == STATUS_INVALID_ARGUMENT ||
           status.code == STATUS_FAILED_PRECONDITION || status.code == STATUS_INTERNAL;
}

/* What the client is told when its order alone could not be stored. An id that is taken
 * is our own affair: with another one it will do. */
static Status blame(Status status)
{
    bool ours = status.code == STATUS_ALREADY_EXISTS || status.code == STATUS_ABORTED;

    return ours ? status_make(STATUS_UNAVAILABLE, "UNAVAILABLE") : status;
}

/* Stores everything in one transaction. If an item spoils the batch, halves it until the
 * culprit stands alone, then goes on at full width. */
static void commit(PlaceOrders *app, PlaceOrder **items, size_t count)
{
    size_t done = 0;
    size_t span = count;

    while (done < count) {
        Status status = append(app, &items[done], span);
        size_t raced = 0;

        if (status.code == STATUS_UNKNOWN) {
            status = read_back(app, &items[done], span);
        } else if (status.code == STATUS_ALREADY_EXISTS) {
            raced = answer_raced(app, &items[done], span);
        }
        if (raced > 0) {
            done += raced;
            span -= raced;
        } else if (status_failed(status) && blames_an_item(status) && span > 1) {
            span /= 2;
        } else {
            fail_all(&items[done], span, blame(status));
            done += span;
            span = status_failed(status) || span > count - done ? count - done : span;
        }
        if (span == 0) {
            span = count - done;
        }
    }
}

void place_orders(PlaceOrders *app, PlaceOrder *const *items, size_t count)
{
    PlaceOrder *live[PLACE_ORDERS_MAX];
    Holds holds = { 0 };

    assert(count > 0 && count <= PLACE_ORDERS_MAX);
    arena_reset(&app->arena);
    for (size_t i = 0; i < count; i++) {
        items[i]->status = status_ok();
        items[i]->replayed = false;
        items[i]->shortage_count = 0;
        items[i]->leader = NULL;
        live[i] = items[i];
    }
    size_t live_count = replay(app, live, count);
    live_count = price(app, live, live_count);
    live_count = decide(app, live, live_count);
    live_count = hold(app, live, live_count, &holds);
    live_count = drop_expired(app, live, live_count);
    commit(app, live, live_count);
    (void)unhold_stock(app, &holds);
    requests_follow(app, items, count);
}
