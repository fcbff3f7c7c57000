#include "tests/e2e/stack_redis.h"

#include <string.h>

enum {
    TIMEOUT_MS = 5000
};

Redis *stack_redis_open(const Stack *stack)
{
    char url[STACK_URL_SIZE];
    Redis *redis = NULL;

    stack_engine_url(stack, "REDIS", url);
    expect(!status_failed(redis_open(url, TIMEOUT_MS, &redis)));
    return redis;
}

const RedisReply *stack_redis_tell(Redis *redis, const char *verb, const char *key,
                                   const char *value)
{
    const char *const words[] = { verb, key, value };
    const RedisReply *replies;
    size_t count;

    redis_append(redis, value == NULL ? 2 : 3, words, NULL);
    expect(!status_failed(redis_run(redis, &replies, &count)));
    expect(count == 1 && replies[0].type != REDIS_ERROR);
    return &replies[0];
}

void stack_session_key(const char *token, char ret_key[STACK_SESSION_KEY_SIZE])
{
    uint8_t hash[TOKEN_HASH_SIZE];

    expect(token_hash(token, hash));
    memcpy(ret_key, "sess:", 5);
    token_hash_hex(hash, ret_key + 5);
}
