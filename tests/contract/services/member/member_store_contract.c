/* member_store_contract.c - cases are plain functions with Criterion's assertions. */
#include "tests/contract/services/member/member_store_contract.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define T0 INT64_C(1795600000123456) /* 2026-11-25, with microseconds */

static Member member_of(uint64_t id, const char *login_id)
{
    Member member = {
        .id = { id },
        .name = "\xed\x95\x9c\xea\xb8\x80 \xf0\x9f\x98\x80 O'Neill \\",
        .password_hash = "$argon2id$v=19$m=19456,t=2,p=1$salt$hash",
        .role = MEMBER_ROLE_MEMBER,
        .status = MEMBER_ACTIVE,
        .sessions_valid_after_us = T0 + 1,
        .created_at_us = T0,
        .version = 1,
    };

    (void)snprintf(member.login_id, sizeof member.login_id, "%s", login_id);
    return member;
}

static void append(MemberStore *store, uint64_t id, const char *login_id)
{
    Member member = member_of(id, login_id);

    cr_assert_eq(store->ops->append(store, &member).code, STATUS_OK);
}

static void expect_same(const Member *member, const Member *expected)
{
    cr_expect_eq(member->id.value, expected->id.value);
    cr_expect_str_eq(member->login_id, expected->login_id);
    cr_expect_str_eq(member->name, expected->name);
    cr_expect_str_eq(member->password_hash, expected->password_hash);
    cr_expect_eq(member->role, expected->role);
    cr_expect_eq(member->status, expected->status);
    cr_expect_eq(member->sessions_valid_after_us, expected->sessions_valid_after_us);
    cr_expect_eq(member->created_at_us, expected->created_at_us);
    cr_expect_eq(member->version, expected->version);
}

static void gives_back_what_was_stored(MemberStore *store)
{
    Member member = member_of(ID_JSON_MAX, "Anna.Lee");
    Member found;

    cr_assert_eq(store->ops->append(store, &member).code, STATUS_OK);
    cr_assert_eq(store->ops->find_by_login(store, "Anna.Lee", &found).code, STATUS_OK);
    expect_same(&found, &member);
}

static void knows_login_ids_in_any_case(MemberStore *store)
{
    Member again = member_of(2, "ANNA.lee");
    Member found = { .version = 77 };

    append(store, 1, "Anna.Lee");
    cr_expect_eq(store->ops->append(store, &again).code, STATUS_ALREADY_EXISTS);
    cr_expect_eq(store->ops->find_by_login(store, "aNNA.lEE", &found).code, STATUS_OK);
    cr_expect_str_eq(found.login_id, "Anna.Lee", "as it was first written");
    found.version = 77;
    cr_expect_eq(store->ops->find_by_login(store, "anna_lee", &found).code, STATUS_NOT_FOUND);
    cr_expect_eq(store->ops->find_by_login(store, "' OR ''='", &found).code, STATUS_NOT_FOUND);
    cr_expect_eq(store->ops->find_by_login(store, "%", &found).code, STATUS_NOT_FOUND);
    cr_expect_eq(found.version, 77, "untouched by failures");
}

static void refuses_a_member_id_twice(MemberStore *store)
{
    Member again = member_of(1, "another");

    append(store, 1, "anna.lee");
    cr_expect_eq(store->ops->append(store, &again).code, STATUS_ALREADY_EXISTS);
}

static void updates_what_has_not_changed_meanwhile(MemberStore *store)
{
    Member member;
    Member found;

    append(store, 1, "anna.lee");
    append(store, 2, "bert.kim");
    cr_assert_eq(store->ops->find_by_login(store, "anna.lee", &member).code, STATUS_OK);
    (void)snprintf(member.name, sizeof member.name, "%s", "Anna");
    (void)snprintf(member.password_hash, sizeof member.password_hash, "%s", "another");
    member.role = MEMBER_ROLE_ADMIN;
    member.status = MEMBER_DISABLED;
    member.sessions_valid_after_us = T0 + 5000000;
    cr_assert_eq(store->ops->update(store, &member).code, STATUS_OK);
    cr_expect_eq(store->ops->update(store, &member).code, STATUS_ABORTED, "an old version");
    cr_assert_eq(store->ops->find_by_login(store, "anna.lee", &found).code, STATUS_OK);
    member.version = 2;
    expect_same(&found, &member);
    cr_assert_eq(store->ops->find_by_login(store, "bert.kim", &found).code, STATUS_OK);
    expect_same(&found, &(Member[]){ member_of(2, "bert.kim") }[0]);
    member.id = (MemberId){ 3 };
    cr_expect_eq(store->ops->update(store, &member).code, STATUS_ABORTED, "nobody");
}

