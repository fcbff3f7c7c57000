/* test_clock.h - a clock that only the test moves. */
#ifndef JUMUN_TESTS_SUPPORT_TEST_CLOCK_H
#define JUMUN_TESTS_SUPPORT_TEST_CLOCK_H

#include "common/base/clock.h"

typedef struct TestClock {
    Clock clock; /* first: a Clock pointer is a TestClock pointer */
    int64_t now_us;
} TestClock;

static inline int64_t test_clock_now(const Clock *clock)
{
    const union {
        const Clock *clock;
        const TestClock *test;
    } same = { .clock = clock };

    return same.test->now_us;
}

static inline void test_clock_init(TestClock *clock, int64_t now_us)
{
    static const ClockOps ops = { test_clock_now, test_clock_now };

    clock->clock.ops = &ops;
    clock->now_us = now_us;
}

#endif
