/* order_pressure.h - orders that are being placed go before those that move on.
 *
 * When members place faster than the service can take, the batches of placing get large
 * and stay so. What nobody waits for then holds back: the consumer of replies waits before a run,
 * and the relay is nudged for large batches only now and then. Time that the consumer may hold back
 * is a budget, which comes back at a fifth of the time that passes: a burst of some seconds is
 * taken at full speed, and under lasting overload orders still reach their end.
 *
 * Two threads: placing's notes and nudges, the consumer's waits. */
#ifndef JUMUN_SERVICES_ORDER_API_ORDER_PRESSURE_H
#define JUMUN_SERVICES_ORDER_API_ORDER_PRESSURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PRESSURE_MEAN_OF = 8,      /* batches: the few large ones after a stall are no pressure */
    PRESSURE_BATCH_MIN = 96,   /* orders in a batch, on average, that are */
    PRESSURE_LASTS_MS = 50,    /* after the last such batch */
    PRESSURE_STEP_MS = 2,      /* of waiting, before another look */
    PRESSURE_RUN_MS = 100,     /* waited at most before one run */
    PRESSURE_BUDGET_MS = 5000, /* waited at most in a burst */
    PRESSURE_REFILL = 5,       /* ms that pass for one that comes back */
    PRESSURE_NUDGE_MS = 250,   /* between nudges while pressed */
};

/* All zero at first, which is no pressure. */
typedef struct OrderPressure {
    size_t orders;            /* in PRESSURE_MEAN_OF batches; placing's */
    _Atomic int64_t until_us; /* monotonic */
    int64_t nudged_us;        /* placing's */
    int64_t spent_us;         /* of the budget; the consumer's */
    int64_t seen_us;          /* when it was reckoned last */
} OrderPressure;

/* A batch of so many orders was placed. */
void order_pressure_note(OrderPressure *pressure, int64_t now_us, size_t batch);

/* May the relay be nudged for what was placed? Always for a batch that is not large: it may
 * be the last. */
bool order_pressure_nudges(OrderPressure *pressure, int64_t now_us, size_t batch);

/* Should a run that has waited so long already wait for another PRESSURE_STEP_MS? If so,
 * they are taken from the budget. */
bool order_pressure_holds(OrderPressure *pressure, int64_t now_us, int64_t waited_us);

#endif
