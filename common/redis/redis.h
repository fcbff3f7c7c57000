/* redis.h - one pipelined connection to Redis, with its reconnect.
 *
 * A Redis belongs to one thread. Commands are appended, then sent and answered in one
 * round trip by redis_run. After any error or time-out the connection is dropped - a
 * late reply must never reach the next caller - and made again when next used, with a
 * back-off of at most 1 s. */
#ifndef JUMUN_COMMON_REDIS_REDIS_H
#define JUMUN_COMMON_REDIS_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/status.h"

enum {
    REDIS_PIPELINE_MAX = 1024, /* commands appended before redis_run */
    REDIS_ARGS_MAX = 2048,     /* words of one command */
};

typedef struct Redis Redis;

/* redis://[:password@]host:port[/db]. INVALID_ARGUMENT (CONFIG) if malformed. Does not
 * connect. timeout_ms bounds connecting and every redis_run. */
Status redis_open(const char *url, int timeout_ms, Redis **ret_redis);

/* NULL is ignored. */
void redis_close(Redis *redis);

/* True after the last redis_run succeeded. Any thread. */
bool redis_is_up(const Redis *redis);

/* Appends one command; the words are copied. sizes may be NULL: strlen. */
void redis_append(Redis *redis, size_t count, const char *const *words, const size_t *sizes);

/* A Lua script with only KEYS and ARGV as data. `sha` is filled at first use, so a
 * RedisScript belongs to one thread, like the Redis it is used with. */
typedef struct RedisScript {
    const char *text;
    char sha[41];
} RedisScript;

/* Appends EVALSHA of the script; redis_run loads it and repeats the call when the
 * server does not know it (NOSCRIPT: restart, fail-over, flush), after the rest of its
 * pipeline: do not rely on the order of a script and its neighbours. */
void redis_append_script(Redis *redis, RedisScript *script, size_t key_count, size_t word_count,
                         const char *const *words, const size_t *sizes);

typedef enum RedisType {
    REDIS_NIL,
    REDIS_INTEGER,
    REDIS_TEXT, /* bulk or status */
    REDIS_ARRAY,
    REDIS_ERROR, /* an answer of the server to this command: text says which */
} RedisType;

typedef struct RedisReply {
    RedisType type;
    int64_t integer;
    const char *text; /* NUL-terminated; may hold NULs before its end */
    size_t size;
    const struct RedisReply *elements; /* of an array */
    size_t count;
} RedisReply;

/* Sends what was appended and gives the replies in order, valid until the next append
 * or run. ret_count equals the number of commands. UNAVAILABLE (REDIS_DOWN) if the
 * connection could not be made - nothing was sent -, UNKNOWN (REDIS_LOST) if it broke
 * or timed out after sending. A server-side LOADING, MISCONF, OOM, BUSY or READONLY
 * answer of any command counts as UNAVAILABLE for the whole. The pipeline is empty
 * afterwards, also on failure. */
Status redis_run(Redis *redis, const RedisReply **ret_replies, size_t *ret_count);

#endif
