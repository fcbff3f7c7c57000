#include "common/base/clock.h"

#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now); /* cannot fail for the two ids below */
    return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static int64_t wall_us(const Clock *clock)
{
    (void)clock;
    return read_us(CLOCK_REALTIME);
}

static int64_t monotonic_us(const Clock *clock)
{
    (void)clock;
    return read_us(CLOCK_MONOTONIC);
}

const Clock *clock_system(void)
{
    static const ClockOps ops = { wall_us, monotonic_us };
    static const Clock clock = { &ops };

    return &clock;
}
