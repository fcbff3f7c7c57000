/* login_test.c - signup, login and logout over fakes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "services/member/app/get_members.h"
#include "services/member/app/login.h"
#include "services/member/app/logout.h"
#include "services/member/app/signup.h"
#include "tests/support/fake_member.h"

static FakeMember fake;

static void setup(void)
{
    fake_member_init(&fake);
}

TestSuite(signup, .init = setup);
TestSuite(login, .init = setup);
TestSuite(logout, .init = setup);

static Signup anna(void)
{
    Signup item = { .login_id = "Anna.Lee", .password = "a good one", .name = "Anna" };

    return item;
}

static void sign_up_anna(void)
{
    Signup item = anna();

    cr_assert_eq(signup(&fake.app, &item).code, STATUS_OK);
}

static Status try_log_in(const char *login_id, const char *password, Login *ret_login)
{
    *ret_login = (Login){ .login_id = login_id, .password = password };
    return log_in(&fake.app, ret_login);
}

/* What GetMember says of a session. */
static bool is_over(const Session *session)
{
    GetMember item = {
        .query = { .id = session->member, .session = session->hash },
        .session_created_at_us = session->created_at_us,
    };
    GetMember *items[] = { &item };

    get_members(&fake.app, items, 1);
    cr_assert_eq(item.status.code, STATUS_OK);
    return item.session_over;
}

Test(signup, stores_a_member_whose_password_is_hashed)
{
    Signup item = anna();

    cr_assert_eq(signup(&fake.app, &item).code, STATUS_OK);
    const Member *member = &fake.store.members[0];
    cr_expect_eq(member->id.value, item.member.value);
    cr_expect(item.member.value > 0 && item.member.value <= ID_JSON_MAX);
    cr_expect_str_eq(member->login_id, "Anna.Lee");
    cr_expect_str_eq(member->name, "Anna");
    cr_expect_str_eq(member->password_hash, "1:1:a good one");
    cr_expect_eq(member->role, MEMBER_ROLE_MEMBER);
    cr_expect_eq(member->status, MEMBER_ACTIVE);
    cr_expect_eq(member->created_at_us, fake.clock.now_us);
}

Test(signup, of_a_taken_login_id_is_refused_in_any_case_and_before_any_hashing)
{
    sign_up_anna();
    Signup item = anna();
    item.login_id = "ANNA.lee";
    size_t hashes = fake.secrets.hashes;
    Status status = signup(&fake.app, &item);

    cr_expect_eq(status.code, STATUS_ALREADY_EXISTS);
    cr_expect_str_eq(status.name, "LOGIN_ID_TAKEN");
    cr_expect_eq(fake.secrets.hashes, hashes);
    cr_expect_eq(fake.store.member_count, 1);
}

Test(signup, with_a_fault_touches_nothing)
{
    Signup item = { .login_id = "a", .password = "b", .name = "" };

    cr_expect_eq(signup(&fake.app, &item).code, STATUS_INVALID_ARGUMENT);
    cr_expect_eq(item.faults.count, 3);
    cr_expect_eq(fake.store.calls, 0);
    cr_expect_eq(fake.secrets.hashes, 0);
}

Test(signup, with_a_lost_commit_is_read_back)
{
    Signup item = anna();

    fake.store.fails_at = 2; /* find, append */
    fake.store.fault = FAKE_LOSES_ANSWER;
    cr_expect_eq(signup(&fake.app, &item).code, STATUS_OK, "it was there");
    cr_expect_eq(fake.store.member_count, 1);
    setup();
    fake.store.fails_at = 2;
    fake.store.fault = FAKE_LOSES_CALL;
    cr_expect_eq(signup(&fake.app, &item).code, STATUS_UNAVAILABLE, "it was not");
    setup();
    fake.store.fails_at = 2;
    fake.store.fault = FAKE_LOSES_ANSWER;
    fake.store.stays_down = true;
    cr_expect_eq(signup(&fake.app, &item).code, STATUS_UNKNOWN, "nobody can tell");
}

Test(signup, without_a_leased_node_makes_no_member)
{
    Signup item = anna();

    atomic_store(&fake.ids.valid_until_us, 0);
    cr_expect_eq(signup(&fake.app, &item).code, STATUS_UNAVAILABLE);
    cr_expect_eq(fake.store.member_count, 0);
}

