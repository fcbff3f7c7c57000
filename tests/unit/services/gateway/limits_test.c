#include <criterion/criterion.h>
#include <string.h>

#include "common/base/clock.h"
#include "services/gateway/known_sessions.h"
#include "services/gateway/limits.h"
#include "services/gateway/trace.h"

enum {
    MEMBER = 7
};

static void vouch(KnownSessions *known, const uint8_t *hash, int64_t asked_us, int role)
{
    LoginSession session = {
        .member = { MEMBER }, .role = role, .created_at_us = 3, .ends_at_us = 4
    };

    memcpy(session.hash, hash, sizeof session.hash);
    known_sessions_add(known, &session, asked_us);
}

Test(limits, requests_in_flight_are_counted)
{
    Limits *limits;

    cr_assert_eq(limits_open(2, 60, &limits).code, STATUS_OK);
    cr_expect(limits_enter(limits));
    cr_expect(limits_enter(limits));
    cr_expect_not(limits_enter(limits));
    limits_leave(limits);
    cr_expect(limits_enter(limits));
    limits_close(limits);
}

Test(limits, an_address_signs_in_as_often_as_it_may_and_no_more)
{
    Limits *limits;
    uint8_t mine[16] = { [10] = 0xFF, [11] = 0xFF, [12] = 10, [15] = 1 };
    uint8_t other[16] = { [10] = 0xFF, [11] = 0xFF, [12] = 10, [15] = 2 };

    cr_assert_eq(limits_open(1, 60, &limits).code, STATUS_OK); /* 1 a second, 30 at once */
    for (int i = 0; i < 30; i++) {
        cr_expect_eq(limits_signin(limits, mine, US_PER_S), 0);
    }
    cr_expect_geq(limits_signin(limits, mine, US_PER_S), 1);
    cr_expect_eq(limits_signins_max(limits), 30);
    cr_expect_eq(limits_signin(limits, other, US_PER_S), 0);
    cr_expect_eq(limits_signin(limits, mine, 3 * US_PER_S), 0);
    cr_expect_eq(limits_signin(limits, mine, 3 * US_PER_S), 0);
    cr_expect_geq(limits_signin(limits, mine, 3 * US_PER_S), 1);
    limits_close(limits);
}

Test(limits, a_network_of_ipv6_counts_as_one_address)
{
    Limits *limits;
    uint8_t address[16] = { 0x20, 0x01, 0x0d, 0xb8 };

    cr_assert_eq(limits_open(1, 2, &limits).code, STATUS_OK); /* one at once */
    cr_expect_eq(limits_signin(limits, address, 0), 0);
    address[15] = 9;
    cr_expect_geq(limits_signin(limits, address, 0), 1);
    address[7] = 9;
    cr_expect_eq(limits_signin(limits, address, 0), 0);
    limits_close(limits);
}

Test(limits, more_addresses_than_remembered_cost_no_more_memory)
{
    Limits *limits;
    uint8_t address[16] = { [10] = 0xFF, [11] = 0xFF };

    cr_assert_eq(limits_open(1, 2, &limits).code, STATUS_OK);
    for (uint32_t i = 0; i < LIMITS_ADDRESSES_MAX + 100; i++) {
        memcpy(address + 12, &i, 4);
        cr_expect_eq(limits_signin(limits, address, 0), 0);
    }
    cr_expect_geq(limits_signin(limits, address, 0), 1);
    memset(address + 12, 0, 4); /* the first was forgotten */
    cr_expect_eq(limits_signin(limits, address, 0), 0);
    limits_close(limits);
}

Test(known_sessions, word_counts_for_a_second_and_one_request_renews_it)
{
    KnownSessions *known;
    uint8_t hash[TOKEN_HASH_SIZE] = { 1 };
    int role = 0;

    cr_assert_eq(known_sessions_open(&known).code, STATUS_OK);
    cr_expect_eq(known_sessions_check(known, hash, 0, &role), KNOWN_ASK);
    vouch(known, hash, 0, 2);
    cr_expect_eq(known_sessions_check(known, hash, KNOWN_RENEW_US - 1, &role), KNOWN_FRESH);
    cr_expect_eq(role, 2);
    cr_expect_eq(known_sessions_check(known, hash, KNOWN_RENEW_US, &role), KNOWN_ASK);
    cr_expect_eq(known_sessions_check(known, hash, KNOWN_RENEW_US, &role), KNOWN_FRESH);
    cr_expect_eq(known_sessions_check(known, hash, KNOWN_FRESH_US + 1, &role), KNOWN_ASK);
    cr_expect_eq(known_sessions_check(known, hash, KNOWN_FRESH_US + 1, &role), KNOWN_ASK,
                 "beyond a second everybody asks");
    known_sessions_close(known);
}

Test(known_sessions, serve_for_a_minute_without_the_member_service)
{
    KnownSessions *known;
    uint8_t hash[TOKEN_HASH_SIZE] = { 1 };
    int role = 0;

    cr_assert_eq(known_sessions_open(&known).code, STATUS_OK);
    cr_expect_not(known_sessions_stale(known, hash, 0, &role));
    vouch(known, hash, 0, 1);
    cr_expect(known_sessions_stale(known, hash, KNOWN_STALE_US, &role));
    cr_expect_not(known_sessions_stale(known, hash, KNOWN_STALE_US + 1, &role));
    known_sessions_close(known);
}

