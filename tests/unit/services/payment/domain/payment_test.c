/* The rules of charges and inquiries, as tables. */
#include <criterion/criterion.h>
#include <string.h>

#include "services/payment/domain/payment.h"

static const Charge good = { .order = { 7 },
                             .member = { 3 },
                             .amount = { 1000 },
                             .currency = "KRW",
                             .attempt = 1,
                             .token = "tok_ok" };

Test(payment, takes_a_charge_in_range_and_no_other)
{
    Charge charges[] = { good, good, good, good, good, good, good, good };

    charges[1].member.value = 0;
    charges[2].amount.minor = 0;
    charges[3].amount.minor = MONEY_MAX + 1;
    charges[4].attempt = 0;
    charges[5].attempt = PAYMENT_ATTEMPTS_MAX + 1;
    memcpy(charges[6].currency, "krw", 4);
    memcpy(charges[7].currency, "KR", 3);
    cr_expect_eq(charge_check(&charges[0]).code, STATUS_OK);
    for (size_t i = 1; i < sizeof charges / sizeof charges[0]; i++) {
        cr_expect_eq(charge_check(&charges[i]).code, STATUS_INVALID_ARGUMENT, "%zu", i);
    }
}

Test(payment, knows_a_well_formed_token)
{
    char token[PAYMENT_TOKEN_SIZE + 1];

    memset(token, 'a', sizeof token);
    token[PAYMENT_TOKEN_SIZE] = '\0';
    cr_expect_not(token_is_well_formed(token));
    token[PAYMENT_TOKEN_SIZE - 1] = '\0';
    cr_expect(token_is_well_formed(token));
    cr_expect(token_is_well_formed("tok_ok"));
    cr_expect_not(token_is_well_formed(""));
    cr_expect_not(token_is_well_formed("tok ok"));
    cr_expect_not(token_is_well_formed("tok_\xea\xb9\x80"));
    cr_expect_not(token_is_well_formed("tok\n"));
}

Test(payment, writes_down_every_outcome)
{
    static const struct {
        OutcomeKind kind;
        PaymentStatus status;
        int64_t captured;
        const char *reason;
        int64_t next_after_us;
    } rows[] = {
        { OUTCOME_CAPTURED, PAYMENT_CAPTURED, 1000, "", 0 },
        { OUTCOME_DECLINED, PAYMENT_DECLINED, 0, "CARD_DECLINED", 0 },
        { OUTCOME_VOIDED, PAYMENT_DECLINED, 0, "NOT_CHARGED", 0 },
        { OUTCOME_NO_ANSWER, PAYMENT_UNKNOWN, 0, "", US_PER_S },
        { OUTCOME_PROCESSING, PAYMENT_UNKNOWN, 0, "", US_PER_S },
        { OUTCOME_NOT_FOUND, PAYMENT_UNKNOWN, 0, "", US_PER_S },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Payment payment = { .order = { 7 } };
        Attempt attempt;
        Outcome outcome = {
            .kind = rows[i].kind, .amount = { 1000 }, .reason = "CARD_DECLINED", .reference = "ref"
        };

        payment_begin(&payment, &good, 100, &attempt);
        payment_settle(&payment, &attempt, &outcome, 200);
        cr_expect_eq(attempt.status, rows[i].status, "row %zu", i);
        cr_expect_eq(payment.status, rows[i].status, "row %zu", i);
        cr_expect_eq(payment.captured.minor, rows[i].captured, "row %zu", i);
        cr_expect_str_eq(attempt.reason, rows[i].reason, "row %zu", i);
        cr_expect_eq(attempt.next_inquiry_at_us,
                     rows[i].next_after_us == 0 ? 0 : 200 + rows[i].next_after_us, "row %zu", i);
        cr_expect_eq(attempt.updated_at_us, 200, "row %zu", i);
    }
}

