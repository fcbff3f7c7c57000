/* clock.h - the port through which everything asks for the time.
 *
 * Wall time is UTC microseconds since 1970, for what is stored and shown. It may
 * step back. Monotonic time is for deadlines and measuring; its zero means nothing.
 * Any thread. */
#ifndef JUMUN_COMMON_BASE_CLOCK_H
#define JUMUN_COMMON_BASE_CLOCK_H

#include <stdint.h>

#define US_PER_MS INT64_C(1000)
#define US_PER_S  INT64_C(1000000)

typedef struct Clock Clock;

typedef struct ClockOps {
    int64_t (*wall_us)(const Clock *clock);
    int64_t (*monotonic_us)(const Clock *clock);
} ClockOps;

struct Clock {
    const ClockOps *ops;
};

static inline int64_t clock_wall_us(const Clock *clock)
{
    return clock->ops->wall_us(clock);
}

static inline int64_t clock_monotonic_us(const Clock *clock)
{
    return clock->ops->monotonic_us(clock);
}

/* The machine's clock. Lives for ever. */
const Clock *clock_system(void);

#endif
