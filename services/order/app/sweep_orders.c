#include "services/order/app/sweep_orders.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_US (3600 * US_PER_S)
#define DAY_US  (24 * HOUR_US)

/* -- orders -- */

typedef struct Moved {
    OrderId *ids;
    size_t count;
} Moved;

/* Lets up to `max` orders hear `event`, and adds to the count of those it touched. */
static Status pass(SweepOrders *app, const OrderDue *due, Moved *moved, size_t *touched)
{
    OrderId ids[SWEEP_PASS_MAX];
    OrderStep steps[SWEEP_PASS_MAX];
    OrderStep *list[SWEEP_PASS_MAX];
    OrderStore *store = app->advance.store;
    size_t count = 0;

    Status status = store->ops->find_due(store, due, ids, &count);
    if (status_failed(status) || count == 0) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        steps[i] = (OrderStep){ .order_id = ids[i],
                                .news = { .event = due->event, .detail = "" },
                                .trace_parent = "" };
        list[i] = &steps[i];
    }
    advance_orders(&app->advance, list, count);
    for (size_t i = 0; i < count; i++) {
        if (status_failed(steps[i].status)) {
            status = steps[i].status;
        } else if (steps[i].outcome.touched) {
            (*touched)++;
            moved->ids[moved->count++] = ids[i];
        }
    }
    return status;
}

/* As many passes as it takes, within reason. */
static Status expire(SweepOrders *app, const OrderDue *due, Moved *moved, size_t *expired)
{
    Status status;
    size_t before;
    int passes = 0;

    do {
        before = *expired;
        status = pass(app, due, moved, expired);
        passes++;
    } while (!status_failed(status) && *expired - before == due->max &&
             passes < SWEEP_EXPIRED_PASSES);
    return status;
}

static Status first_failure(Status first, Status next)
{
    return status_failed(first) ? first : next;
}

static Status sweep_due(SweepOrders *app, Moved *moved, SweepReport *report)
{
    int64_t now_us = clock_wall_us(app->advance.clock);
    int64_t stalled_us = now_us - app->advance.rules.stall_us;
    /* An order's id tells when it was made: younger ones need not be looked at. */
    uint64_t over_below = id_floor(now_us - app->advance.rules.hold_us + US_PER_S);
    uint64_t lost_below = id_floor(now_us - ORDER_LOST_AFTER_US);
    OrderDue over = { ORDER_HOLD_OVER, now_us, over_below, SWEEP_EXPIRED_MAX, now_us };
    OrderDue lost = { ORDER_LOST, stalled_us, lost_below, SWEEP_LOST_MAX, now_us };
    OrderDue stalled = { ORDER_STALLED, stalled_us, id_floor(stalled_us), SWEEP_STALLED_MAX,
                         now_us };

    /* Each by itself: an order that cannot be ended must not keep others from being asked for.
     * What is lost is told before it is asked for once more. */
    Status status = expire(app, &over, moved, &report->expired);
    status = first_failure(status, pass(app, &lost, moved, &report->lost));
    return first_failure(status, pass(app, &stalled, moved, &report->repeated));
}

/* -- gate -- */

