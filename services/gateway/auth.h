/* auth.h - from a session token's hash to a member.
 *
 * Redis is asked for every request, all that gathered at once in one round trip; then the
 * member service, unless it vouched for the session a moment ago (known_sessions.h). A
 * session that either calls over is UNAUTHENTICATED. While one of them is away, a session
 * the member service vouched for within a minute still serves; any other is UNAVAILABLE. */
#ifndef JUMUN_SERVICES_GATEWAY_AUTH_H
#define JUMUN_SERVICES_GATEWAY_AUTH_H

#include "common/base/clock.h"
#include "common/redis/login_sessions.h"
#include "common/rpc/rpc_client.h"
#include "common/runtime/batcher.h"
#include "jumun/member/v1/member.pb-c.h"

typedef struct Auth Auth;

typedef struct AuthOptions {
    const char *cache_url;
    RpcClient *member; /* borrowed until close */
    const Clock *clock;
    size_t queue_max;
} AuthOptions;

/* One question. Embedded in a request, whose arena it shares while it runs. */
typedef struct AuthCheck {
    BatchJob link; /* first: a BatchJob pointer is an AuthCheck pointer */
    /* in */
    LoginLookup lookup; /* with the token's hash */
    Arena *arena;
    int64_t deadline_us; /* monotonic */
    const char *trace_parent;
    /* Runs exactly once, on another thread, or on the calling one before auth_check
     * returns. Must not block. */
    void (*done)(void *context);
    void *context;
    /* out */
    Status status;
    MemberId member;
    Jumun__Rpc__V1__Role role;
    /* auth's own */
    Auth *auth;
    int64_t asked_us;
    RpcClientCall call;
    Jumun__Member__V1__GetMemberRequest message;
} AuthCheck;

Status auth_open(const AuthOptions *options, Auth **ret_auth);

/* Any thread. */
void auth_check(Auth *auth, AuthCheck *check);

/* What this gateway saw ending serves no more: one session, or all of a member, whose
 * remaining one the member service has to vouch for anew. Any thread. */
void auth_session_ended(Auth *auth, const uint8_t hash[TOKEN_HASH_SIZE]);
void auth_sessions_ended(Auth *auth, MemberId member);

/* True while Redis answers. Asks it, in the background, when it does not seem to. Any
 * thread. */
bool auth_ready(Auth *auth);

/* Runs what is queued; no check may follow. Checks may still wait for the member client:
 * close that next. NULL is ignored. */
void auth_stop(Auth *auth);

/* After the last check is done. NULL is ignored. */
void auth_close(Auth *auth);

#endif
