/* redis_link.h - the connection under a Redis. Private to common/redis.
 *
 *     DOWN --(next use, back-off over)--> CONNECTED --(any error)--> DOWN
 *
 * One deadline holds for a whole exchange, however slowly the server drips. */
#ifndef JUMUN_COMMON_REDIS_REDIS_LINK_H
#define JUMUN_COMMON_REDIS_REDIS_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/redis/redis.h"
#include "common/redis/redis_command.h"
#include "common/redis/redis_url.h"

struct redisContext;
struct redisReader;

typedef struct RedisLink {
    RedisUrl url;
    const Clock *clock;
    Arena replies; /* of the exchanges since its last reset */

    struct redisContext *context; /* NULL while down; only its socket is used */
    struct redisReader *reader;
    int backoff_ms;
    int64_t retry_at_us;
} RedisLink;

void redis_link_init(RedisLink *link, const RedisUrl *url, const Clock *clock);
void redis_link_deinit(RedisLink *link);

/* Connects if there is no connection, or a dead one. UNAVAILABLE (REDIS_DOWN) if that
 * fails or the back-off is not over. */
Status redis_link_connect(RedisLink *link, int64_t deadline_us);

/* Sends the commands and waits until each of them is answered, the n-th into *targets[n].
 * UNKNOWN (REDIS_LOST) otherwise, and the connection is dropped: an answer may still be
 * on its way. RESOURCE_EXHAUSTED if the commands did not fit; nothing was sent then. */
Status redis_link_exchange(RedisLink *link, const RedisCommands *commands,
                           RedisReply *const *targets, size_t count, int64_t deadline_us);

/* Drops the connection, logs why, and lengthens the back-off. */
void redis_link_fail(RedisLink *link, const char *reason);

/* All is well: the next failure begins with the shortest back-off. */
void redis_link_succeed(RedisLink *link);

#endif
