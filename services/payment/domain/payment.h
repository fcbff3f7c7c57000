/* payment.h - what an order has been charged, attempt by attempt. Pure.
 *
 * At most one attempt of an order is ever captured: a new one is admitted only when all
 * before it were declined. An attempt whose outcome is unknown is never charged again;
 * it waits until the provider tells. Who asks about a known attempt hears what is
 * written. */
#ifndef JUMUN_SERVICES_PAYMENT_DOMAIN_PAYMENT_H
#define JUMUN_SERVICES_PAYMENT_DOMAIN_PAYMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/id.h"
#include "common/base/money.h"
#include "common/base/status.h"

enum {
    PAYMENT_ATTEMPTS_MAX = 100,
    PAYMENT_TOKEN_SIZE = 65, /* visible ASCII, with the NUL */
    PAYMENT_REASON_SIZE = 33,
    PAYMENT_REFERENCE_SIZE = 65,
    PAYMENT_CURRENCY_SIZE = 4,
};

#define PAYMENT_REASON_NOT_CHARGED "NOT_CHARGED"

typedef enum PaymentStatus {
    PAYMENT_PENDING = 1, /* on its way to the provider; never stored so */
    PAYMENT_UNKNOWN,
    PAYMENT_CAPTURED,
    PAYMENT_DECLINED,
} PaymentStatus;

typedef struct Attempt {
    OrderId order;
    uint32_t number; /* 1..PAYMENT_ATTEMPTS_MAX */
    PaymentStatus status;
    char token[PAYMENT_TOKEN_SIZE];
    char reason[PAYMENT_REASON_SIZE];       /* of a decline, else "" */
    char reference[PAYMENT_REFERENCE_SIZE]; /* the provider's name for it, or "" */
    uint32_t inquiries;
    int64_t next_inquiry_at_us; /* 0: none is due */
    int64_t created_at_us;
    int64_t updated_at_us;
    bool changed; /* against what is stored */
    struct Attempt *next;
} Attempt;

typedef struct Payment {
    OrderId order;
    MemberId member;
    Money amount;
    char currency[PAYMENT_CURRENCY_SIZE];
    Money captured;
    Money refunded;
    PaymentStatus status; /* of the captured or else the newest attempt */
    uint32_t version;     /* 0: not stored yet */
    int64_t created_at_us;
    int64_t updated_at_us;
    bool changed;
    Attempt *attempts;
} Payment;

/* A charge that somebody asks for. */
typedef struct Charge {
    OrderId order;
    MemberId member;
    Money amount;
    char currency[PAYMENT_CURRENCY_SIZE];
    uint32_t attempt;
    char token[PAYMENT_TOKEN_SIZE];
} Charge;

/* What the provider says about an attempt. */
typedef enum OutcomeKind {
    OUTCOME_NO_ANSWER = 1, /* it may have been charged */
    OUTCOME_CAPTURED,
    OUTCOME_DECLINED,
    OUTCOME_PROCESSING, /* not decided yet */
    OUTCOME_NOT_FOUND,  /* the provider has not heard of it; it may still */
    OUTCOME_VOIDED,     /* not charged, and never will be */
} OutcomeKind;

typedef struct Outcome {
    OutcomeKind kind;
    Money amount;                           /* captured */
    char reason[PAYMENT_REASON_SIZE];       /* declined */
    char reference[PAYMENT_REFERENCE_SIZE]; /* captured */
} Outcome;

/* INVALID_ARGUMENT (VALIDATION) unless member, amount, currency and attempt are in range.
 * A malformed token is the provider's to decline. */
Status charge_check(const Charge *charge);

/* 1..64 visible ASCII characters. */
bool token_is_well_formed(const char *token);

/* NULL if there is none. */
Attempt *payment_find_attempt(const Payment *payment, uint32_t number);

/* May this charge be a new attempt of the payment? FAILED_PRECONDITION: INVALID_STATE
 * while another attempt is not declined. */
Status payment_admit(const Payment *payment);

/* Is this charge the attempt that is known? FAILED_PRECONDITION (CHARGE_DIFFERS) if it
 * has another amount, currency or member. */
Status payment_compare(const Payment *payment, const Charge *charge);

/* Adds a PENDING attempt, kept in *attempt, which must stay where it is. */
void payment_begin(Payment *payment, const Charge *charge, int64_t now_us, Attempt *attempt);

/* Writes down the outcome of an attempt that is PENDING or UNKNOWN. What is not decided
 * stays or becomes UNKNOWN, with the next inquiry due after a back-off. */
void payment_settle(Payment *payment, Attempt *attempt, const Outcome *outcome, int64_t now_us);

/* How long to wait after so many inquiries: 1, 2, 4 .. 60 s. */
int64_t inquiry_delay_us(uint32_t inquiries);

/* True if the provider should be told to refuse the attempt for good: it does not know of
 * it, and has had time enough to hear. */
bool inquiry_gives_up(const Attempt *attempt, OutcomeKind kind, int64_t now_us);

#endif
