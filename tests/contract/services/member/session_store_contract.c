/* session_store_contract.c - cases are plain functions with Criterion's assertions. */
#include "tests/contract/services/member/session_store_contract.h"

#include <criterion/criterion.h>
#include <string.h>

#define T0 INT64_C(1795600000123456) /* 2026-11-25, with microseconds */

enum {
    LIFE_S = 1000,
    MANY = 40 /* sessions of one member */
};

static const MemberId ann = { ID_JSON_MAX };
static const MemberId bob = { 7 };

/* Hashes that differ in their last byte alone, with bytes that are no text. */
static void hash_of(uint8_t tag, uint8_t ret_hash[SESSION_HASH_SIZE])
{
    memset(ret_hash, 0xFF, SESSION_HASH_SIZE);
    ret_hash[1] = 0;
    ret_hash[2] = '\n';
    ret_hash[SESSION_HASH_SIZE - 1] = tag;
}

static Session session_of(MemberId member, uint8_t tag)
{
    Session session = {
        .member = member,
        .role = MEMBER_ROLE_MEMBER,
        .created_at_us = T0,
        .ends_at_us = T0 + LIFE_S * US_PER_S,
    };

    hash_of(tag, session.hash);
    return session;
}

static void begin(SessionStore *store, MemberId member, uint8_t tag)
{
    Session session = session_of(member, tag);

    cr_assert_eq(store->ops->begin(store, &session, T0).code, STATUS_OK);
}

static void end(SessionStore *store, MemberId member, uint8_t tag)
{
    uint8_t hash[SESSION_HASH_SIZE];

    hash_of(tag, hash);
    cr_assert_eq(store->ops->end(store, member, hash).code, STATUS_OK);
}

static void end_others(SessionStore *store, MemberId member, uint8_t kept_tag)
{
    uint8_t keep[SESSION_HASH_SIZE];

    hash_of(kept_tag, keep);
    cr_assert_eq(store->ops->end_others(store, member, keep).code, STATUS_OK);
}

static bool find_at(SessionStore *store, uint8_t tag, int64_t at_us, Session *ret_session)
{
    uint8_t hash[SESSION_HASH_SIZE];
    bool found = false;

    hash_of(tag, hash);
    cr_assert_eq(store->ops->find(store, hash, at_us, &found, ret_session).code, STATUS_OK);
    return found;
}

static bool is_in(SessionStore *store, uint8_t tag)
{
    Session session;

    return find_at(store, tag, T0 + 1, &session);
}

static void expect_same(const Session *session, const Session *expected)
{
    cr_expect_arr_eq(session->hash, expected->hash, SESSION_HASH_SIZE);
    cr_expect_eq(session->member.value, expected->member.value);
    cr_expect_eq(session->role, expected->role);
    cr_expect_eq(session->created_at_us, expected->created_at_us);
    cr_expect_eq(session->ends_at_us, expected->ends_at_us);
}

static void gives_back_a_session_as_it_began(SessionStore *store)
{
    Session admin = session_of(ann, 1);
    Session member = session_of(bob, 2);
    Session found;

    admin.role = MEMBER_ROLE_ADMIN;
    admin.created_at_us = T0 - 5;
    cr_assert_eq(store->ops->begin(store, &admin, T0).code, STATUS_OK);
    cr_assert_eq(store->ops->begin(store, &member, T0).code, STATUS_OK);
    cr_assert(find_at(store, 1, T0 + 1, &found));
    expect_same(&found, &admin);
    cr_assert(find_at(store, 2, T0 + 1, &found));
    expect_same(&found, &member);
}

static void does_not_find_what_never_began(SessionStore *store)
{
    Session untouched = { .role = MEMBER_ROLE_ADMIN, .created_at_us = 77 };

    begin(store, ann, 1);
    cr_expect_not(find_at(store, 2, T0, &untouched));
    cr_expect_eq(untouched.created_at_us, 77, "untouched by failures");
}

