#include "tests/support/redis_command.h"

#undef NDEBUG
#include <assert.h>

#include "common/redis/redis.h"

enum {
    TIMEOUT_MS = 5000
};

void redis_command(const char *url, size_t count, const char *const *words)
{
    const RedisReply *replies;
    size_t reply_count;
    Redis *redis;

    Status status = redis_open(url, TIMEOUT_MS, &redis);
    assert(!status_failed(status));
    redis_append(redis, count, words, NULL);
    status = redis_run(redis, &replies, &reply_count);
    assert(!status_failed(status) && replies[0].type != REDIS_ERROR);
    redis_close(redis);
}

void redis_empty(const char *url)
{
    redis_command(url, 1, (const char *[]){ "FLUSHDB" });
}
