#include "services/payment/domain/payment.h"

#include <assert.h>

#define INQUIRY_DELAY_MAX_US (60 * US_PER_S)
#define NOT_FOUND_GRACE_US   (3 * US_PER_S) /* a charge may still be on its way */

/* Copies what fits and a NUL. The domain calls no library. */
static void copy_text(char *to, size_t size, const char *from)
{
    size_t i = 0;

    while (i + 1 < size && from[i] != '\0') {
        to[i] = from[i];
        i++;
    }
    to[i] = '\0';
}

static bool same_text(const char *left, const char *right)
{
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return *left == *right;
}

static bool is_currency(const char *text)
{
    for (int i = 0; i < 3; i++) {
        if (text[i] < 'A' || text[i] > 'Z') {
            return false;
        }
    }
    return text[3] == '\0';
}

Status charge_check(const Charge *charge)
{
    bool good = charge->order.value != 0 && charge->member.value != 0 &&
                charge->amount.minor >= 1 && charge->amount.minor <= MONEY_MAX &&
                charge->attempt >= 1 && charge->attempt <= PAYMENT_ATTEMPTS_MAX &&
                is_currency(charge->currency);

    return good ? status_ok() : status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
}

bool token_is_well_formed(const char *token)
{
    size_t size = 0;

    while (token[size] > ' ' && token[size] <= '~') {
        if (++size == PAYMENT_TOKEN_SIZE) {
            return false;
        }
    }
    return size > 0 && token[size] == '\0';
}

Attempt *payment_find_attempt(const Payment *payment, uint32_t number)
{
    Attempt *attempt = payment->attempts;

    while (attempt != NULL && attempt->number != number) {
        attempt = attempt->next;
    }
    return attempt;
}

Status payment_admit(const Payment *payment)
{
    for (const Attempt *attempt = payment->attempts; attempt != NULL; attempt = attempt->next) {
        if (attempt->status != PAYMENT_DECLINED) {
            return status_make(STATUS_FAILED_PRECONDITION, "INVALID_STATE");
        }
    }
    return status_ok();
}

/* A payment that only an inquiry has opened knows neither member nor amount. */
Status payment_compare(const Payment *payment, const Charge *charge)
{
    bool same = payment->member.value == 0 || (payment->member.value == charge->member.value &&
                                               payment->amount.minor == charge->amount.minor &&
                                               same_text(payment->currency, charge->currency));

    return same ? status_ok() : status_make(STATUS_FAILED_PRECONDITION, "CHARGE_DIFFERS");
}

void payment_begin(Payment *payment, const Charge *charge, int64_t now_us, Attempt *attempt)
{
    *attempt = (Attempt){
        .order = charge->order,
        .number = charge->attempt,
        .status = PAYMENT_PENDING,
        .created_at_us = now_us,
        .updated_at_us = now_us,
        .changed = true,
        .next = payment->attempts,
    };
    copy_text(attempt->token, sizeof attempt->token, charge->token);
    if (payment->version == 0 && payment->attempts == NULL) {
        payment->created_at_us = now_us;
    }
    payment->attempts = attempt;
    payment->member = charge->member;
    payment->amount = charge->amount;
    copy_text(payment->currency, sizeof payment->currency, charge->currency);
    payment->status = PAYMENT_PENDING;
    payment->updated_at_us = now_us;
    payment->changed = true;
}

static void capture(Payment *payment, Attempt *attempt, const Outcome *outcome)
{
    assert(payment->captured.minor == 0);
    attempt->status = PAYMENT_CAPTURED;
    copy_text(attempt->reference, sizeof attempt->reference, outcome->reference);
    if (payment->amount.minor == 0) {
        payment->amount = outcome->amount;
    }
    payment->captured = payment->amount;
}

static void decline(Attempt *attempt, const char *reason)
{
    attempt->status = PAYMENT_DECLINED;
    copy_text(attempt->reason, sizeof attempt->reason, reason);
}

static void wait_on(Attempt *attempt, int64_t now_us)
{
    attempt->inquiries += attempt->status == PAYMENT_UNKNOWN ? 1 : 0;
    attempt->status = PAYMENT_UNKNOWN;
    attempt->next_inquiry_at_us = now_us + inquiry_delay_us(attempt->inquiries);
}

void payment_settle(Payment *payment, Attempt *attempt, const Outcome *outcome, int64_t now_us)
{
    assert(attempt->status == PAYMENT_PENDING || attempt->status == PAYMENT_UNKNOWN);

    attempt->next_inquiry_at_us = 0;
    switch (outcome->kind) {
    case OUTCOME_CAPTURED:
        capture(payment, attempt, outcome);
        break;
    case OUTCOME_DECLINED:
        decline(attempt, outcome->reason);
        break;
    case OUTCOME_VOIDED:
        decline(attempt, PAYMENT_REASON_NOT_CHARGED);
        break;
    case OUTCOME_NO_ANSWER:
    case OUTCOME_PROCESSING:
    case OUTCOME_NOT_FOUND:
        wait_on(attempt, now_us);
        break;
    }
    attempt->updated_at_us = now_us;
    attempt->changed = true;
    if (payment->status != attempt->status) {
        payment->status = attempt->status;
        payment->updated_at_us = now_us;
        payment->changed = true;
    }
}

int64_t inquiry_delay_us(uint32_t inquiries)
{
    int64_t delay_us = US_PER_S;

    while (inquiries-- > 0 && delay_us < INQUIRY_DELAY_MAX_US) {
        delay_us *= 2;
    }
    return delay_us < INQUIRY_DELAY_MAX_US ? delay_us : INQUIRY_DELAY_MAX_US;
}

bool inquiry_gives_up(const Attempt *attempt, OutcomeKind kind, int64_t now_us)
{
    return kind == OUTCOME_NOT_FOUND && now_us - attempt->created_at_us >= NOT_FOUND_GRACE_US;
}