Test(payment, admits_a_new_attempt_only_after_declines)
{
    static const struct {
        OutcomeKind first;
        StatusCode second;
    } rows[] = {
        { OUTCOME_DECLINED, STATUS_OK },
        { OUTCOME_VOIDED, STATUS_OK },
        { OUTCOME_CAPTURED, STATUS_FAILED_PRECONDITION },
        { OUTCOME_NO_ANSWER, STATUS_FAILED_PRECONDITION },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Payment payment = { .order = { 7 } };
        Attempt attempt;
        Outcome outcome = { .kind = rows[i].first };

        payment_begin(&payment, &good, 100, &attempt);
        cr_expect_eq(payment_admit(&payment).code, STATUS_FAILED_PRECONDITION, "while pending");
        payment_settle(&payment, &attempt, &outcome, 200);
        cr_expect_eq(payment_admit(&payment).code, rows[i].second, "row %zu", i);
        cr_expect_eq(payment_find_attempt(&payment, 1), &attempt);
        cr_expect_null(payment_find_attempt(&payment, 2));
    }
}

Test(payment, tells_a_repetition_from_another_charge)
{
    Payment payment = { .order = { 7 } };
    Attempt attempt;
    Charge other = good;

    cr_expect_eq(payment_compare(&payment, &other).code, STATUS_OK, "nothing is known yet");
    payment_begin(&payment, &good, 100, &attempt);
    cr_expect_eq(payment_compare(&payment, &good).code, STATUS_OK);
    other.amount.minor = 999;
    cr_expect_eq(payment_compare(&payment, &other).code, STATUS_FAILED_PRECONDITION);
    other = good;
    other.member.value = 4;
    cr_expect_eq(payment_compare(&payment, &other).code, STATUS_FAILED_PRECONDITION);
    other = good;
    memcpy(other.currency, "USD", 4);
    cr_expect_eq(payment_compare(&payment, &other).code, STATUS_FAILED_PRECONDITION);
}

Test(payment, waits_longer_after_each_inquiry)
{
    static const int64_t seconds[] = { 1, 2, 4, 8, 16, 32, 60, 60 };

    for (uint32_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        cr_expect_eq(inquiry_delay_us(i), seconds[i] * US_PER_S, "after %u", i);
    }
    cr_expect_eq(inquiry_delay_us(UINT32_MAX), 60 * US_PER_S);
}

Test(payment, counts_inquiries_and_spaces_them)
{
    static const int64_t next_s[] = { 1, 2, 4, 8 };
    Payment payment = { .order = { 7 } };
    Attempt attempt;
    Outcome outcome = { .kind = OUTCOME_PROCESSING };

    payment_begin(&payment, &good, 0, &attempt);
    for (uint32_t i = 0; i < sizeof next_s / sizeof next_s[0]; i++) {
        payment_settle(&payment, &attempt, &outcome, 0);
        cr_expect_eq(attempt.inquiries, i);
        cr_expect_eq(attempt.next_inquiry_at_us, next_s[i] * US_PER_S);
    }
}

Test(payment, gives_up_only_on_what_the_provider_does_not_know_after_a_while)
{
    static const struct {
        OutcomeKind kind;
        int64_t age_us;
        bool gives_up;
    } rows[] = {
        { OUTCOME_NOT_FOUND, 3 * US_PER_S - 1, false },
        { OUTCOME_NOT_FOUND, 3 * US_PER_S, true },
        { OUTCOME_PROCESSING, 3600 * US_PER_S, false },
        { OUTCOME_NO_ANSWER, 3600 * US_PER_S, false },
        { OUTCOME_CAPTURED, 3600 * US_PER_S, false },
        { OUTCOME_DECLINED, 3600 * US_PER_S, false },
    };
    Attempt attempt = { .created_at_us = 1000 };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(inquiry_gives_up(&attempt, rows[i].kind, 1000 + rows[i].age_us),
                     rows[i].gives_up, "row %zu", i);
    }
}
