/* login_sessions_test.c - sessions against a real Redis. Member numbers are the test's
 * own; what they leave is ended at the end. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/redis/login_sessions.h"

enum {
    OFTEN = 1100 /* sessions, more than the index holds */
};

static const MemberId ann = { UINT64_C(9007199254740991) };
static const MemberId bob = { UINT64_C(9007199254740990) };

static Redis *redis;
static int64_t now_us;

static void setup(void)
{
    cr_assert_eq(redis_open(getenv("JUMUN_TEST_REDIS_URL"), 5000, &redis).code, STATUS_OK);
    now_us = clock_wall_us(clock_system());
}

static void teardown(void)
{
    cr_expect_eq(login_sessions_end_others(redis, ann, NULL).code, STATUS_OK);
    cr_expect_eq(login_sessions_end_others(redis, bob, NULL).code, STATUS_OK);
    redis_close(redis);
}

TestSuite(login_sessions, .init = setup, .fini = teardown);

static LoginSession session_of(MemberId member, uint8_t tag)
{
    LoginSession session = {
        .hash = { tag, 0xAB },
        .member = member,
        .role = 1,
        .created_at_us = now_us,
        .ends_at_us = now_us + SESSION_MAX_S * US_PER_S,
    };

    return session;
}

static void begin(MemberId member, uint8_t tag)
{
    LoginSession session = session_of(member, tag);

    cr_assert_eq(login_session_begin(redis, &session, now_us).code, STATUS_OK);
}

/* Looks one session up at a time of the caller's choice. */
static bool find_at(uint8_t tag, int64_t at_us, LoginSession *ret_session)
{
    LoginLookup lookup = { .hash = { tag, 0xAB } };
    LoginLookup *lookups[] = { &lookup };

    cr_assert_eq(login_sessions_find(redis, lookups, 1, at_us).code, STATUS_OK);
    if (lookup.found) {
        *ret_session = lookup.session;
    }
    return lookup.found;
}

static bool is_in(uint8_t tag)
{
    LoginSession session;

    return find_at(tag, now_us, &session);
}

static void key_of(uint8_t tag, char ret_key[80])
{
    char hex[TOKEN_HASH_HEX_SIZE];

    token_hash_hex((const uint8_t[TOKEN_HASH_SIZE]){ tag, 0xAB }, hex);
    (void)snprintf(ret_key, 80, "sess:%s", hex);
}

static int64_t ask(size_t count, const char *const *words)
{
    const RedisReply *replies;
    size_t reply_count;

    redis_append(redis, count, words, NULL);
    cr_assert_eq(redis_run(redis, &replies, &reply_count).code, STATUS_OK);
    cr_assert_neq(replies[0].type, REDIS_ERROR, "%s", replies[0].text);
    return replies[0].integer;
}

static int64_t life_left_ms(uint8_t tag)
{
    char key[80];

    key_of(tag, key);
    return ask(2, (const char *[]){ "PTTL", key });
}

static void set_life_ms(uint8_t tag, const char *life)
{
    char key[80];

    key_of(tag, key);
    cr_assert_eq(ask(3, (const char *[]){ "PEXPIRE", key, life }), 1);
}

Test(login_sessions, what_began_is_found_with_all_that_was_said_of_it)
{
    LoginSession begun = session_of(ann, 1);
    LoginSession found;

    begun.role = 2;
    begun.created_at_us = now_us - 1;
    cr_assert_eq(login_session_begin(redis, &begun, now_us).code, STATUS_OK);
    cr_assert(find_at(1, now_us, &found));
    cr_expect_eq(found.member.value, ann.value);
    cr_expect_eq(found.role, 2);
    cr_expect_eq(found.created_at_us, begun.created_at_us);
    cr_expect_eq(found.ends_at_us, begun.ends_at_us);
    cr_expect_arr_eq(found.hash, begun.hash, sizeof found.hash);
    cr_expect_not(is_in(2), "a token nobody has");
}

Test(login_sessions, a_batch_answers_each_lookup_for_itself)
{
    enum {
        BATCH = REDIS_PIPELINE_MAX / 2
    };
    static LoginLookup lookups[BATCH];
    LoginLookup *pointers[BATCH];

    begin(ann, 1);
    begin(bob, 2);
    for (size_t i = 0; i < BATCH; i++) {
        lookups[i] = (LoginLookup){ .hash = { (uint8_t)(i % 3), 0xAB } };
        pointers[i] = &lookups[i];
    }
    cr_assert_eq(login_sessions_find(redis, pointers, BATCH, now_us).code, STATUS_OK);
    for (size_t i = 0; i < BATCH; i++) {
        cr_assert_eq(lookups[i].found, i % 3 != 0, "lookup %zu", i);
        if (lookups[i].found) {
            cr_assert_eq(lookups[i].session.member.value, i % 3 == 1 ? ann.value : bob.value);
        }
    }
}

