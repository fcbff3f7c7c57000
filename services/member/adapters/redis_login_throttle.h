/* redis_login_throttle.h - failed logins in Redis:
 *
 *     throttle:<folded login id>  hash of `count` and `last_at_us`
 */
#ifndef JUMUN_SERVICES_MEMBER_ADAPTERS_REDIS_LOGIN_THROTTLE_H
#define JUMUN_SERVICES_MEMBER_ADAPTERS_REDIS_LOGIN_THROTTLE_H

#include "common/redis/redis.h"
#include "services/member/app/member_ports.h"

typedef struct RedisLoginThrottle {
    LoginThrottle base;
    Redis *redis; /* borrowed */
} RedisLoginThrottle;

void redis_login_throttle_init(RedisLoginThrottle *throttle, Redis *redis);

#endif
