/* login_throttle_contract.h - what every LoginThrottle must keep. The cases run against the
 * fake (unit tests rest on it) and against Redis. */
#ifndef JUMUN_TESTS_CONTRACT_SERVICES_MEMBER_LOGIN_THROTTLE_CONTRACT_H
#define JUMUN_TESTS_CONTRACT_SERVICES_MEMBER_LOGIN_THROTTLE_CONTRACT_H

#include "services/member/app/member_ports.h"

typedef struct LoginThrottleCase {
    const char *name;
    void (*run)(LoginThrottle *throttle); /* it knows of no failure */
} LoginThrottleCase;

extern const LoginThrottleCase login_throttle_cases[];
extern const size_t login_throttle_case_count;

#endif