Test(signup, of_an_admin_creates_one_or_takes_over_the_member_and_ends_his_sessions)
{
    Signup item = anna();
    Login login_item;

    cr_assert_eq(create_admin(&fake.app, &item).code, STATUS_OK);
    cr_expect_eq(fake.store.members[0].role, MEMBER_ROLE_ADMIN);
    setup();
    sign_up_anna();
    cr_assert_eq(try_log_in("Anna.Lee", "a good one", &login_item).code, STATUS_OK);
    fake.store.members[0].status = MEMBER_DISABLED;
    item.password = "another one";
    cr_assert_eq(create_admin(&fake.app, &item).code, STATUS_OK);
    cr_expect_eq(fake.store.member_count, 1);
    cr_expect_eq(fake.store.members[0].role, MEMBER_ROLE_ADMIN);
    cr_expect_eq(fake.store.members[0].status, MEMBER_ACTIVE);
    cr_expect(is_over(&fake.sessions.sessions[0]));
    cr_expect_eq(try_log_in("Anna.Lee", "another one", &login_item).code, STATUS_OK);
    cr_expect_eq(try_log_in("Anna.Lee", "a good one", &login_item).code, STATUS_UNAUTHENTICATED);
}

Test(login, begins_a_session_that_is_not_over)
{
    Login item;

    sign_up_anna();
    cr_assert_eq(try_log_in("anna.LEE", "a good one", &item).code, STATUS_OK);
    cr_assert_eq(fake.sessions.count, 1);
    const Session *session = &fake.sessions.sessions[0];
    cr_expect_eq(session->member.value, item.member.id.value);
    cr_expect_eq(session->created_at_us, fake.clock.now_us);
    cr_expect_eq(session->ends_at_us, fake.clock.now_us + FAKE_MAX_S * US_PER_S);
    cr_expect_eq(item.expires_at_us, fake.clock.now_us + FAKE_IDLE_S * US_PER_S);
    cr_expect_gt(strlen(item.token), 0);
    cr_expect_not(is_over(session));
}

Test(login, gives_every_session_its_own_token)
{
    Login first;
    Login second;

    sign_up_anna();
    cr_assert_eq(try_log_in("anna.lee", "a good one", &first).code, STATUS_OK);
    cr_assert_eq(try_log_in("anna.lee", "a good one", &second).code, STATUS_OK);
    cr_expect_str_neq(first.token, second.token);
    cr_expect_eq(fake.sessions.count, 2);
}

Test(login, says_and_does_the_same_for_unknown_wrong_and_disabled)
{
    static const char *const ids[] = { "anna.lee", "nobody.here", "anna.lee" };
    static const char *const passwords[] = { "a wrong one", "a good one", "a good one" };
    Login item;

    sign_up_anna();
    for (size_t i = 0; i < 3; i++) {
        size_t verifies = fake.secrets.verifies;

        fake.store.members[0].status = i == 2 ? MEMBER_DISABLED : MEMBER_ACTIVE;
        Status status = try_log_in(ids[i], passwords[i], &item);
        cr_expect_eq(status.code, STATUS_UNAUTHENTICATED);
        cr_expect_str_eq(status.name, "BAD_CREDENTIALS");
        cr_expect_eq(fake.secrets.verifies, verifies + 1, "case %zu", i);
        cr_expect_eq(fake.sessions.count, 0);
    }
    cr_expect_eq(fake.throttle.failures[0].count, 2);
    cr_expect_eq(fake.throttle.failures[1].count, 1, "unknown ids are counted alike");
}

Test(login, with_what_no_account_can_have_costs_no_hash_and_no_query)
{
    char long_password[PASSWORD_BYTES_MAX + 2];
    Login item;

    memset(long_password, 'x', sizeof long_password - 1);
    long_password[sizeof long_password - 1] = '\0';
    cr_expect_str_eq(try_log_in("anna.lee", long_password, &item).name, "BAD_CREDENTIALS");
    cr_expect_str_eq(try_log_in("anna.lee", "", &item).name, "BAD_CREDENTIALS");
    cr_expect_str_eq(try_log_in("' OR 1=1", "a good one", &item).name, "BAD_CREDENTIALS");
    cr_expect_str_eq(try_log_in("", "a good one", &item).name, "BAD_CREDENTIALS");
    cr_expect_eq(fake.secrets.verifies, 0);
    cr_expect_eq(fake.store.calls, 0);
}

