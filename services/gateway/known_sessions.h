/* known_sessions.h - sessions the member service has vouched for, and how long ago.
 *
 * Redis says who a session belongs to; only the member service knows that it has not ended
 * meanwhile. Asking it for every request would be a call more each, so its word counts for
 * KNOWN_FRESH_US. Half way there one request asks again while the others go on: under load
 * nobody waits. While Redis or the member service is away, a word that is no older than
 * KNOWN_STALE_US stands in for it. What this gateway saw ending ends here at once: words
 * that were asked for before count no more, not even those that come in later. Any thread. */
#ifndef JUMUN_SERVICES_GATEWAY_KNOWN_SESSIONS_H
#define JUMUN_SERVICES_GATEWAY_KNOWN_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/crypto/token.h"
#include "common/redis/login_sessions.h"

#define KNOWN_FRESH_US US_PER_S
#define KNOWN_RENEW_US (US_PER_S / 2)
#define KNOWN_STALE_US (60 * US_PER_S)

enum {
    KNOWN_SESSIONS_MAX = 65536,
    KNOWN_ENDINGS_MAX = 16384, /* members whose sessions all ended; a minute has fewer */
};

typedef struct KnownSessions KnownSessions;

typedef enum KnownVerdict {
    KNOWN_FRESH, /* go on */
    KNOWN_ASK,   /* ask the member service first */
} KnownVerdict;

Status known_sessions_open(KnownSessions **ret_known);
void known_sessions_close(KnownSessions *known);

/* On KNOWN_FRESH *ret_role is the role the member had then. */
KnownVerdict known_sessions_check(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE],
                                  int64_t monotonic_us, int *ret_role);

/* When the member service cannot be asked: true if it vouched within KNOWN_STALE_US. */
bool known_sessions_stale(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE],
                          int64_t monotonic_us, int *ret_role);

/* When Redis cannot be asked: true, and whose session it is, if the member service vouched
 * for it within KNOWN_STALE_US. The caller looks at ends_at_us. */
bool known_sessions_find(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE],
                         int64_t monotonic_us, LoginSession *ret_session);

/* The member service has vouched. `monotonic_us` is when it was asked; session->role is the
 * role it named. */
void known_sessions_add(KnownSessions *known, const LoginSession *session, int64_t monotonic_us);

/* The session, if known, has ended. */
void known_sessions_end(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE],
                        int64_t monotonic_us);

/* All the member's sessions have ended, but for what the member service says from now on. */
void known_sessions_end_all(KnownSessions *known, MemberId member, int64_t monotonic_us);

#endif
