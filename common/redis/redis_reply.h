/* redis_reply.h - makes RedisReply values of what hiredis's parser finds, in an arena.
 * Private to common/redis. The arena's limit bounds what a server can make us hold. */
#ifndef JUMUN_COMMON_REDIS_REDIS_REPLY_H
#define JUMUN_COMMON_REDIS_REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/redis/redis.h"

struct redisReader;

enum {
    REDIS_REPLY_BYTES_MAX = 16 << 20 /* of all replies of one run */
};

/* Where the replies of one exchange go: the n-th answer into *targets[n]. */
typedef struct RedisReplies {
    Arena *arena;
    RedisReply *const *targets;
    size_t count;
    size_t done;
} RedisReplies;

/* NULL: no memory. To be freed with redisReaderFree. */
struct redisReader *redis_reader_open(void);

/* Parses what came. False if the server does not speak the protocol, says more than it
 * was asked, or too much. */
bool redis_reader_feed(struct redisReader *reader, const char *bytes, size_t size,
                       RedisReplies *replies);

#endif