Test(login_sessions, use_slides_a_session_once_a_minute)
{
    begin(ann, 1);
    set_life_ms(1, "1800000");
    cr_assert(is_in(1));
    cr_expect_gt(life_left_ms(1), 3590000, "slid");
    set_life_ms(1, "3570000");
    cr_assert(is_in(1));
    cr_expect_leq(life_left_ms(1), 3570000, "slid less than a minute ago: left alone");
}

Test(login_sessions, no_session_slides_beyond_its_absolute_end)
{
    LoginSession session = session_of(ann, 1);
    LoginSession found;

    session.ends_at_us = now_us + 600 * US_PER_S;
    cr_assert_eq(login_session_begin(redis, &session, now_us).code, STATUS_OK);
    cr_expect_leq(life_left_ms(1), 600000);
    set_life_ms(1, "300000");
    cr_assert(find_at(1, now_us, &found));
    cr_expect_leq(life_left_ms(1), 600000);
    cr_expect_gt(life_left_ms(1), 590000);
    /* Also if Redis kept it too long. */
    set_life_ms(1, "3600000");
    cr_expect_not(find_at(1, session.ends_at_us, &found));
}

Test(login_sessions, an_ended_session_is_over_and_others_are_not)
{
    begin(ann, 1);
    begin(ann, 2);
    begin(bob, 3);
    cr_assert_eq(login_session_end(redis, ann, (const uint8_t[TOKEN_HASH_SIZE]){ 1, 0xAB }).code,
                 STATUS_OK);
    cr_expect_not(is_in(1));
    cr_expect(is_in(2));
    cr_expect(is_in(3));
    cr_expect_eq(login_session_end(redis, ann, (const uint8_t[TOKEN_HASH_SIZE]){ 1, 0xAB }).code,
                 STATUS_OK, "repeatable");
}

Test(login_sessions, ending_the_others_spares_one_and_other_members)
{
    for (uint8_t tag = 1; tag <= 5; tag++) {
        begin(ann, tag);
    }
    begin(bob, 6);
    cr_assert_eq(
        login_sessions_end_others(redis, ann, (const uint8_t[TOKEN_HASH_SIZE]){ 3, 0xAB }).code,
        STATUS_OK);
    for (uint8_t tag = 1; tag <= 5; tag++) {
        cr_expect_eq(is_in(tag), tag == 3, "session %d", tag);
    }
    cr_expect(is_in(6));
    cr_assert_eq(login_sessions_end_others(redis, ann, NULL).code, STATUS_OK);
    cr_expect_not(is_in(3));
    cr_expect_eq(login_sessions_end_others(redis, ann, NULL).code, STATUS_OK, "nothing left");
}

static LoginSession often(int index)
{
    LoginSession session = session_of(ann, 1);

    session.hash[2] = (uint8_t)(index >> 8);
    session.hash[3] = (uint8_t)index;
    session.created_at_us = now_us + index;
    return session;
}

Test(login_sessions, ending_takes_all_of_a_member_who_logged_in_very_often)
{
    char index[64];

    (void)snprintf(index, sizeof index, "sessions:%" PRIu64, ann.value);
    for (int i = 0; i < OFTEN; i++) {
        LoginSession session = often(i);

        cr_assert_eq(login_session_begin(redis, &session, now_us).code, STATUS_OK);
    }
    cr_expect_eq(ask(2, (const char *[]){ "ZCARD", index }), 1000, "the index is bounded");
    cr_assert_eq(login_sessions_end_others(redis, ann, NULL).code, STATUS_OK);
    cr_expect_eq(ask(2, (const char *[]){ "ZCARD", index }), 0);
    LoginSession newest = often(OFTEN - 1);
    LoginLookup lookup = { .found = true };
    LoginLookup *lookups[] = { &lookup };
    memcpy(lookup.hash, newest.hash, sizeof lookup.hash);
    cr_assert_eq(login_sessions_find(redis, lookups, 1, now_us).code, STATUS_OK);
    cr_expect_not(lookup.found);
    for (int i = 0; i < OFTEN; i++) { /* those that fell out of the index */
        LoginSession session = often(i);

        cr_assert_eq(login_session_end(redis, ann, session.hash).code, STATUS_OK);
    }
}

Test(login_sessions, content_that_is_no_session_lets_nobody_in)
{
    static const char *const bad[] = {
        "",
        "1",
        "0 1 5 99999999999999999",
        "x 1 5 99999999999999999",
        "1 1 5 99999999999999999 more",
        "99999999999999999 1 5 99999999999999999",
    };
    char key[80];

    key_of(9, key);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)ask(5, (const char *[]){ "SET", key, bad[i], "PX", "60000" });
        cr_expect_not(is_in(9), "%s", bad[i]);
    }
    (void)ask(2, (const char *[]){ "DEL", key });
}
