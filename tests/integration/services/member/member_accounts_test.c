/* member_accounts_test.c - a member's account: signing up, logging in and out, a new password,
 * and who may see it. */
#include <stdio.h>
#include <string.h>

#include "common/redis/login_sessions.h"
#include "tests/integration/services/member/member_fixture.h"

static char better[] = "a better password";

static void find_session(const uint8_t *hash, bool *ret_found, LoginSession *ret_session)
{
    LoginLookup lookup = { .found = false };
    LoginLookup *lookups[] = { &lookup };
    Redis *redis = NULL;

    memcpy(lookup.hash, hash, sizeof lookup.hash);
    expect(!status_failed(redis_open(served.cache_url, 5000, &redis)), "redis");
    Status status = login_sessions_find(redis, lookups, 1, clock_wall_us(clock_system()));
    expect(!status_failed(status), "sessions");
    redis_close(redis);
    *ret_found = lookup.found;
    *ret_session = lookup.session;
}

static Login log_in_well(char *login_id, char *password)
{
    Call call;
    Login login;
    LoginSession session;
    bool found = false;

    call_init(&call);
    expect_name(call_log_in(&call, login_id, password), STATUS_OK, "", "login");
    const Jumun__Member__V1__LoginReply *reply =
        (const Jumun__Member__V1__LoginReply *)call.rpc.reply;
    login.member = reply->member_id;
    expect(token_hash(reply->token, login.session), "the token's form");
    int64_t life_us = reply->expires_at_us - clock_wall_us(clock_system());
    expect(life_us > 3590 * US_PER_S && life_us <= 3600 * US_PER_S, "an hour to live");
    find_session(login.session, &found, &session);
    expect(found && session.member.value == login.member, "the gateway finds the session");
    login.created_at_us = session.created_at_us;
    arena_deinit(&call.arena);
    return login;
}

static bool is_over(const Login *login)
{
    Call call;

    call_init(&call);
    expect_name(get_member(&call, login->member, login), STATUS_OK, "", "session check");
    bool over = ((const Jumun__Member__V1__Member *)call.rpc.reply)->session_ended;
    arena_deinit(&call.arena);
    return over;
}

static void signup_tells_every_fault_with_its_pointer(void)
{
    Call call;
    char password[] = "b";
    char name[] = "";
    char login_id[] = "a";

    call_init(&call);
    expect_name(call_sign_up(&call, login_id, password, name), STATUS_INVALID_ARGUMENT,
                "VALIDATION", "a bad signup");
    const Jumun__Rpc__V1__ErrorDetails *details = call.rpc.details;
    expect(details != NULL && details->n_fields == 3, "three faults");
    expect(strcmp(details->fields[0]->pointer, "/loginId") == 0, "/loginId");
    expect(strcmp(details->fields[1]->pointer, "/password") == 0, "/password");
    expect(strcmp(details->fields[2]->pointer, "/name") == 0, "/name");
    expect(strcmp(details->fields[1]->code, "TOO_SHORT") == 0, "TOO_SHORT");
    arena_deinit(&call.arena);
}

static void a_member_signs_up_once_logs_in_and_out(void)
{
    Call call;
    char name[] = "Anna \xed\x95\x9c";
    char *anna = login_id_of("anna");

    call_init(&call);
    expect_name(call_sign_up(&call, anna, good, name), STATUS_OK, "", "signup");
    uint64_t id = ((const Jumun__Member__V1__SignupReply *)call.rpc.reply)->member_id;
    expect(id > 0 && id <= ID_JSON_MAX, "an id that JSON can hold");
    expect_name(call_sign_up(&call, anna, good, name), STATUS_ALREADY_EXISTS, "LOGIN_ID_TAKEN",
                "again");
    expect_name(call_log_in(&call, anna, wrong), STATUS_UNAUTHENTICATED, "BAD_CREDENTIALS",
                "wrong");

    Login login = log_in_well(anna, good);
    expect(login.member == id, "the same member");
    call_as(&call, id, JUMUN__RPC__V1__ROLE__MEMBER);
    expect_name(get_member(&call, id, NULL), STATUS_OK, "", "me");
    const Jumun__Member__V1__Member *me = (const Jumun__Member__V1__Member *)call.rpc.reply;
    expect(strcmp(me->name, name) == 0 && strcmp(me->login_id, anna) == 0, "my names");
    expect(me->role == JUMUN__RPC__V1__ROLE__MEMBER && !me->session_ended, "my role");

    Jumun__Member__V1__LogoutRequest request;
    jumun__member__v1__logout_request__init(&request);
    request.session = (ProtobufCBinaryData){ sizeof login.session, login.session };
    expect(!is_over(&login), "before the logout");
    expect_name(run(&call, LOGOUT, &request.base), STATUS_OK, "", "logout");
    expect(is_over(&login), "after the logout");
    bool found = true;
    LoginSession session;
    find_session(login.session, &found, &session);
    expect(!found, "gone from Redis too");
    request.session.len = 31;
    expect_name(run(&call, LOGOUT, &request.base), STATUS_INVALID_ARGUMENT, "VALIDATION",
                "a session of 31 bytes");
    call_as(&call, 0, JUMUN__RPC__V1__ROLE__NOBODY);
    request.session.len = 32;
    expect_name(run(&call, LOGOUT, &request.base), STATUS_UNAUTHENTICATED, "UNAUTHENTICATED",
                "nobody logs out");
    arena_deinit(&call.arena);
}

