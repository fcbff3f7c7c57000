/* change_password_test.c - changing passwords, and GetMember, over fakes. */
#include <criterion/criterion.h>
#include <string.h>

#include "services/member/app/change_password.h"
#include "services/member/app/get_members.h"
#include "services/member/app/login.h"
#include "services/member/app/signup.h"
#include "tests/support/fake_member.h"

enum {
    SESSIONS = 3 /* of Anna; the second one asks */
};

static FakeMember fake;
static Session sessions[SESSIONS];

static Status try_log_in(const char *login_id, const char *password)
{
    Login item = { .login_id = login_id, .password = password };

    return log_in(&fake.app, &item);
}

static void setup(void)
{
    Signup anna = { .login_id = "anna.lee", .password = "a good one", .name = "Anna" };
    Signup bert = { .login_id = "bert.kim", .password = "bert's own", .name = "Bert" };

    fake_member_init(&fake);
    cr_assert_eq(signup(&fake.app, &anna).code, STATUS_OK);
    cr_assert_eq(signup(&fake.app, &bert).code, STATUS_OK);
    for (int i = 0; i < SESSIONS; i++) {
        fake.clock.now_us += US_PER_S;
        cr_assert_eq(try_log_in("anna.lee", "a good one").code, STATUS_OK);
    }
    memcpy(sessions, fake.sessions.sessions, sizeof sessions);
    cr_assert_eq(try_log_in("bert.kim", "bert's own").code, STATUS_OK);
    fake.clock.now_us += US_PER_S;
}

TestSuite(change_password, .init = setup);
TestSuite(get_members, .init = setup);

static ChangePassword change(const char *current, const char *next)
{
    ChangePassword item = {
        .member = sessions[1].member,
        .current = current,
        .next = next,
    };

    memcpy(item.session, sessions[1].hash, sizeof item.session);
    return item;
}

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

Test(change_password, ends_all_sessions_but_the_asking_one)
{
    ChangePassword item = change("a good one", "a better one");

    cr_assert_eq(change_password(&fake.app, &item).code, STATUS_OK);
    for (int i = 0; i < SESSIONS; i++) {
        cr_expect(is_over(&sessions[i]), "the old session %d stays over, also from an old Redis",
                  i);
        cr_expect_eq(fake_session_find(&fake, sessions[i].hash) != NULL, i == 1);
    }
    const Session *kept = fake_session_find(&fake, sessions[1].hash);
    cr_assert_not_null(kept);
    cr_expect_not(is_over(kept), "it began anew");
    cr_expect_eq(kept->ends_at_us, sessions[1].ends_at_us, "with its old absolute end");
    cr_expect_eq(fake.sessions.count, 2, "Bert's is untouched");
    cr_expect_eq(try_log_in("anna.lee", "a better one").code, STATUS_OK);
    cr_expect_str_eq(try_log_in("anna.lee", "a good one").name, "BAD_CREDENTIALS");
}

Test(change_password, in_the_microsecond_of_a_login_ends_that_login_too)
{
    fake.clock.now_us = sessions[2].created_at_us;
    ChangePassword item = change("a good one", "a better one");

    cr_assert_eq(change_password(&fake.app, &item).code, STATUS_OK);
    cr_expect(is_over(&sessions[2]));
}

Test(change_password, with_a_wrong_current_one_changes_nothing_and_is_counted)
{
    ChangePassword item = change("a wrong one", "a better one");

    for (int i = 0; i < LOGIN_FAILURES_FREE; i++) {
        Status status = change_password(&fake.app, &item);

        cr_expect_eq(status.code, STATUS_UNAUTHENTICATED);
        cr_expect_str_eq(status.name, "BAD_CREDENTIALS");
    }
    cr_expect_str_eq(change_password(&fake.app, &item).name, "LOGIN_THROTTLED");
    cr_expect_eq(item.retry_after_s, 1);
    cr_expect_not(is_over(&sessions[0]));
    cr_expect_eq(fake.sessions.count, SESSIONS + 1);
}

Test(change_password, refuses_a_next_one_that_a_signup_would_refuse)
{
    ChangePassword item = change("a good one", "short");

    cr_expect_str_eq(change_password(&fake.app, &item).name, "VALIDATION");
    cr_assert_eq(item.faults.count, 1);
    cr_expect_str_eq(item.faults.faults[0].pointer, "/next");
    item = change("a good one", "Anna.Lee");
    cr_expect_str_eq(change_password(&fake.app, &item).name, "VALIDATION");
    item = change("a good one", "a good one");
    cr_expect_str_eq(change_password(&fake.app, &item).name, "VALIDATION");
    cr_expect_str_eq(item.faults.faults[0].code, "SAME_AS_CURRENT");
    cr_expect_eq(fake.secrets.verifies, 4, "only the logins of the set-up");
}