Test(known_sessions, are_whose_they_were_for_a_minute_without_redis)
{
    KnownSessions *known;
    uint8_t hash[TOKEN_HASH_SIZE] = { 1 };
    LoginSession session;

    cr_assert_eq(known_sessions_open(&known).code, STATUS_OK);
    cr_expect_not(known_sessions_find(known, hash, 0, &session));
    vouch(known, hash, 0, 2);
    cr_assert(known_sessions_find(known, hash, KNOWN_STALE_US, &session));
    cr_expect_eq(session.member.value, MEMBER);
    cr_expect_eq(session.role, 2);
    cr_expect_eq(session.created_at_us, 3);
    cr_expect_eq(session.ends_at_us, 4);
    cr_expect_not(known_sessions_find(known, hash, KNOWN_STALE_US + 1, &session));
    known_sessions_close(known);
}

Test(known_sessions, that_ended_are_not_revived_by_words_asked_for_before)
{
    KnownSessions *known;
    uint8_t hash[TOKEN_HASH_SIZE] = { 1 };
    LoginSession session;
    int role = 0;

    cr_assert_eq(known_sessions_open(&known).code, STATUS_OK);
    known_sessions_end(known, hash, 0); /* not known: nothing to end */
    vouch(known, hash, 5, 1);
    known_sessions_end(known, hash, 10);
    cr_expect_eq(known_sessions_check(known, hash, 11, &role), KNOWN_ASK);
    cr_expect_not(known_sessions_stale(known, hash, 11, &role));
    cr_expect_not(known_sessions_find(known, hash, 11, &session));
    vouch(known, hash, 9, 1);
    cr_expect_not(known_sessions_find(known, hash, 11, &session));
    vouch(known, hash, 11, 1);
    cr_expect(known_sessions_find(known, hash, 11, &session));
    known_sessions_close(known);
}

Test(known_sessions, of_a_member_end_together_and_leave_others_alone)
{
    KnownSessions *known;
    uint8_t mine[TOKEN_HASH_SIZE] = { 1 };
    uint8_t my_other[TOKEN_HASH_SIZE] = { 2 };
    LoginSession session;
    LoginSession stranger = { .hash = { 3 }, .member = { MEMBER + 1 } };

    cr_assert_eq(known_sessions_open(&known).code, STATUS_OK);
    vouch(known, mine, 5, 1);
    vouch(known, my_other, 6, 1);
    known_sessions_add(known, &stranger, 5);
    known_sessions_end_all(known, (MemberId){ MEMBER }, 10);
    vouch(known, my_other, 9, 1);
    cr_expect_not(known_sessions_find(known, mine, 11, &session));
    cr_expect_not(known_sessions_find(known, my_other, 11, &session));
    cr_expect(known_sessions_find(known, stranger.hash, 11, &session));
    vouch(known, mine, 11, 1); /* the one that remained */
    cr_expect(known_sessions_find(known, mine, 11, &session));
    known_sessions_close(known);
}

Test(known_sessions, are_bounded_and_forget_the_longest_unconfirmed)
{
    KnownSessions *known;
    uint8_t hash[TOKEN_HASH_SIZE] = { 0 };
    int role;

    cr_assert_eq(known_sessions_open(&known).code, STATUS_OK);
    for (uint32_t i = 0; i <= KNOWN_SESSIONS_MAX; i++) {
        memcpy(hash, &i, 4);
        vouch(known, hash, 0, 1);
    }
    memset(hash, 0, 4);
    cr_expect_eq(known_sessions_check(known, hash, 0, &role), KNOWN_ASK);
    hash[0] = 1;
    cr_expect_eq(known_sessions_check(known, hash, 0, &role), KNOWN_FRESH);
    known_sessions_close(known);
}

Test(trace, keeps_the_clients_trace_and_makes_its_own_span)
{
    static const char client[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    TraceSource source;
    Trace first;
    Trace second;

    trace_source_init(&source);
    trace_begin(&source, client, &first);
    cr_expect_eq(strlen(first.parent), TRACE_PARENT_SIZE - 1);
    cr_expect_eq(strncmp(first.parent, client, 36), 0);
    cr_expect_neq(strncmp(first.parent + 36, client + 36, 16), 0);
    cr_expect_str_eq(first.parent + 52, "-00");
    cr_expect_str_eq(first.trace_id, "0af7651916cd43dd8448eb211c80319c");
    trace_begin(&source, NULL, &first);
    trace_begin(&source, NULL, &second);
    cr_expect_eq(strlen(first.parent), TRACE_PARENT_SIZE - 1);
    cr_expect_eq(strlen(first.request_id), REQUEST_ID_SIZE - 1);
    cr_expect_str_neq(first.trace_id, second.trace_id);
    cr_expect_str_neq(first.request_id, second.request_id);
}
