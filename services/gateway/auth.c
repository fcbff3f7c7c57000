#include "services/gateway/auth.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/redis/redis.h"
#include "services/gateway/known_sessions.h"

enum {
    AUTH_BATCH_MAX = 128,
    AUTH_REDIS_TIMEOUT_MS = 500,
};

#define AUTH_MEMBER_TIMEOUT_US US_PER_S /* then a session known before may still serve */

struct Auth {
    AuthOptions options;
    unsigned get_member; /* index in the descriptor */
    Redis *redis;        /* the batcher thread's */
    Batcher *batcher;
    KnownSessions *known;
    atomic_bool probing;
    AuthCheck probe; /* belongs to whoever set probing */
};

static void finish(AuthCheck *check, Status status)
{
    check->status = status;
    check->done(check->context);
}

static Status unauthenticated(void)
{
    return status_make(STATUS_UNAUTHENTICATED, "UNAUTHENTICATED");
}

/* ---- the member service's word ---- */

static Status judge_absence(AuthCheck *check)
{
    int role;

    if (!known_sessions_stale(check->auth->known, check->lookup.hash, check->asked_us, &role)) {
        return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    }
    check->role = (Jumun__Rpc__V1__Role)role;
    return status_ok();
}

static void on_member(void *context)
{
    AuthCheck *check = context;
    LoginSession session = check->lookup.session;

    if (check->call.status.code == STATUS_NOT_FOUND) {
        auth_session_ended(check->auth, check->lookup.hash);
        finish(check, unauthenticated());
        return;
    }
    if (status_failed(check->call.status)) {
        finish(check, judge_absence(check));
        return;
    }
    const Jumun__Member__V1__Member *member =
        (const Jumun__Member__V1__Member *)(const void *)check->call.reply;
    if (member->session_ended) {
        auth_session_ended(check->auth, check->lookup.hash);
        finish(check, unauthenticated());
        return;
    }
    session.role = (int)member->role;
    known_sessions_add(check->auth->known, &session, check->asked_us);
    check->role = member->role;
    finish(check, status_ok());
}

static void ask_member(AuthCheck *check)
{
    Auth *auth = check->auth;
    int64_t latest_us = check->asked_us + AUTH_MEMBER_TIMEOUT_US;

    jumun__member__v1__get_member_request__init(&check->message);
    check->message.member_id = check->member.value;
    check->message.session.data = check->lookup.hash;
    check->message.session.len = TOKEN_HASH_SIZE;
    check->message.session_created_at_us = check->lookup.session.created_at_us;
    check->call = (RpcClientCall){
        .method = auth->get_member,
        .message = &check->message.base,
        .arena = check->arena,
        .deadline_us = check->deadline_us < latest_us ? check->deadline_us : latest_us,
        .member = check->member,
        .role = check->role,
        .trace_parent = check->trace_parent,
        .done = on_member,
        .context = check,
    };
    rpc_client_call(auth->options.member, &check->call);
}

/* ---- the sessions in Redis ---- */

/* Redis cannot say whose session it is: true if it is known from before. */
static bool recall(AuthCheck *check)
{
    LoginSession *session = &check->lookup.session;

    return known_sessions_find(check->auth->known, check->lookup.hash, check->asked_us, session) &&
           session->ends_at_us > clock_wall_us(check->auth->options.clock);
}

static void judge(AuthCheck *check, Status status)
{
    int role;

    check->asked_us = clock_monotonic_us(check->auth->options.clock);
    if (status_failed(status) && !recall(check)) {
        finish(check, status_make(STATUS_UNAVAILABLE, "UNAVAILABLE"));
        return;
    }
    if (!status_failed(status) && !check->lookup.found) {
        auth_session_ended(check->auth, check->lookup.hash);
        finish(check, unauthenticated());
        return;
    }
    check->member = check->lookup.session.member;
    check->role = (Jumun__Rpc__V1__Role)check->lookup.session.role;
    if (known_sessions_check(check->auth->known, check->lookup.hash, check->asked_us, &role) ==
        KNOWN_FRESH) {
        check->role = (Jumun__Rpc__V1__Role)role;
        finish(check, status_ok());
        return;
    }
    ask_member(check);
}

