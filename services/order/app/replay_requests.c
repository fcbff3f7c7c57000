#include "services/order/app/replay_requests.h"

#include <string.h>

Status place_nothing_happened(Status status)
{
    if (status.code == STATUS_UNKNOWN || status.code == STATUS_DEADLINE_EXCEEDED) {
        return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    }
    return status;
}

static bool same_key(const RequestKey *left, const RequestKey *right)
{
    return left->member.value == right->member.value && strcmp(left->text, right->text) == 0;
}

static bool same_body(const uint8_t *left, const uint8_t *right)
{
    return memcmp(left, right, REQUEST_HASH_SIZE) == 0;
}

static Status key_reused(void)
{
    return status_make(STATUS_INVALID_ARGUMENT, "IDEMPOTENCY_KEY_REUSED");
}

/* Nothing is known yet of the key, so the client shall ask again. */
static Status key_in_flight(void)
{
    return status_make(STATUS_ABORTED, "IDEMPOTENCY_IN_FLIGHT");
}

void requests_lead(PlaceOrder *const *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i && items[i]->leader == NULL; j++) {
            if (items[j]->leader != NULL || !same_key(&items[i]->key, &items[j]->key)) {
                continue;
            }
            items[i]->leader = items[j];
        }
    }
}

/* The leader's order, in memory that outlives the leader's answer: its lines, token and
 * trace belong to its request, which is gone once it is answered. */
static Status follow_order(PlaceOrders *app, const PlaceOrder *leader, PlaceOrder *item)
{
    const Order own = item->order;
    size_t count = leader->order.line_count;
    OrderLine *lines = arena_calloc(&app->arena, count, sizeof *lines);

    if (lines == NULL) {
        return status_make(STATUS_UNKNOWN, "UNKNOWN"); /* it is stored: asking again tells */
    }
    memcpy(lines, leader->order.lines, count * sizeof *lines);
    item->order = leader->order;
    item->order.lines = lines;
    item->order.payment_token = own.payment_token;
    item->order.trace_parent = own.trace_parent;
    item->replayed = true;
    return leader->status;
}

static void follow(PlaceOrders *app, const PlaceOrder *leader, PlaceOrder *item)
{
    bool stored = !status_failed(leader->status);

    if (!same_body(item->key.hash, leader->key.hash)) {
        /* Whoever failed did not use the key up, but did hold it while this one came. */
        item->status = stored ? key_reused() : key_in_flight();
    } else if (stored) {
        item->status = follow_order(app, leader, item);
    } else {
        item->status = leader->status;
        item->position = leader->position;
        item->shortages = leader->shortages;
        item->shortage_count = leader->shortage_count;
    }
}

void requests_follow(PlaceOrders *app, PlaceOrder *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const PlaceOrder *leader = items[i]->leader;

        items[i]->leader = NULL; /* its memory goes with its answer */
        if (leader != NULL) {
            follow(app, leader, items[i]);
        }
    }
}

/* Answers items whose keys are stored: with the stored order, or KEY_REUSED. */
static Status answer_stored(PlaceOrders *app, PlaceOrder *const *items,
                            const RequestRecord *records, size_t count)
{
    PlaceOrder *repeated[PLACE_ORDERS_MAX];
    OrderId ids[PLACE_ORDERS_MAX];
    Order *orders[PLACE_ORDERS_MAX] = { NULL };
    size_t repeated_count = 0;

    for (size_t i = 0; i < count; i++) {
        if (records[i].found && !same_body(records[i].hash, items[i]->key.hash)) {
            items[i]->status = key_reused();
        } else if (records[i].found) {
            ids[repeated_count] = records[i].order;
            repeated[repeated_count++] = items[i];
        }
    }
    if (repeated_count == 0) {
        return status_ok();
    }
    Status status =
        app->store->ops->find_orders(app->store, &app->arena, ids, repeated_count, orders);
    for (size_t i = 0; i < repeated_count; i++) {
        if (status_failed(status)) {
            repeated[i]->status = place_nothing_happened(status);
        } else if (orders[i] == NULL) {
            repeated[i]->status = status_make(STATUS_INTERNAL, "INTERNAL");
        } else {
            repeated[i]->order = *orders[i];
            order_rewind(&repeated[i]->order);
            repeated[i]->replayed = true;
        }
    }
    return status;
}

Status requests_replay(PlaceOrders *app, PlaceOrder *const *items, size_t count)
{
    const RequestKey *keys[PLACE_ORDERS_MAX];
    RequestRecord records[PLACE_ORDERS_MAX] = { 0 };

    if (count == 0) {
        return status_ok();
    }
    for (size_t i = 0; i < count; i++) {
        keys[i] = &items[i]->key;
    }
    Status status = app->store->ops->find_requests(app->store, keys, count, records);
    if (status_failed(status)) {
        for (size_t i = 0; i < count; i++) {
            items[i]->status = place_nothing_happened(status);
        }
        return status;
    }
    return answer_stored(app, items, records, count);
}