Test(login, is_throttled_after_five_failures_also_with_the_right_password)
{
    Login item;

    sign_up_anna();
    for (int i = 0; i < 5; i++) {
        cr_expect_str_eq(try_log_in("anna.lee", "a wrong one", &item).name, "BAD_CREDENTIALS");
    }
    size_t verifies = fake.secrets.verifies;
    Status status = try_log_in("ANNA.lee", "a good one", &item);
    cr_expect_eq(status.code, STATUS_RESOURCE_EXHAUSTED);
    cr_expect_str_eq(status.name, "LOGIN_THROTTLED");
    cr_expect_eq(item.retry_after_s, 1);
    cr_expect_eq(fake.secrets.verifies, verifies, "refused before hashing");
    fake.clock.now_us += US_PER_S;
    cr_expect_eq(try_log_in("anna.lee", "a good one", &item).code, STATUS_OK);
    cr_expect_str_eq(try_log_in("anna.lee", "a wrong one", &item).name, "BAD_CREDENTIALS");
    cr_expect_eq(fake.throttle.failures[0].count, 1, "a success forgets");
}

Test(login, is_closed_while_the_counters_are_gone)
{
    Login item;

    sign_up_anna();
    fake.throttle.is_down = true;
    cr_expect_eq(try_log_in("anna.lee", "a good one", &item).code, STATUS_UNAVAILABLE);
    cr_expect_eq(try_log_in("anna.lee", "a wrong one", &item).code, STATUS_UNAVAILABLE);
    cr_expect_eq(fake.secrets.verifies, 0);
    fake.throttle.is_down = false;
    fake.throttle.cannot_count = true;
    cr_expect_eq(try_log_in("anna.lee", "a wrong one", &item).code, STATUS_UNAVAILABLE,
                 "an uncounted failure is no answer");
    cr_expect_eq(fake.secrets.verifies, 0, "and costs no hash");
}

static const MemberSecretsOps *real_secrets;
static Status of_the_meantime;

/* While this password is verified, another thread is asked about the same account. */
static bool verify_while_another_guesses(MemberSecrets *secrets, const char *hash,
                                         const char *password)
{
    Login item;

    fake.secrets.base.ops = real_secrets;
    of_the_meantime = try_log_in("anna.lee", "a good one", &item);
    return real_secrets->verify(secrets, hash, password);
}

Test(login, is_counted_before_its_password_is_verified)
{
    Login item;

    sign_up_anna();
    for (int i = 1; i < LOGIN_FAILURES_FREE; i++) {
        (void)try_log_in("anna.lee", "a wrong one", &item);
    }
    real_secrets = fake.secrets.base.ops;
    MemberSecretsOps ops = *real_secrets;
    ops.verify = verify_while_another_guesses;
    fake.secrets.base.ops = &ops;
    cr_expect_str_eq(try_log_in("anna.lee", "a wrong one", &item).name, "BAD_CREDENTIALS");
    cr_expect_str_eq(of_the_meantime.name, "LOGIN_THROTTLED", "the last free try was taken");
    fake.clock.now_us += US_PER_S;
    cr_expect_eq(try_log_in("anna.lee", "a good one", &item).code, STATUS_OK);
    cr_expect_eq(fake.throttle.failures[0].count, 0, "its own count, too, is forgotten");
}

Test(login, without_a_stored_session_fails)
{
    Login item;

    sign_up_anna();
    fake.sessions.is_down = true;
    cr_expect_eq(try_log_in("anna.lee", "a good one", &item).code, STATUS_UNAVAILABLE);
    cr_expect_eq(strlen(item.token), 0);
}

Test(login, renews_a_hash_made_with_older_parameters)
{
    Login item;

    sign_up_anna();
    fake.secrets.parameters = '2';
    cr_assert_eq(try_log_in("anna.lee", "a good one", &item).code, STATUS_OK);
    cr_expect_eq(fake.store.members[0].password_hash[0], '2');
    cr_expect_not(is_over(&fake.sessions.sessions[0]), "no session ends by it");
    size_t hashes = fake.secrets.hashes;
    cr_assert_eq(try_log_in("anna.lee", "a good one", &item).code, STATUS_OK);
    cr_expect_eq(fake.secrets.hashes, hashes, "once");
}

Test(login, goes_on_when_the_hash_cannot_be_renewed)
{
    Login item;

    sign_up_anna();
    fake.secrets.parameters = '2';
    fake.store.fails_at = fake.store.calls + 2; /* find_by_login, update */
    fake.store.fault = FAKE_IS_DOWN;
    cr_expect_eq(try_log_in("anna.lee", "a good one", &item).code, STATUS_OK);
    cr_expect_eq(fake.store.members[0].password_hash[0], '1');
}