static void keeps_a_session_up_to_its_end_and_no_longer(SessionStore *store)
{
    Session session = session_of(ann, 1);
    Session found = { .created_at_us = 77 };

    begin(store, ann, 1);
    cr_expect(find_at(store, 1, session.ends_at_us - 1, &found));
    found.created_at_us = 77;
    cr_expect_not(find_at(store, 1, session.ends_at_us, &found));
    cr_expect_eq(found.created_at_us, 77, "untouched by failures");
}

static void does_not_find_a_session_that_was_over_when_it_began(SessionStore *store)
{
    Session session = session_of(ann, 1);

    session.ends_at_us = T0;
    cr_assert_eq(store->ops->begin(store, &session, T0).code, STATUS_OK);
    cr_expect_not(is_in(store, 1));
}

static void knows_the_later_one_of_two_beginnings(SessionStore *store)
{
    Session again = session_of(ann, 1);
    Session found;

    begin(store, ann, 1);
    again.role = MEMBER_ROLE_ADMIN;
    again.ends_at_us += US_PER_S;
    cr_assert_eq(store->ops->begin(store, &again, T0).code, STATUS_OK);
    cr_assert(find_at(store, 1, again.ends_at_us - 1, &found));
    expect_same(&found, &again);
    end(store, ann, 1);
    cr_expect_not(is_in(store, 1), "it began twice and is one session");
}

static void ends_one_session_and_no_other_as_often_as_asked(SessionStore *store)
{
    begin(store, ann, 1);
    begin(store, ann, 2);
    begin(store, bob, 3);
    end(store, ann, 1);
    end(store, ann, 1);
    end(store, bob, 9);
    cr_expect_not(is_in(store, 1));
    cr_expect(is_in(store, 2));
    cr_expect(is_in(store, 3));
    begin(store, ann, 1);
    cr_expect(is_in(store, 1), "what was ended may begin again");
}

static void ends_the_others_of_one_member_alone(SessionStore *store)
{
    for (uint8_t tag = 0; tag < MANY; tag++) {
        begin(store, ann, tag);
    }
    begin(store, bob, MANY);
    end_others(store, ann, 5);
    for (uint8_t tag = 0; tag <= MANY; tag++) {
        cr_expect_eq(is_in(store, tag), tag == 5 || tag == MANY, "session %d", tag);
    }
    end_others(store, ann, MANY);
    cr_expect_not(is_in(store, 5), "another member's session saves none");
    cr_expect(is_in(store, MANY));
    end_others(store, ann, 5); /* there is nothing left to end */
}

static void ends_all_of_a_member_when_none_is_kept(SessionStore *store)
{
    begin(store, ann, 1);
    begin(store, ann, 2);
    begin(store, bob, 3);
    end(store, ann, 2);
    cr_assert_eq(store->ops->end_others(store, ann, NULL).code, STATUS_OK);
    cr_expect_not(is_in(store, 1));
    cr_expect(is_in(store, 3));
    begin(store, ann, 2);
    cr_assert_eq(store->ops->end_others(store, ann, NULL).code, STATUS_OK);
    cr_expect_not(is_in(store, 2), "a session that began later is ended like the first");
}

static void says_how_long_sessions_live(SessionStore *store)
{
    cr_expect_gt(store->idle_s, 0);
    cr_expect_geq(store->max_s, store->idle_s);
    cr_expect_leq(store->max_s, ENDED_KEPT_S, "none outlives the row that ended it");
}

const SessionStoreCase session_store_cases[] = {
    { "gives back a session as it began", gives_back_a_session_as_it_began },
    { "does not find what never began", does_not_find_what_never_began },
    { "keeps a session up to its end and no longer", keeps_a_session_up_to_its_end_and_no_longer },
    { "does not find a session that was over when it began",
      does_not_find_a_session_that_was_over_when_it_began },
    { "knows the later one of two beginnings", knows_the_later_one_of_two_beginnings },
    { "ends one session and no other, as often as asked",
      ends_one_session_and_no_other_as_often_as_asked },
    { "ends the others of one member alone", ends_the_others_of_one_member_alone },
    { "ends all of a member when none is kept", ends_all_of_a_member_when_none_is_kept },
    { "says how long sessions live", says_how_long_sessions_live },
};

const size_t session_store_case_count = sizeof session_store_cases / sizeof session_store_cases[0];
