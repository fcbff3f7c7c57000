/* member_api.c - the method table, GetMember and Logout. */
#include "services/member/api/member_api.h"

#include <assert.h>

#include "jumun/member/v1/member.pb-c.h"
#include "services/member/api/hash_calls.h"
#include "services/member/api/member_proto.h"
#include "services/member/app/get_members.h"
#include "services/member/app/logout.h"

/* Calls between their arrival and their answer. They live in their call's arena. */
typedef struct GetJob {
    BatchJob link; /* first: a BatchJob pointer is a GetJob pointer */
    RpcCall *call;
    GetMember item;
} GetJob;

typedef struct LogoutJob {
    BatchJob link;
    RpcCall *call;
    Logout item;
} LogoutJob;

/* Fails what a batcher did not take: all or none. */
static void submit(Batcher *batcher, BatchJob *const *jobs, RpcCall *const *calls, size_t count)
{
    Status status = count == 0 ? status_ok() : batcher_submit(batcher, jobs, count);

    for (size_t i = 0; status_failed(status) && i < count; i++) {
        member_fail(calls[i], status, NULL, 0);
    }
    /* On success the jobs are the batcher's and may already have been answered. */
}

/* A member may see himself, an admin everybody. Without a member it is a program that
 * asks, and which may is said by the method table. */
static bool may_see(const RpcContext *context, MemberId member)
{
    if (context->role == JUMUN__RPC__V1__ROLE__NOBODY) {
        return context->member.value == 0;
    }
    return context->role == JUMUN__RPC__V1__ROLE__ADMIN || context->member.value == member.value;
}

static Status parse_get(RpcCall *call, GetJob **ret_job)
{
    const Jumun__Member__V1__GetMemberRequest *request = rpc_call_request(call);
    MemberId member = { request->member_id };

    if (!may_see(rpc_call_context(call), member)) {
        return status_make(STATUS_NOT_FOUND, "MEMBER_NOT_FOUND");
    }
    if (request->session.len != 0 && request->session.len != SESSION_HASH_SIZE) {
        return status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
    }
    GetJob *job = arena_calloc(rpc_call_arena(call), 1, sizeof *job);
    if (job == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    job->call = call;
    job->item.query.id = member;
    job->item.query.session = request->session.len == 0 ? NULL : request->session.data;
    job->item.session_created_at_us = request->session_created_at_us;
    *ret_job = job;
    return status_ok();
}

static void on_get_member(void *service, RpcCall *const *calls, size_t count)
{
    MemberApi *api = service;
    BatchJob *jobs[RPC_BATCH_MAX] = { NULL };
    RpcCall *taken[RPC_BATCH_MAX];
    size_t job_count = 0;

    for (size_t i = 0; i < count; i++) {
        GetJob *job;
        Status status = parse_get(calls[i], &job);

        if (status_failed(status)) {
            member_fail(calls[i], status, NULL, 0);
        } else {
            taken[job_count] = calls[i];
            jobs[job_count++] = &job->link;
        }
    }
    submit(api->get_batcher, jobs, taken, job_count);
}

void member_api_run_get(void *context, BatchJob **jobs, size_t count)
{
    MemberApp *app = context;
    GetJob *live[GET_MEMBERS_MAX];
    GetMember *items[GET_MEMBERS_MAX];
    size_t live_count = 0;
    int64_t now_us = clock_monotonic_us(app->clock);

    assert(count <= GET_MEMBERS_MAX);
    for (size_t i = 0; i < count; i++) {
        GetJob *job = (GetJob *)jobs[i];

        if (!rpc_call_expire(job->call, now_us)) {
            items[live_count] = &job->item;
            live[live_count++] = job;
        }
    }
    if (live_count > 0) {
        get_members(app, items, live_count);
    }
    for (size_t i = 0; i < live_count; i++) {
        if (status_failed(items[i]->status)) {
            member_fail(live[i]->call, items[i]->status, NULL, 0);
        } else {
            member_reply(live[i]->call, items[i]);
        }
    }
}

static Status parse_logout(RpcCall *call, LogoutJob **ret_job)
{
    const Jumun__Member__V1__LogoutRequest *request = rpc_call_request(call);
    MemberId member = rpc_call_context(call)->member;

    if (member.value == 0) {
        return status_make(STATUS_UNAUTHENTICATED, "UNAUTHENTICATED");
    }
    LogoutJob *job = arena_calloc(rpc_call_arena(call), 1, sizeof *job);
    if (job == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    job->call = call;
    job->item.member = member;
    *ret_job = job;
    return session_from_proto(request->session, job->item.session);
}

static void on_logout(void *service, RpcCall *const *calls, size_t count)
{
    MemberApi *api = service;
    BatchJob *jobs[RPC_BATCH_MAX] = { NULL };
    RpcCall *taken[RPC_BATCH_MAX];
    size_t job_count = 0;

    for (size_t i = 0; i < count; i++) {
        LogoutJob *job;
        Status status = parse_logout(calls[i], &job);

        if (status_failed(status)) {
            member_fail(calls[i], status, NULL, 0);
        } else {
            taken[job_count] = calls[i];
            jobs[job_count++] = &job->link;
        }
    }
    submit(api->logout_batcher, jobs, taken, job_count);
}

void member_api_run_logout(void *context, BatchJob **jobs, size_t count)
{
    MemberApp *app = context;
    LogoutJob *live[LOGOUT_MAX];
    Logout *items[LOGOUT_MAX];
    size_t live_count = 0;
    int64_t now_us = clock_monotonic_us(app->clock);

    assert(count <= LOGOUT_MAX);
    for (size_t i = 0; i < count; i++) {
        LogoutJob *job = (LogoutJob *)jobs[i];

        if (!rpc_call_expire(job->call, now_us)) {
            items[live_count] = &job->item;
            live[live_count++] = job;
        }
    }
    if (live_count > 0) {
        log_out(app, items, live_count);
    }
    for (size_t i = 0; i < live_count; i++) {
        Jumun__Member__V1__LogoutReply reply;

        jumun__member__v1__logout_reply__init(&reply);
        if (status_failed(items[i]->status)) {
            member_fail(live[i]->call, items[i]->status, NULL, 0);
        } else {
            rpc_call_reply(live[i]->call, &reply.base);
        }
    }
}

const RpcMethod member_api_methods[] = {
    { "Signup", on_signup, "gateway" },
    { "Login", on_login, "gateway" },
    { "Logout", on_logout, "gateway" },
    { "GetMember", on_get_member, "gateway" },
    { "ChangePassword", on_change_password, "gateway" },
};

const size_t member_api_method_count = sizeof member_api_methods / sizeof member_api_methods[0];
