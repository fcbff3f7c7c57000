/* throttle_test.c - the waits, as reliability.md, A1, wants them. */
#include <criterion/criterion.h>

#include "common/base/clock.h"
#include "services/member/domain/throttle.h"

enum {
    T = 1000000 /* a second of the test's clock */
};

Test(throttle, five_failures_are_free_then_waits_double_up_to_fifteen_minutes)
{
    static const uint32_t waits[] = {
        0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900
    };

    for (uint32_t count = 0; count < sizeof waits / sizeof waits[0]; count++) {
        LoginFailures failures = { count, 50 * T };

        cr_expect_eq(login_wait_s(&failures, 50 * T), waits[count], "%u failures", count);
    }
    cr_expect_eq(login_wait_s(&(LoginFailures){ UINT32_MAX, 0 }, 0), LOGIN_WAIT_S_MAX);
}

Test(throttle, a_wait_runs_out_and_is_rounded_up_meanwhile)
{
    LoginFailures failures = { 7, 100 * T }; /* 4 s */

    cr_expect_eq(login_wait_s(&failures, 100 * T + 1), 4);
    cr_expect_eq(login_wait_s(&failures, 103 * T), 1);
    cr_expect_eq(login_wait_s(&failures, 104 * T - 1), 1);
    cr_expect_eq(login_wait_s(&failures, 104 * T), 0);
    cr_expect_eq(login_wait_s(&failures, INT64_MAX / 2), 0);
}

Test(throttle, a_clock_that_stepped_back_makes_no_wait_longer_than_its_measure)
{
    LoginFailures failures = { 7, 100 * T };

    cr_expect_eq(login_wait_s(&failures, 0), 4);
    cr_expect_eq(login_wait_s(&failures, 99 * T), 4);
}

Test(throttle, two_hundred_tries_in_an_hour_are_mostly_refused)
{
    LoginFailures failures = { 0, 0 };
    unsigned guesses = 0;

    /* An attacker who tries every 18 s, for an hour. */
    for (int64_t now_us = 0; now_us < INT64_C(3600) * T; now_us += INT64_C(18) * T) {
        if (login_wait_s(&failures, now_us) == 0) {
            failures.count++;
            failures.last_at_us = now_us;
            guesses++;
        }
    }
    cr_expect_leq(guesses, 20);
}
