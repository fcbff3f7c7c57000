#include "services/order/api/order_pressure.h"

#include "common/base/clock.h"

void order_pressure_note(OrderPressure *pressure, int64_t now_us, size_t batch)
{
    /* A moving mean, weighted towards the last. */
    pressure->orders += batch - pressure->orders / PRESSURE_MEAN_OF;
    if (pressure->orders >= (size_t)PRESSURE_MEAN_OF * PRESSURE_BATCH_MIN) {
        atomic_store(&pressure->until_us, now_us + PRESSURE_LASTS_MS * US_PER_MS);
    }
}

bool order_pressure_nudges(OrderPressure *pressure, int64_t now_us, size_t batch)
{
    if (batch >= PRESSURE_BATCH_MIN && now_us < atomic_load(&pressure->until_us) &&
        now_us - pressure->nudged_us < PRESSURE_NUDGE_MS * US_PER_MS) {
        return false;
    }
    pressure->nudged_us = now_us;
    return true;
}

bool order_pressure_holds(OrderPressure *pressure, int64_t now_us, int64_t waited_us)
{
    int64_t back_us = (now_us - pressure->seen_us) / PRESSURE_REFILL;

    pressure->spent_us = back_us < pressure->spent_us ? pressure->spent_us - back_us : 0;
    pressure->seen_us = now_us;
    if (now_us >= atomic_load(&pressure->until_us) || waited_us >= PRESSURE_RUN_MS * US_PER_MS ||
        pressure->spent_us >= PRESSURE_BUDGET_MS * US_PER_MS) {
        return false;
    }
    pressure->spent_us += PRESSURE_STEP_MS * US_PER_MS;
    return true;
}