/* Ends old holds whose order is over or was never stored. */
static Status settle_stale(SweepOrders *app, const GateView *views, size_t count,
                           SweepReport *report)
{
    AdvanceOrders *advance = &app->advance;
    size_t total = 0;
    size_t end_count = 0;

    for (size_t i = 0; i < count; i++) {
        total += views[i].stale_count;
    }
    if (total == 0) {
        return status_ok();
    }
    OrderId *ids = arena_calloc(&advance->arena, total, sizeof *ids);
    OrderState *states = arena_calloc(&advance->arena, total, sizeof *states);
    HoldSettlement *ends = arena_calloc(&advance->arena, total, sizeof *ends);
    if (ids == NULL || states == NULL || ends == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    for (size_t i = 0, at = 0; i < count; i++) {
        for (size_t j = 0; j < views[i].stale_count; j++) {
            ids[at++] = views[i].stale[j].order;
        }
    }
    Status status = advance->store->ops->find_states(advance->store, ids, total, states);
    if (status_failed(status)) {
        return status;
    }
    for (size_t i = 0, at = 0; i < count; i++) {
        for (size_t j = 0; j < views[i].stale_count; j++, at++) {
            HoldEnd end = hold_end(states[at]);
            if (end != HOLD_STAYS) {
                ends[end_count++] = (HoldSettlement){ views[i].product, ids[at], end };
            }
        }
    }
    report->settled += end_count;
    return end_count == 0 ? status_ok()
                          : advance->gate->ops->settle(advance->gate, ends, end_count);
}

static HoldDrift *find_suspect(SweepOrders *app, ProductId product)
{
    for (size_t i = 0; i < app->suspect_count; i++) {
        if (app->suspects[i].product.value == product.value) {
            return &app->suspects[i];
        }
    }
    return NULL;
}

/* Notes what was seen of a product; returns by how much to correct it. */
static int64_t note_drift(SweepOrders *app, ProductId product, int64_t difference, bool quiet)
{
    HoldDrift *suspect = find_suspect(app, product);

    if (difference == 0) {
        if (suspect != NULL) {
            *suspect = app->suspects[--app->suspect_count];
        }
        return 0;
    }
    if (suspect == NULL && app->suspect_count == SWEEP_SUSPECTS_MAX) {
        return 0; /* its turn comes when others have healed */
    }
    if (suspect == NULL) {
        suspect = &app->suspects[app->suspect_count++];
        *suspect = (HoldDrift){ .product = product };
    }
    int64_t correction = hold_drift_see(suspect, difference, quiet);
    if (correction != 0) {
        *suspect = app->suspects[--app->suspect_count];
    }
    return correction;
}

/* Compares the gate with the truth, product by product. */
static Status judge_drift(SweepOrders *app, const GateView *views, size_t count,
                          SweepReport *report)
{
    AdvanceOrders *advance = &app->advance;
    GateSources sources = { advance->store, advance->gate, app->catalog, &advance->arena };
    ProductId *products = arena_calloc(&advance->arena, count, sizeof *products);
    int64_t *truth = arena_calloc(&advance->arena, count, sizeof *truth);
    bool *known = arena_calloc(&advance->arena, count, sizeof *known);
    StockGate *gate = advance->gate;

    if (products == NULL || truth == NULL || known == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    for (size_t i = 0; i < count; i++) {
        products[i] = views[i].product;
    }
    Status status = gate_truth(&sources, products, count, truth, known);
    for (size_t i = 0; !status_failed(status) && i < count; i++) {
        if (!known[i] || !views[i].known) {
            continue;
        }
        int64_t difference = views[i].units - truth[i];
        int64_t correction = note_drift(app, products[i], difference, views[i].young == 0);
        report->drift += difference < 0 ? -difference : difference;
        if (correction != 0) {
            status =
                gate->ops->correct(gate, products[i], views[i].units, views[i].units + correction);
            report->corrected++;
        }
    }
    return status;
}

static int compare_views(const void *left, const void *right)
{
    const GateView *a = left;
    const GateView *b = right;

    return (a->product.value > b->product.value) - (a->product.value < b->product.value);
}

/* The suspects again, then the next stretch of the walk; sorted, once each. */
static Status pick_products(SweepOrders *app, GateView *views, size_t *ret_count)
{
    ProductId products[SWEEP_PRODUCTS_MAX];
    size_t count = 0;
    size_t found = 0;
    size_t distinct = 0;
    StockGate *gate = app->advance.gate;

    for (size_t i = 0; i < app->suspect_count; i++) {
        views[count++] = (GateView){ .product = app->suspects[i].product };
    }
    Status status =
        gate->ops->scan(gate, &app->cursor, products, SWEEP_PRODUCTS_MAX - count, &found);
    if (status_failed(status)) {
        return status;
    }
    for (size_t i = 0; i < found; i++) {
        views[count++] = (GateView){ .product = products[i] };
    }
    qsort(views, count, sizeof *views, compare_views);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || views[i].product.value != views[distinct - 1].product.value) {
            views[distinct++] = views[i];
        }
    }
    *ret_count = distinct;
    return status;
}

/* A suspect the gate no longer knows will be rebuilt by the next order. */
static void forget_unknown(SweepOrders *app, const GateView *views, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!views[i].known) {
            (void)note_drift(app, views[i].product, 0, true);
        }
    }
}

static Status sweep_gate(SweepOrders *app, SweepReport *report)
{
    AdvanceOrders *advance = &app->advance;
    int64_t old_us = clock_wall_us(advance->clock) - SWEEP_HOLD_AGE_S * US_PER_S;
    OrderId id_below = { id_floor(old_us) };
    size_t count = 0;

    arena_reset(&advance->arena);
    GateView *views = arena_calloc(&advance->arena, SWEEP_PRODUCTS_MAX, sizeof *views);
    if (views == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    Status status = pick_products(app, views, &count);
    if (!status_failed(status) && count > 0) {
        status = advance->gate->ops->inspect(advance->gate, &advance->arena, id_below,
                                             app->hold_skip, views, count);
        app->hold_skip += GATE_STALE_MAX;
    }
    if (status_failed(status) || count == 0) {
        return status;
    }
    forget_unknown(app, views, count);
    status = settle_stale(app, views, count, report);
    if (status_failed(status)) {
        return status;
    }
    return judge_drift(app, views, count, report);
}

/* -- the turn -- */

void sweep_orders(SweepOrders *app, OrderId *ret_moved, size_t *ret_moved_count,
                  SweepReport *ret_report)
{
    SweepReport report = { .orders = status_ok(), .gate = status_ok(), .purge = status_ok() };
    Moved moved = { .ids = ret_moved };
    OrderStore *store = app->advance.store;
    int64_t now_us = clock_wall_us(app->advance.clock);

    report.orders = sweep_due(app, &moved, &report);
    report.gate = sweep_gate(app, &report);
    report.purge = store->ops->purge(store, now_us - SWEEP_INBOX_DAYS * DAY_US,
                                     now_us - SWEEP_KEY_HOURS * HOUR_US);
    *ret_moved_count = moved.count;
    *ret_report = report;
}