static void members_see_themselves_admins_see_all_and_the_gateway_may_check(void)
{
    Call call;
    char name[] = "Bert";
    char *bert = login_id_of("bert");

    call_init(&call);
    expect_name(call_sign_up(&call, bert, good, name), STATUS_OK, "", "signup");
    uint64_t id = ((const Jumun__Member__V1__SignupReply *)call.rpc.reply)->member_id;

    call_as(&call, id + 1, JUMUN__RPC__V1__ROLE__MEMBER);
    expect_name(get_member(&call, id, NULL), STATUS_NOT_FOUND, "MEMBER_NOT_FOUND", "another");
    call_as(&call, id + 1, JUMUN__RPC__V1__ROLE__ADMIN);
    expect_name(get_member(&call, id, NULL), STATUS_OK, "", "an admin");
    call_as(&call, 0, JUMUN__RPC__V1__ROLE__NOBODY);
    expect_name(get_member(&call, id, NULL), STATUS_OK, "", "the gateway");
    expect_name(get_member(&call, id + 1, NULL), STATUS_NOT_FOUND, "MEMBER_NOT_FOUND", "nobody");
    arena_deinit(&call.arena);
}

static void a_password_change_ends_all_sessions_but_the_asking_one(void)
{
    Call call;
    char name[] = "Cora";
    char *cora = login_id_of("cora");
    Jumun__Member__V1__ChangePasswordRequest request;

    call_init(&call);
    expect_name(call_sign_up(&call, cora, good, name), STATUS_OK, "", "signup");
    Login asking = log_in_well(cora, good);
    Login other = log_in_well(cora, good);
    jumun__member__v1__change_password_request__init(&request);
    request.current = wrong;
    request.next = better;
    request.session = (ProtobufCBinaryData){ sizeof asking.session, asking.session };
    call_as(&call, asking.member, JUMUN__RPC__V1__ROLE__MEMBER);
    expect_name(run(&call, CHANGE_PASSWORD, &request.base), STATUS_UNAUTHENTICATED,
                "BAD_CREDENTIALS", "a wrong current password");
    request.current = good;
    expect_name(run(&call, CHANGE_PASSWORD, &request.base), STATUS_OK, "", "the change");
    bool found = true;
    LoginSession session;
    find_session(other.session, &found, &session);
    expect(!found && is_over(&other), "the other session is over");
    find_session(asking.session, &found, &session);
    asking.created_at_us = session.created_at_us;
    expect(found && !is_over(&asking), "the asking one is not");
    call_as(&call, 0, JUMUN__RPC__V1__ROLE__NOBODY);
    expect_name(call_log_in(&call, cora, good), STATUS_UNAUTHENTICATED, "BAD_CREDENTIALS", "old");
    (void)log_in_well(cora, better);
    arena_deinit(&call.arena);
}

static void guessing_is_throttled(void)
{
    Call call;
    char *dora = login_id_of("dora"); /* who does not exist */

    call_init(&call);
    for (int i = 0; i < 5; i++) {
        expect_name(call_log_in(&call, dora, wrong), STATUS_UNAUTHENTICATED, "BAD_CREDENTIALS",
                    "guess");
    }
    expect_name(call_log_in(&call, dora, wrong), STATUS_RESOURCE_EXHAUSTED, "LOGIN_THROTTLED",
                "sixth");
    expect(call.rpc.details != NULL && call.rpc.details->retry_after_s == 1, "a second");
    arena_deinit(&call.arena);
}

int main(void)
{
    if (!member_fixture_open()) {
        return MEMBER_SKIPPED;
    }
    signup_tells_every_fault_with_its_pointer();
    a_member_signs_up_once_logs_in_and_out();
    members_see_themselves_admins_see_all_and_the_gateway_may_check();
    a_password_change_ends_all_sessions_but_the_asking_one();
    guessing_is_throttled();
    member_fixture_close();
    puts("passed");
    return 0;
}