static void end(MemberStore *store, uint8_t tag, int64_t at_us)
{
    uint8_t session[SESSION_HASH_SIZE] = { tag, 0, '\'', 0xff };
    const uint8_t *sessions[] = { session };

    cr_assert_eq(store->ops->append_ended(store, sessions, 1, at_us).code, STATUS_OK);
}

static bool is_ended(MemberStore *store, uint8_t tag)
{
    uint8_t session[SESSION_HASH_SIZE] = { tag, 0, '\'', 0xff };
    MemberQuery query = { .id = { 99 }, .session = session };
    MemberQuery *queries[] = { &query };

    cr_assert_eq(store->ops->find(store, queries, 1).code, STATUS_OK);
    return query.session_ended;
}

static void answers_a_full_batch_each_for_itself(MemberStore *store)
{
    static MemberQuery queries[MEMBERS_FIND_MAX];
    static uint8_t sessions[MEMBERS_FIND_MAX][SESSION_HASH_SIZE];
    MemberQuery *pointers[MEMBERS_FIND_MAX];

    append(store, 10, "anna.lee");
    append(store, 11, "bert.kim");
    end(store, 5, T0);
    for (size_t i = 0; i < MEMBERS_FIND_MAX; i++) {
        sessions[i][0] = (uint8_t)(i % 7);
        sessions[i][2] = '\'';
        sessions[i][3] = 0xff;
        queries[i] = (MemberQuery){
            .id = { 9 + i % 4 },
            .session = i % 2 == 0 ? sessions[i] : NULL,
            .found = true,
            .session_ended = true,
        };
        pointers[i] = &queries[i];
    }
    cr_assert_eq(store->ops->find(store, pointers, MEMBERS_FIND_MAX).code, STATUS_OK);
    for (size_t i = 0; i < MEMBERS_FIND_MAX; i++) {
        bool known = i % 4 == 1 || i % 4 == 2;

        cr_assert_eq(queries[i].found, known, "query %zu", i);
        cr_assert_eq(queries[i].session_ended, i % 2 == 0 && i % 7 == 5, "query %zu", i);
        if (known) {
            cr_assert_str_eq(queries[i].member.login_id, i % 4 == 1 ? "anna.lee" : "bert.kim");
        }
    }
}

static void remembers_ended_sessions_until_they_are_purged(MemberStore *store)
{
    uint64_t purged = 0;

    end(store, 1, T0);
    end(store, 2, T0 + 2);
    end(store, 1, T0 + 9); /* again: the first end counts */
    cr_expect(is_ended(store, 1));
    cr_expect(is_ended(store, 2));
    cr_expect_not(is_ended(store, 3));
    cr_assert_eq(store->ops->purge_ended(store, T0 + 1, &purged).code, STATUS_OK);
    cr_expect_eq(purged, 1);
    cr_expect_not(is_ended(store, 1));
    cr_expect(is_ended(store, 2));
    cr_assert_eq(store->ops->purge_ended(store, T0 + 1, &purged).code, STATUS_OK);
    cr_expect_eq(purged, 0);
}

static void ends_many_sessions_at_once_some_of_them_twice(MemberStore *store)
{
    uint8_t hashes[40][SESSION_HASH_SIZE];
    const uint8_t *sessions[40];

    memset(hashes, 0, sizeof hashes);
    for (size_t i = 0; i < 40; i++) {
        hashes[i][0] = (uint8_t)(i % 30);
        hashes[i][2] = '\'';
        hashes[i][3] = 0xff;
        sessions[i] = hashes[i];
    }
    end(store, 7, T0);
    cr_assert_eq(store->ops->append_ended(store, sessions, 40, T0).code, STATUS_OK);
    for (uint8_t tag = 0; tag < 32; tag++) {
        cr_expect_eq(is_ended(store, tag), tag < 30, "session %d", tag);
    }
}

const MemberStoreCase member_store_cases[] = {
    { "gives back what was stored", gives_back_what_was_stored },
    { "knows login ids in any case", knows_login_ids_in_any_case },
    { "refuses a member id twice", refuses_a_member_id_twice },
    { "updates what has not changed meanwhile", updates_what_has_not_changed_meanwhile },
    { "answers a full batch, each for itself", answers_a_full_batch_each_for_itself },
    { "remembers ended sessions until they are purged",
      remembers_ended_sessions_until_they_are_purged },
    { "ends many sessions at once, some of them twice",
      ends_many_sessions_at_once_some_of_them_twice },
};

const size_t member_store_case_count = sizeof member_store_cases / sizeof member_store_cases[0];
