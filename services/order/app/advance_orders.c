#include "services/order/app/advance_orders.h"

#include <assert.h>
#include <stdlib.h>

typedef struct Rules {
    const OrderRules *rules;
    int64_t now_us;
} Rules;

static void decide(const void *context, OrderStep *step, Order *order)
{
    const Rules *rules = context;

    step->waited_us = rules->now_us - order->updated_at_us;
    step->status = order_advance(order, &step->news, rules->rules, rules->now_us, &step->outcome);
}

/* Could one step have sunk the batch? See place_orders.c. */
static bool blames_a_step(Status status)
{
    return status.code == STATUS_ALREADY_EXISTS || status.code == STATUS_INVALID_ARGUMENT ||
           status.code == STATUS_FAILED_PRECONDITION || status.code == STATUS_INTERNAL;
}

/* One transaction for all; if a step spoils it, halves until the culprit stands alone. */
static void store(AdvanceOrders *app, OrderStep *const *steps, size_t count)
{
    Rules rules = { &app->rules, clock_wall_us(app->clock) };
    OrderDecision decision = { decide, &rules, rules.now_us };
    size_t done = 0;
    size_t span = count;

    while (done < count) {
        Status status =
            app->store->ops->advance(app->store, &app->arena, &steps[done], span, &decision);

        if (status_failed(status) && blames_a_step(status) && span > 1) {
            span /= 2;
            continue;
        }
        for (size_t i = done; status_failed(status) && i < done + span; i++) {
            steps[i]->status = status;
        }
        done += span;
        span = status_failed(status) || span > count - done ? count - done : span;
    }
}

static bool ended(const OrderStep *step)
{
    if (status_failed(step->status) || step->order == NULL || step->outcome.move_count == 0) {
        return false;
    }
    const OrderMove *last = &step->outcome.moves[step->outcome.move_count - 1];
    return last->from != last->to && hold_end(last->to) != HOLD_STAYS;
}

static int compare_ends(const void *left, const void *right)
{
    const HoldSettlement *a = left;
    const HoldSettlement *b = right;

    return (a->product.value > b->product.value) - (a->product.value < b->product.value);
}

/* Ends the holds of the orders that have ended. */
static void settle(AdvanceOrders *app, OrderStep *const *steps, size_t count)
{
    size_t end_count = 0;

    for (size_t i = 0; i < count; i++) {
        end_count += ended(steps[i]) ? steps[i]->order->line_count : 0;
    }
    if (end_count == 0) {
        return;
    }
    HoldSettlement *ends = arena_calloc(&app->arena, end_count, sizeof *ends);
    if (ends == NULL) {
        return;
    }
    end_count = 0;
    for (size_t i = 0; i < count; i++) {
        const Order *order = steps[i]->order;

        for (size_t j = 0; ended(steps[i]) && j < order->line_count; j++) {
            ends[end_count++] =
                (HoldSettlement){ order->lines[j].product, order->id, hold_end(order->state) };
        }
    }
    qsort(ends, end_count, sizeof *ends, compare_ends);
    (void)app->gate->ops->settle(app->gate, ends, end_count);
}

void advance_orders(AdvanceOrders *app, OrderStep *const *steps, size_t count)
{
    assert(count > 0 && count <= ADVANCE_ORDERS_MAX);
    arena_reset(&app->arena);
    for (size_t i = 0; i < count; i++) {
        steps[i]->status = status_ok();
        steps[i]->outcome = (OrderOutcome){ 0 };
        steps[i]->order = NULL;
        steps[i]->waited_us = 0;
    }
    store(app, steps, count);
    settle(app, steps, count);
}