static void run(void *context, BatchJob **jobs, size_t count)
{
    Auth *auth = context;
    LoginLookup *lookups[AUTH_BATCH_MAX];
    int64_t now_us = clock_monotonic_us(auth->options.clock);
    size_t live = 0;

    assert(count <= AUTH_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        AuthCheck *check = (AuthCheck *)jobs[i];
        if (check->deadline_us <= now_us) {
            finish(check, status_make(STATUS_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"));
            continue;
        }
        jobs[live] = jobs[i];
        lookups[live++] = &check->lookup;
    }
    if (live == 0) {
        return;
    }
    Status status =
        login_sessions_find(auth->redis, lookups, live, clock_wall_us(auth->options.clock));
    for (size_t i = 0; i < live; i++) {
        judge((AuthCheck *)jobs[i], status);
    }
}

void auth_check(Auth *auth, AuthCheck *check)
{
    BatchJob *job = &check->link;

    check->auth = auth;
    Status status = batcher_submit(auth->batcher, &job, 1);
    if (status_failed(status)) {
        finish(check, status);
    }
}

void auth_session_ended(Auth *auth, const uint8_t hash[TOKEN_HASH_SIZE])
{
    known_sessions_end(auth->known, hash, clock_monotonic_us(auth->options.clock));
}

void auth_sessions_ended(Auth *auth, MemberId member)
{
    known_sessions_end_all(auth->known, member, clock_monotonic_us(auth->options.clock));
}

/* ---- life ---- */

static void on_probed(void *context)
{
    Auth *auth = context;

    atomic_store(&auth->probing, false);
}

bool auth_ready(Auth *auth)
{
    if (redis_is_up(auth->redis)) {
        return true;
    }
    if (!atomic_exchange(&auth->probing, true)) {
        auth->probe = (AuthCheck){
            .deadline_us = INT64_MAX, /* of a session that nobody has: all zero */
            .done = on_probed,
            .context = auth,
        };
        auth_check(auth, &auth->probe);
    }
    return false;
}

static unsigned method_index(const char *name)
{
    const ProtobufCServiceDescriptor *service = &jumun__member__v1__member_service__descriptor;
    const ProtobufCMethodDescriptor *method =
        protobuf_c_service_descriptor_get_method_by_name(service, name);

    assert(method != NULL);
    return (unsigned)(method - service->methods);
}

Status auth_open(const AuthOptions *options, Auth **ret_auth)
{
    Auth *auth = calloc(1, sizeof *auth);

    if (auth == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    auth->options = *options;
    auth->get_member = method_index("GetMember");
    Status status = known_sessions_open(&auth->known);
    if (!status_failed(status)) {
        status = redis_open(options->cache_url, AUTH_REDIS_TIMEOUT_MS, &auth->redis);
    }
    if (!status_failed(status)) {
        status = batcher_open(&(BatcherOptions){ .run = run,
                                                 .context = auth,
                                                 .queue_max = options->queue_max,
                                                 .batch_max = AUTH_BATCH_MAX },
                              &auth->batcher);
    }
    if (status_failed(status)) {
        auth_close(auth);
        return status;
    }
    *ret_auth = auth;
    return status_ok();
}

void auth_stop(Auth *auth)
{
    if (auth != NULL) {
        batcher_close(auth->batcher);
        auth->batcher = NULL;
    }
}

void auth_close(Auth *auth)
{
    if (auth == NULL) {
        return;
    }
    auth_stop(auth);
    redis_close(auth->redis);
    known_sessions_close(auth->known);
    free(auth);
}
