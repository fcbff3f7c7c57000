/* throttle.h - how long a login must wait after failures. Pure.
 *
 * Five failures are free; then 1, 2, 4 ... seconds up to 15 minutes must pass after the
 * last one, whether or not the next password is right. Nobody is locked out for good:
 * a success, or an hour without a try, forgets all. */
#ifndef JUMUN_SERVICES_MEMBER_DOMAIN_THROTTLE_H
#define JUMUN_SERVICES_MEMBER_DOMAIN_THROTTLE_H

#include <stdint.h>

enum {
    LOGIN_FAILURES_FREE = 5,
    LOGIN_WAIT_S_MAX = 900,
    LOGIN_FAILURES_KEPT_S = 3600,
};

typedef struct LoginFailures {
    uint32_t count; /* in a row */
    int64_t last_at_us;
} LoginFailures;

/* Seconds to wait from now, rounded up; 0: go on. A last failure in the future - clocks
 * differ - counts as one right now, so that no wait exceeds its measure. */
uint32_t login_wait_s(const LoginFailures *failures, int64_t now_us);

#endif
