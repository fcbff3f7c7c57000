/* login_throttle_contract.c - cases are plain functions with Criterion's assertions. */
#include "tests/contract/services/member/login_throttle_contract.h"

#include <criterion/criterion.h>
#include <string.h>

#define T0 INT64_C(1795600000123456) /* 2026-11-25, with microseconds */

enum {
    MANY = 300 /* failures in a row */
};

static void fail(LoginThrottle *throttle, const char *folded, int64_t at_us)
{
    cr_assert_eq(throttle->ops->add_failure(throttle, folded, at_us).code, STATUS_OK);
}

static void expect(LoginThrottle *throttle, const char *folded, uint32_t count, int64_t last_at_us)
{
    LoginFailures failures = { .count = 99, .last_at_us = 99 };

    cr_assert_eq(throttle->ops->find(throttle, folded, &failures).code, STATUS_OK);
    cr_expect_eq(failures.count, count, "%s: %u failures", folded, failures.count);
    cr_expect_eq(failures.last_at_us, last_at_us, "%s", folded);
}

static void knows_nothing_of_who_never_failed(LoginThrottle *throttle)
{
    fail(throttle, "anna.lee", T0);
    expect(throttle, "bert.kim", 0, 0);
}

static void counts_failures_and_remembers_the_last(LoginThrottle *throttle)
{
    fail(throttle, "anna.lee", T0);
    expect(throttle, "anna.lee", 1, T0);
    expect(throttle, "anna.lee", 1, T0);
    for (int64_t i = 1; i < MANY; i++) {
        fail(throttle, "anna.lee", T0 + i);
    }
    expect(throttle, "anna.lee", MANY, T0 + MANY - 1);
}

static void starts_anew_once_cleared(LoginThrottle *throttle)
{
    fail(throttle, "anna.lee", T0);
    fail(throttle, "anna.lee", T0 + 1);
    cr_assert_eq(throttle->ops->clear(throttle, "anna.lee").code, STATUS_OK);
    expect(throttle, "anna.lee", 0, 0);
    cr_assert_eq(throttle->ops->clear(throttle, "anna.lee").code, STATUS_OK, "again");
    fail(throttle, "anna.lee", T0 + 2);
    expect(throttle, "anna.lee", 1, T0 + 2);
}

static void holds_nobodys_failures_against_another(LoginThrottle *throttle)
{
    static const char *const others[] = { "anna", "anna.le", "anna.lee:", "anna*", "*", "%" };

    fail(throttle, "anna.lee", T0);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        expect(throttle, others[i], 0, 0);
        fail(throttle, others[i], T0 + 1);
        expect(throttle, others[i], 1, T0 + 1);
        cr_assert_eq(throttle->ops->clear(throttle, others[i]).code, STATUS_OK);
    }
    expect(throttle, "anna.lee", 1, T0);
}

static void tells_the_longest_login_ids_apart(LoginThrottle *throttle)
{
    char one[LOGIN_ID_SIZE];
    char other[LOGIN_ID_SIZE];

    memset(one, 'a', sizeof one);
    one[sizeof one - 1] = '\0';
    memcpy(other, one, sizeof other);
    other[sizeof other - 2] = 'b';
    fail(throttle, one, T0);
    expect(throttle, other, 0, 0);
    expect(throttle, one, 1, T0);
}

const LoginThrottleCase login_throttle_cases[] = {
    { "knows nothing of who never failed", knows_nothing_of_who_never_failed },
    { "counts failures and remembers the last", counts_failures_and_remembers_the_last },
    { "starts anew once cleared", starts_anew_once_cleared },
    { "holds nobody's failures against another", holds_nobodys_failures_against_another },
    { "tells the longest login ids apart", tells_the_longest_login_ids_apart },
};

const size_t login_throttle_case_count =
    sizeof login_throttle_cases / sizeof login_throttle_cases[0];
