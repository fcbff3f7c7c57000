/* throttle.c - doubling, with a ceiling. */
#include "services/member/domain/throttle.h"

#include "common/base/clock.h"

enum {
    DOUBLINGS_MAX = 10 /* 2^10 s is beyond the ceiling */
};

static uint32_t wait_after(uint32_t failures)
{
    if (failures < LOGIN_FAILURES_FREE) {
        return 0;
    }
    uint32_t doublings = failures - LOGIN_FAILURES_FREE;
    uint32_t wait_s = 1u << (doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX);
    return wait_s < LOGIN_WAIT_S_MAX ? wait_s : LOGIN_WAIT_S_MAX;
}

uint32_t login_wait_s(const LoginFailures *failures, int64_t now_us)
{
    int64_t wait_us = wait_after(failures->count) * US_PER_S;
    int64_t passed_us = now_us - failures->last_at_us;
    int64_t left_us = wait_us - (passed_us > 0 ? passed_us : 0);

    return left_us <= 0 ? 0 : (uint32_t)((left_us + US_PER_S - 1) / US_PER_S);
}
