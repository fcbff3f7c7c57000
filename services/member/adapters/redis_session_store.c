/* redis_session_store.c - the port in terms of common/redis/login_sessions.h, which the
 * gateway reads the same sessions with. */
#include "services/member/adapters/redis_session_store.h"

#include <assert.h>
#include <string.h>

#include "common/redis/login_sessions.h"

static_assert((int)SESSION_HASH_SIZE == (int)TOKEN_HASH_SIZE,
              "a session is named by its token's hash");
static_assert((int)ENDED_KEPT_S >= (int)SESSION_MAX_S, "no session outlives the row that ended it");

static Redis *redis_of(SessionStore *base)
{
    return ((RedisSessionStore *)base)->redis;
}

static Status begin(SessionStore *base, const Session *session, int64_t now_us)
{
    LoginSession login = {
        .member = session->member,
        .role = (int)session->role,
        .created_at_us = session->created_at_us,
        .ends_at_us = session->ends_at_us,
    };

    memcpy(login.hash, session->hash, sizeof login.hash);
    return login_session_begin(redis_of(base), &login, now_us);
}

static Status find(SessionStore *base, const uint8_t *hash, int64_t now_us, bool *ret_found,
                   Session *ret_session)
{
    LoginLookup lookup = { .found = false };
    LoginLookup *lookups[] = { &lookup };

    memcpy(lookup.hash, hash, sizeof lookup.hash);
    Status status = login_sessions_find(redis_of(base), lookups, 1, now_us);
    if (status_failed(status)) {
        return status;
    }
    *ret_found = lookup.found;
    if (lookup.found) {
        *ret_session = (Session){
            .member = lookup.session.member,
            .role =
                lookup.session.role == MEMBER_ROLE_ADMIN ? MEMBER_ROLE_ADMIN : MEMBER_ROLE_MEMBER,
            .created_at_us = lookup.session.created_at_us,
            .ends_at_us = lookup.session.ends_at_us,
        };
        memcpy(ret_session->hash, hash, sizeof ret_session->hash);
    }
    return status_ok();
}

static Status end(SessionStore *base, MemberId member, const uint8_t *hash)
{
    return login_session_end(redis_of(base), member, hash);
}

static Status end_others(SessionStore *base, MemberId member, const uint8_t *keep)
{
    return login_sessions_end_others(redis_of(base), member, keep);
}

static const SessionStoreOps ops = {
    .begin = begin,
    .find = find,
    .end = end,
    .end_others = end_others,
};

void redis_session_store_init(RedisSessionStore *store, Redis *redis)
{
    *store = (RedisSessionStore){
        .base = { .ops = &ops, .idle_s = SESSION_IDLE_S, .max_s = SESSION_MAX_S },
        .redis = redis,
    };
}
