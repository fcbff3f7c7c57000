/* redis_login_throttle.c - what is not a number counts as nothing; an error answer of the
 * server counts as down, so that nobody guesses uncounted. */
#include "services/member/adapters/redis_login_throttle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    KEY_SIZE = 16 + LOGIN_ID_SIZE,
    NUMBER_SIZE = 24,
    COUNT_MAX = 1000000,
};

static void key_of(const char *folded, char ret_key[KEY_SIZE])
{
    (void)snprintf(ret_key, KEY_SIZE, "throttle:%s", folded);
}

static Status run(LoginThrottle *base, const RedisReply **ret_replies)
{
    size_t count = 0;
    Status status = redis_run(((RedisLoginThrottle *)base)->redis, ret_replies, &count);

    for (size_t i = 0; !status_failed(status) && i < count; i++) {
        if ((*ret_replies)[i].type == REDIS_ERROR) {
            status = status_make(STATUS_UNAVAILABLE, "REDIS_DOWN");
        }
    }
    return status;
}

static int64_t number_of(const RedisReply *reply)
{
    int64_t number = reply->type == REDIS_TEXT ? strtoll(reply->text, NULL, 10) : 0;

    return number < 0 ? 0 : number;
}

static Status find(LoginThrottle *base, const char *folded, LoginFailures *ret_failures)
{
    const RedisReply *replies;
    char key[KEY_SIZE];

    key_of(folded, key);
    redis_append(((RedisLoginThrottle *)base)->redis, 4,
                 (const char *[]){ "HMGET", key, "count", "last_at_us" }, NULL);
    Status status = run(base, &replies);
    if (status_failed(status)) {
        return status;
    }
    if (replies[0].type != REDIS_ARRAY || replies[0].count != 2) {
        return status_make(STATUS_UNAVAILABLE, "REDIS_DOWN");
    }
    int64_t count = number_of(&replies[0].elements[0]);
    *ret_failures = (LoginFailures){
        .count = (uint32_t)(count < COUNT_MAX ? count : COUNT_MAX),
        .last_at_us = number_of(&replies[0].elements[1]),
    };
    return status_ok();
}

static Status add_failure(LoginThrottle *base, const char *folded, int64_t now_us)
{
    Redis *redis = ((RedisLoginThrottle *)base)->redis;
    const RedisReply *replies;
    char key[KEY_SIZE];
    char now[NUMBER_SIZE];
    char kept[NUMBER_SIZE];

    key_of(folded, key);
    (void)snprintf(now, sizeof now, "%" PRId64, now_us);
    (void)snprintf(kept, sizeof kept, "%d", LOGIN_FAILURES_KEPT_S);
    redis_append(redis, 4, (const char *[]){ "HINCRBY", key, "count", "1" }, NULL);
    redis_append(redis, 4, (const char *[]){ "HSET", key, "last_at_us", now }, NULL);
    redis_append(redis, 3, (const char *[]){ "EXPIRE", key, kept }, NULL);
    return run(base, &replies);
}

static Status clear(LoginThrottle *base, const char *folded)
{
    const RedisReply *replies;
    char key[KEY_SIZE];

    key_of(folded, key);
    redis_append(((RedisLoginThrottle *)base)->redis, 2, (const char *[]){ "DEL", key }, NULL);
    return run(base, &replies);
}

static const LoginThrottleOps ops = {
    .find = find,
    .add_failure = add_failure,
    .clear = clear,
};

void redis_login_throttle_init(RedisLoginThrottle *throttle, Redis *redis)
{
    *throttle = (RedisLoginThrottle){ .base = { .ops = &ops }, .redis = redis };
}
