/* fake_member_service.c - the member service of fake_services.h. */
#include <assert.h>
#include <string.h>

#include "common/crypto/token.h"
#include "common/rpc/proto_arena.h"
#include "jumun/member/v1/member.pb-c.h"
#include "tests/support/fake_service_parts.h"

static void on_signup(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        const Jumun__Member__V1__SignupRequest *request = rpc_call_request(calls[i]);
        Jumun__Member__V1__SignupReply reply;
        jumun__member__v1__signup_reply__init(&reply);
        reply.member_id = 7;
        if (strcmp(request->login_id, "taken") == 0) {
            rpc_call_fail(calls[i], status_make(STATUS_ALREADY_EXISTS, "LOGIN_ID_TAKEN"), NULL);
        } else {
            rpc_call_reply(calls[i], &reply.base);
        }
    }
}

static void on_login(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        Jumun__Member__V1__LoginReply reply;
        jumun__member__v1__login_reply__init(&reply);
        reply.member_id = 7;
        reply.name = proto_text(FAKE_NAME);
        reply.role = JUMUN__RPC__V1__ROLE__MEMBER;
        reply.token = proto_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        reply.expires_at_us = 1;
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void on_logout(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        const Jumun__Member__V1__LogoutRequest *request = rpc_call_request(calls[i]);
        Jumun__Member__V1__LogoutReply reply;
        jumun__member__v1__logout_reply__init(&reply);
        assert(request->session.len == TOKEN_HASH_SIZE);
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void on_get_member(void *service, RpcCall *const *calls, size_t count)
{
    FakeServices *fake = service;

    for (size_t i = 0; i < count; i++) {
        const Jumun__Member__V1__GetMemberRequest *request = rpc_call_request(calls[i]);
        Jumun__Member__V1__Member reply;
        jumun__member__v1__member__init(&reply);
        assert(request->session.len == TOKEN_HASH_SIZE);
        pthread_mutex_lock(&fake->lock);
        fake->seen.members_asked++;
        reply.session_ended = fake->sessions_ended;
        pthread_mutex_unlock(&fake->lock);
        reply.member_id = request->member_id;
        reply.name = proto_text(FAKE_NAME);
        reply.login_id = proto_text("");
        /* Odd members are admins, whatever Redis says. */
        reply.role = request->member_id % 2 == 1 ? JUMUN__RPC__V1__ROLE__ADMIN
                                                 : JUMUN__RPC__V1__ROLE__MEMBER;
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void on_change_password(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        Jumun__Member__V1__ChangePasswordReply reply;
        jumun__member__v1__change_password_reply__init(&reply);
        rpc_call_reply(calls[i], &reply.base);
    }
}

const RpcMethod fake_member_methods[] = {
    { "Signup", on_signup, "gateway" },
    { "Login", on_login, "gateway" },
    { "Logout", on_logout, "gateway" },
    { "GetMember", on_get_member, "gateway" },
    { "ChangePassword", on_change_password, "gateway" },
};

const size_t fake_member_method_count = sizeof fake_member_methods / sizeof fake_member_methods[0];
