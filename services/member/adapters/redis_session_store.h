/* redis_session_store.h - sessions in Redis, over one connection. */
#ifndef JUMUN_SERVICES_MEMBER_ADAPTERS_REDIS_SESSION_STORE_H
#define JUMUN_SERVICES_MEMBER_ADAPTERS_REDIS_SESSION_STORE_H

#include "common/redis/redis.h"
#include "services/member/app/member_ports.h"

typedef struct RedisSessionStore {
    SessionStore base;
    Redis *redis; /* borrowed */
} RedisSessionStore;

void redis_session_store_init(RedisSessionStore *store, Redis *redis);

#endif
