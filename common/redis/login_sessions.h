/* login_sessions.h - who is logged in: sessions in Redis, named by their token's hash.
 *
 *     sess:<hash hex>       "member_id role created_at_us ends_at_us"  (TTL: sliding)
 *     sessions:<member_id>  sorted set of the member's session hashes, by begin
 *
 * A session slides: it ends SESSION_IDLE_S after its last use, and in any case
 * SESSION_MAX_S after it began. Redis is not the truth: what it lost is logged out,
 * and what it brought back from the past the member service still knows to be over
 * (Member.session_ended). Functions take a Redis of the calling thread. */
#ifndef JUMUN_COMMON_REDIS_LOGIN_SESSIONS_H
#define JUMUN_COMMON_REDIS_LOGIN_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/crypto/token.h"
#include "common/redis/redis.h"

enum {
    SESSION_IDLE_S = 3600,
    SESSION_MAX_S = 24 * 3600,
};

typedef struct LoginSession {
    uint8_t hash[TOKEN_HASH_SIZE];
    MemberId member;
    int role; /* jumun.rpc.v1.Role */
    int64_t created_at_us;
    int64_t ends_at_us; /* the absolute end */
} LoginSession;

Status login_session_begin(Redis *redis, const LoginSession *session, int64_t now_us);

/* One lookup of a batch. */
typedef struct LoginLookup {
    uint8_t hash[TOKEN_HASH_SIZE]; /* in */
    bool found;                    /* out */
    LoginSession session;          /* out, if found */
} LoginLookup;

/* All lookups (1..REDIS_PIPELINE_MAX / 2) in one round trip; a second one slides those
 * that have not slid for a minute. */
Status login_sessions_find(Redis *redis, LoginLookup *const *lookups, size_t count, int64_t now_us);

Status login_session_end(Redis *redis, MemberId member, const uint8_t hash[TOKEN_HASH_SIZE]);

/* Ends all sessions of a member but one; keep NULL ends all. */
Status login_sessions_end_others(Redis *redis, MemberId member, const uint8_t *keep);

#endif