static void change_password_meanwhile(void *context)
{
    Member *member = context;

    member->sessions_valid_after_us = member_end_sessions(member, fake.clock.now_us);
    member->version++;
}

Test(login, that_a_password_change_overtakes_ends_at_once)
{
    Login item;

    sign_up_anna();
    fake.sessions.on_begin = change_password_meanwhile;
    fake.sessions.context = &fake.store.members[0];
    cr_expect_str_eq(try_log_in("anna.lee", "a good one", &item).name, "BAD_CREDENTIALS");
    cr_expect_eq(fake.sessions.count, 0);
}

Test(login, works_at_once_after_the_clock_has_stepped_back)
{
    Login item;

    sign_up_anna();
    fake.clock.now_us -= 3600 * US_PER_S;
    cr_assert_eq(try_log_in("anna.lee", "a good one", &item).code, STATUS_OK);
    cr_expect_not(is_over(&fake.sessions.sessions[0]));
}

Test(login, whatever_call_of_the_store_fails_no_session_is_left_without_its_token)
{
    for (size_t k = 1; k <= 2; k++) {
        Login item;

        setup();
        sign_up_anna();
        fake.store.fails_at = fake.store.calls + k;
        fake.store.fault = FAKE_IS_DOWN;
        cr_expect_eq(try_log_in("anna.lee", "a good one", &item).code, STATUS_UNAVAILABLE);
        cr_expect_eq(fake.sessions.count, 0, "call %zu", k);
        cr_expect_eq(strlen(item.token), 0);
    }
}

static Logout logout_of(const Session *session)
{
    Logout item = { .member = session->member };

    memcpy(item.session, session->hash, sizeof item.session);
    return item;
}

Test(logout, ends_a_session_for_good_though_redis_may_bring_it_back)
{
    Login login_item;

    sign_up_anna();
    cr_assert_eq(try_log_in("anna.lee", "a good one", &login_item).code, STATUS_OK);
    Session old = fake.sessions.sessions[0];
    Logout item = logout_of(&old);
    Logout *items[] = { &item };
    log_out(&fake.app, items, 1);
    cr_expect_eq(item.status.code, STATUS_OK);
    cr_expect_eq(fake.sessions.count, 0);
    fake.sessions.sessions[fake.sessions.count++] = old; /* Redis from the past */
    cr_expect(is_over(&old));
    log_out(&fake.app, items, 1);
    cr_expect_eq(item.status.code, STATUS_OK, "repeatable");
    cr_expect_eq(fake.store.ended_count, 1);
}

Test(logout, with_redis_down_ends_a_session_all_the_same)
{
    Login login_item;

    sign_up_anna();
    cr_assert_eq(try_log_in("anna.lee", "a good one", &login_item).code, STATUS_OK);
    Logout item = logout_of(&fake.sessions.sessions[0]);
    Logout *items[] = { &item };
    fake.sessions.is_down = true;
    log_out(&fake.app, items, 1);
    cr_expect_eq(item.status.code, STATUS_OK);
    cr_expect(is_over(&fake.sessions.sessions[0]));
}

Test(logout, that_the_database_has_not_heard_is_not_acknowledged)
{
    Login login_item;

    sign_up_anna();
    cr_assert_eq(try_log_in("anna.lee", "a good one", &login_item).code, STATUS_OK);
    for (FakeFault fault = FAKE_IS_DOWN; fault <= FAKE_LOSES_CALL; fault++) {
        Logout item = logout_of(&fake.sessions.sessions[0]);
        Logout *items[] = { &item };

        fake.store.fails_at = fake.store.calls + 1;
        fake.store.fault = fault;
        log_out(&fake.app, items, 1);
        cr_expect_eq(item.status.code, STATUS_UNAVAILABLE);
        cr_expect_eq(fake.sessions.count, 1);
    }
}

Test(logout, of_many_ends_each_and_no_other)
{
    Logout logouts[3];
    Logout *items[3];
    Login login_item;

    sign_up_anna();
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(try_log_in("anna.lee", "a good one", &login_item).code, STATUS_OK);
    }
    Session sessions[4];
    memcpy(sessions, fake.sessions.sessions, sizeof sessions);
    for (int i = 0; i < 3; i++) {
        logouts[i] = logout_of(&sessions[i]);
        items[i] = &logouts[i];
    }
    log_out(&fake.app, items, 3);
    for (int i = 0; i < 4; i++) {
        cr_expect_eq(is_over(&sessions[i]), i < 3);
    }
    cr_expect_eq(fake.sessions.count, 1);
}
