/* member_ports.h - what the member use cases need from the outside world.
 *
 * An adapter puts the port first in its own struct and fills `ops`. All of one MemberApp
 * belong to one thread, and may block. */
#ifndef JUMUN_SERVICES_MEMBER_APP_MEMBER_PORTS_H
#define JUMUN_SERVICES_MEMBER_APP_MEMBER_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "services/member/domain/member.h"
#include "services/member/domain/throttle.h"

enum {
    MEMBERS_FIND_MAX = 128,   /* queries in one call */
    ENDED_APPEND_MAX = 128,   /* sessions in one call */
    ENDED_PURGE_MAX = 1000,   /* rows one purge may take */
    MEMBER_TOKEN_SIZE = 44,   /* of a session token with its NUL */
    ENDED_KEPT_S = 24 * 3600, /* a session lives no longer than that */
};

/* The truth about members. */
typedef struct MemberStore MemberStore;

/* One member, and in passing whether a session was ended. */
typedef struct MemberQuery {
    MemberId id;            /* in */
    const uint8_t *session; /* in: SESSION_HASH_SIZE bytes, or NULL */
    bool found;             /* out */
    bool session_ended;     /* out: by logout */
    Member member;          /* out, if found */
} MemberQuery;

typedef struct MemberStoreOps {
    /* ALREADY_EXISTS if the login id is taken in any case; UNKNOWN if it cannot be told
     * whether the member was stored. */
    Status (*append)(MemberStore *store, const Member *member);

    /* NOT_FOUND. The case of login_id does not matter. */
    Status (*find_by_login)(MemberStore *store, const char *login_id, Member *ret_member);

    /* Answers 1..MEMBERS_FIND_MAX queries at once. */
    Status (*find)(MemberStore *store, MemberQuery *const *queries, size_t count);

    /* Stores everything but id, login_id and created_at of a member read before, and one
     * version more. ABORTED if it has changed since; UNKNOWN as for append. */
    Status (*update)(MemberStore *store, const Member *member);

    /* Remembers 1..ENDED_APPEND_MAX sessions as ended; repeatable. */
    Status (*append_ended)(MemberStore *store, const uint8_t *const *sessions, size_t count,
                           int64_t at_us);

    /* Forgets at most ENDED_PURGE_MAX sessions that ended before. */
    Status (*purge_ended)(MemberStore *store, int64_t before_us, uint64_t *ret_purged);
} MemberStoreOps;

struct MemberStore {
    const MemberStoreOps *ops;
};

/* Who is logged in, as the gateway sees it. May forget; is never the truth. */
typedef struct SessionStore SessionStore;

typedef struct Session {
    uint8_t hash[SESSION_HASH_SIZE];
    MemberId member;
    MemberRole role;
    int64_t created_at_us;
    int64_t ends_at_us; /* at the latest */
} Session;

typedef struct SessionStoreOps {
    Status (*begin)(SessionStore *store, const Session *session, int64_t now_us);
    Status (*find)(SessionStore *store, const uint8_t *hash, int64_t now_us, bool *ret_found,
                   Session *ret_session);
    Status (*end)(SessionStore *store, MemberId member, const uint8_t *hash);
    Status (*end_others)(SessionStore *store, MemberId member, const uint8_t *keep);
} SessionStoreOps;

struct SessionStore {
    const SessionStoreOps *ops;
    int64_t idle_s; /* how long a session lives without being used */
    int64_t max_s;  /* and at all */
};

/* Failed logins by folded login id, forgotten LOGIN_FAILURES_KEPT_S after the last. */
typedef struct LoginThrottle LoginThrottle;

typedef struct LoginThrottleOps {
    Status (*find)(LoginThrottle *throttle, const char *folded, LoginFailures *ret_failures);
    Status (*add_failure)(LoginThrottle *throttle, const char *folded, int64_t now_us);
    Status (*clear)(LoginThrottle *throttle, const char *folded);
} LoginThrottleOps;

struct LoginThrottle {
    const LoginThrottleOps *ops;
};

/* Cryptography and randomness. */
typedef struct MemberSecrets MemberSecrets;

typedef struct MemberSecretsOps {
    /* RESOURCE_EXHAUSTED without memory. Slow on purpose, like verify. */
    Status (*hash)(MemberSecrets *secrets, const char *password, char ret_hash[MEMBER_HASH_SIZE]);
    /* hash NULL: the same work, and false. */
    bool (*verify)(MemberSecrets *secrets, const char *hash, const char *password);
    bool (*needs_rehash)(MemberSecrets *secrets, const char *hash);
    void (*make_token)(MemberSecrets *secrets, char ret_token[MEMBER_TOKEN_SIZE],
                       uint8_t ret_hash[SESSION_HASH_SIZE]);
} MemberSecretsOps;

struct MemberSecrets {
    const MemberSecretsOps *ops;
};

/* All of it, for one thread. */
typedef struct MemberApp {
    MemberStore *store;
    SessionStore *sessions;
    LoginThrottle *throttle;
    MemberSecrets *secrets;
    const Clock *clock;
    IdSource *ids;
} MemberApp;

#endif
