/* stack_redis.h - what a stack's Redis holds, to be looked at and falsified by a test.
 * Failures end the test program. */
#ifndef JUMUN_TESTS_E2E_STACK_REDIS_H
#define JUMUN_TESTS_E2E_STACK_REDIS_H

#include "common/crypto/token.h"
#include "common/redis/redis.h"
#include "tests/e2e/stack.h"

enum {
    STACK_SESSION_KEY_SIZE = 5 + TOKEN_HASH_HEX_SIZE, /* "sess:", hex, NUL */
};

Redis *stack_redis_open(const Stack *stack);

/* "VERB key" or, unless value is NULL, "VERB key value". Valid until the next one. */
const RedisReply *stack_redis_tell(Redis *redis, const char *verb, const char *key,
                                   const char *value);

/* The name of a token's session. After crypto_init. */
void stack_session_key(const char *token, char ret_key[STACK_SESSION_KEY_SIZE]);

#endif
