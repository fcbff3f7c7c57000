/* Orders that are placed go first, for as long as it does no harm. */
#include <criterion/criterion.h>

#include "common/base/clock.h"
#include "services/order/api/order_pressure.h"

enum {
    FULL = 2 * PRESSURE_BATCH_MIN
};

static const int64_t start_us = INT64_C(1000) * US_PER_S;

/* A burst: every batch is full. */
static void press(OrderPressure *pressure, int64_t now_us)
{
    for (int i = 0; i < 4 * PRESSURE_MEAN_OF; i++) {
        order_pressure_note(pressure, now_us, FULL);
    }
}

/* Lets a run wait as long as it should; returns how long. */
static int64_t wait_for(OrderPressure *pressure, int64_t now_us)
{
    int64_t waited_us = 0;

    while (order_pressure_holds(pressure, now_us + waited_us, waited_us)) {
        waited_us += PRESSURE_STEP_MS * US_PER_MS;
        cr_assert_leq(waited_us, PRESSURE_RUN_MS * US_PER_MS);
    }
    return waited_us;
}

Test(order_pressure, is_none_at_first)
{
    OrderPressure pressure = { 0 };

    cr_expect_eq(wait_for(&pressure, start_us), 0);
    cr_expect(order_pressure_nudges(&pressure, start_us, FULL));
    cr_expect(order_pressure_nudges(&pressure, start_us, FULL));
}

Test(order_pressure, is_none_for_a_few_large_batches_after_a_stall)
{
    OrderPressure pressure = { 0 };

    for (int i = 0; i < 100; i++) {
        order_pressure_note(&pressure, start_us, PRESSURE_BATCH_MIN / 2);
    }
    order_pressure_note(&pressure, start_us, FULL);
    order_pressure_note(&pressure, start_us, FULL);
    cr_expect_eq(wait_for(&pressure, start_us), 0);
}

Test(order_pressure, holds_a_run_back_for_a_while_in_a_burst)
{
    OrderPressure pressure = { 0 };

    press(&pressure, start_us);
    cr_expect_eq(wait_for(&pressure, start_us), PRESSURE_LASTS_MS * US_PER_MS);
    press(&pressure, start_us + PRESSURE_RUN_MS * US_PER_MS);
    cr_expect_eq(wait_for(&pressure, start_us), PRESSURE_RUN_MS * US_PER_MS);
}

Test(order_pressure, ends_when_batches_are_small_again)
{
    OrderPressure pressure = { 0 };
    int64_t later_us = start_us + PRESSURE_LASTS_MS * US_PER_MS;

    press(&pressure, start_us);
    for (int i = 0; i < 2 * PRESSURE_MEAN_OF; i++) {
        order_pressure_note(&pressure, later_us, 1);
    }
    cr_expect_eq(wait_for(&pressure, later_us + PRESSURE_LASTS_MS * US_PER_MS), 0);
}

Test(order_pressure, lets_orders_move_on_under_lasting_overload)
{
    OrderPressure pressure = { 0 };
    int64_t now_us = start_us;
    int64_t waited_us = 0;

    while (now_us < start_us + 100 * US_PER_S) {
        press(&pressure, now_us + PRESSURE_RUN_MS * US_PER_MS);
        waited_us += wait_for(&pressure, now_us);
        now_us += PRESSURE_RUN_MS * US_PER_MS;
    }
    int64_t fair_us = PRESSURE_BUDGET_MS * US_PER_MS + 100 * US_PER_S / PRESSURE_REFILL;
    cr_expect_leq(waited_us, fair_us + US_PER_S / 10);
    cr_expect_geq(waited_us, fair_us - US_PER_S);
}

Test(order_pressure, nudges_the_relay_now_and_then_in_a_burst)
{
    OrderPressure pressure = { 0 };
    int nudges = 0;

    for (int64_t at_us = start_us; at_us < start_us + US_PER_S; at_us += 10 * US_PER_MS) {
        press(&pressure, at_us);
        nudges += order_pressure_nudges(&pressure, at_us, FULL);
    }
    cr_expect_eq(nudges, 1000 / PRESSURE_NUDGE_MS);
    cr_expect(order_pressure_nudges(&pressure, start_us + US_PER_S, 1), "it may be the last");
}