Test(change_password, ends_the_others_by_the_database_though_redis_is_down)
{
    ChangePassword item = change("a good one", "a better one");

    fake.sessions.is_down = true;
    cr_assert_eq(change_password(&fake.app, &item).code, STATUS_OK);
    for (int i = 0; i < SESSIONS; i++) {
        cr_expect(is_over(&sessions[i]));
    }
}

Test(change_password, does_not_take_another_members_session_for_its_own)
{
    ChangePassword item = change("a good one", "a better one");
    Session of_bert = fake.sessions.sessions[SESSIONS];

    memcpy(item.session, of_bert.hash, sizeof item.session);
    cr_assert_eq(change_password(&fake.app, &item).code, STATUS_OK);
    const Session *after = fake_session_find(&fake, of_bert.hash);
    cr_assert_not_null(after);
    cr_expect_eq(after->member.value, of_bert.member.value);
    cr_expect_eq(after->created_at_us, of_bert.created_at_us);
}

Test(change_password, with_a_lost_commit_is_read_back)
{
    ChangePassword item = change("a good one", "a better one");

    fake.store.fails_at = fake.store.calls + 2; /* find, update */
    fake.store.fault = FAKE_LOSES_ANSWER;
    cr_expect_eq(change_password(&fake.app, &item).code, STATUS_OK, "it was there");
    setup();
    item = change("a good one", "a better one");
    fake.store.fails_at = fake.store.calls + 2;
    fake.store.fault = FAKE_LOSES_CALL;
    cr_expect_eq(change_password(&fake.app, &item).code, STATUS_UNAVAILABLE, "it was not");
    cr_expect_not(is_over(&sessions[0]));
    fake.store.fails_at = fake.store.calls + 2;
    fake.store.fault = FAKE_LOSES_ANSWER;
    fake.store.stays_down = true;
    cr_expect_eq(change_password(&fake.app, &item).code, STATUS_UNKNOWN, "nobody can tell");
}

Test(change_password, of_a_member_who_is_gone_or_disabled_is_refused)
{
    ChangePassword item = change("a good one", "a better one");

    fake.store.members[0].status = MEMBER_DISABLED;
    cr_expect_str_eq(change_password(&fake.app, &item).name, "UNAUTHENTICATED");
    item.member = (MemberId){ 1 };
    cr_expect_str_eq(change_password(&fake.app, &item).name, "UNAUTHENTICATED");
}

Test(get_members, answers_each_of_a_batch_for_itself_with_one_call)
{
    GetMember items[] = {
        { .query = { .id = fake.store.members[0].id } },
        { .query = { .id = { 1 } } },
        { .query = { .id = fake.store.members[1].id } },
        { .query = { .id = fake.store.members[0].id, .session = sessions[0].hash },
          .session_created_at_us = sessions[0].created_at_us },
        { .query = { .id = fake.store.members[0].id, .session = sessions[0].hash },
          .session_created_at_us = fake.store.members[0].sessions_valid_after_us - 1 },
    };
    GetMember *pointers[] = { &items[0], &items[1], &items[2], &items[3], &items[4] };
    size_t calls = fake.store.calls;

    get_members(&fake.app, pointers, 5);
    cr_expect_eq(fake.store.calls, calls + 1);
    cr_expect_str_eq(items[0].query.member.name, "Anna");
    cr_expect_not(items[0].session_over);
    cr_expect_str_eq(items[1].status.name, "MEMBER_NOT_FOUND");
    cr_expect_str_eq(items[2].query.member.name, "Bert");
    cr_expect_not(items[3].session_over);
    cr_expect(items[4].session_over);
}

Test(get_members, of_a_disabled_member_says_that_the_session_is_over)
{
    fake.store.members[0].status = MEMBER_DISABLED;
    cr_expect(is_over(&sessions[0]));
}

Test(get_members, with_the_store_down_fails_every_item)
{
    GetMember item = { .query = { .id = fake.store.members[0].id } };
    GetMember *items[] = { &item };

    fake.store.fails_at = fake.store.calls + 1;
    fake.store.fault = FAKE_IS_DOWN;
    get_members(&fake.app, items, 1);
    cr_expect_eq(item.status.code, STATUS_UNAVAILABLE);
}
