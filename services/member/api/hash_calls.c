/* hash_calls.c - one job a call; the use case runs on the pool's thread, over that
 * thread's own connections. */
#include "services/member/api/hash_calls.h"

#include "jumun/member/v1/member.pb-c.h"
#include "services/member/api/member_api.h"
#include "services/member/api/member_proto.h"
#include "services/member/app/change_password.h"
#include "services/member/app/login.h"
#include "services/member/app/signup.h"

enum {
    RETRY_AFTER_S = 1 /* a full queue is worked off in about that time */
};

/* A call between its arrival and its answer. Lives in its arena. */
typedef struct HashJob {
    PoolJob link; /* first: a PoolJob pointer is a HashJob pointer */
    RpcCall *call;
} HashJob;

typedef void HashRun(PoolJob *job, void *worker);

static void hand_over(MemberApi *api, RpcCall *call, HashRun *run)
{
    HashJob *job = arena_alloc(rpc_call_arena(call), sizeof *job);

    if (job == NULL) {
        member_fail(call, status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED"), NULL, 0);
        return;
    }
    *job = (HashJob){ .link = { .run = run }, .call = call };
    Status status = pool_submit(api->hash_pool, &job->link);
    if (status.code == STATUS_RESOURCE_EXHAUSTED) {
        member_fail(call, status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED"), NULL,
                    RETRY_AFTER_S);
    } else if (status_failed(status)) {
        member_fail(call, status, NULL, 0);
    }
    /* On success the job is the pool's and may already have been answered. */
}

static void run_signup(PoolJob *link, void *worker)
{
    RpcCall *call = ((HashJob *)link)->call;
    MemberApp *app = worker;
    const Jumun__Member__V1__SignupRequest *request = rpc_call_request(call);
    Signup item = {
        .login_id = request->login_id,
        .password = request->password,
        .name = request->name,
    };

    if (rpc_call_expire(call, clock_monotonic_us(app->clock))) {
        return;
    }
    Status status = signup(app, &item);
    if (status_failed(status)) {
        member_fail(call, status, &item.faults, 0);
        return;
    }
    Jumun__Member__V1__SignupReply reply;

    jumun__member__v1__signup_reply__init(&reply);
    reply.member_id = item.member.value;
    rpc_call_reply(call, &reply.base);
}

static void run_login(PoolJob *link, void *worker)
{
    RpcCall *call = ((HashJob *)link)->call;
    MemberApp *app = worker;
    const Jumun__Member__V1__LoginRequest *request = rpc_call_request(call);
    Login item = { .login_id = request->login_id, .password = request->password };

    if (rpc_call_expire(call, clock_monotonic_us(app->clock))) {
        return;
    }
    Status status = log_in(app, &item);
    if (status_failed(status)) {
        member_fail(call, status, NULL, item.retry_after_s);
        return;
    }
    Jumun__Member__V1__LoginReply reply;

    jumun__member__v1__login_reply__init(&reply);
    reply.member_id = item.member.id.value;
    reply.name = item.member.name;
    reply.role = role_to_proto(item.member.role);
    reply.token = item.token;
    reply.expires_at_us = item.expires_at_us;
    rpc_call_reply(call, &reply.base);
}

static Status parse_change(const RpcCall *call, ChangePassword *item)
{
    const Jumun__Member__V1__ChangePasswordRequest *request = rpc_call_request(call);

    item->member = rpc_call_context(call)->member;
    item->current = request->current;
    item->next = request->next;
    if (item->member.value == 0) {
        return status_make(STATUS_UNAUTHENTICATED, "UNAUTHENTICATED");
    }
    if (request->current[0] == '\0') {
        item->faults = (FieldFaults){
            .faults = { { "/current", "TOO_SHORT", "The current password is needed." } },
            .count = 1,
        };
        return status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
    }
    return session_from_proto(request->session, item->session);
}

static void run_change_password(PoolJob *link, void *worker)
{
    RpcCall *call = ((HashJob *)link)->call;
    MemberApp *app = worker;
    ChangePassword item = { .member = { 0 } };

    if (rpc_call_expire(call, clock_monotonic_us(app->clock))) {
        return;
    }
    Status status = parse_change(call, &item);
    if (!status_failed(status)) {
        status = change_password(app, &item);
    }
    if (status_failed(status)) {
        member_fail(call, status, &item.faults, item.retry_after_s);
        return;
    }
    Jumun__Member__V1__ChangePasswordReply reply;

    jumun__member__v1__change_password_reply__init(&reply);
    rpc_call_reply(call, &reply.base);
}

void on_signup(void *service, RpcCall *const *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hand_over(service, calls[i], run_signup);
    }
}

void on_login(void *service, RpcCall *const *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hand_over(service, calls[i], run_login);
    }
}

void on_change_password(void *service, RpcCall *const *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hand_over(service, calls[i], run_change_password);
    }
}
