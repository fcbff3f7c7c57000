/* payment_rows.h - payments and attempts as rows: how they are read, and the bulk
 * statements that write them. Functions run in the transaction at hand. */
#ifndef JUMUN_SERVICES_PAYMENT_ADAPTERS_PAYMENT_ROWS_H
#define JUMUN_SERVICES_PAYMENT_ADAPTERS_PAYMENT_ROWS_H

#include "common/mysql/db.h"
#include "services/payment/app/payment_ports.h"

/* An attempt and its payment; payment_take_row reads this. */
#define PAYMENT_ROWS_SELECT                                                                        \
    "SELECT a.order_id, a.attempt, a.status, a.token, a.reason, a.reference, a.inquiries, "        \
    "a.next_inquiry_at, a.created_at, a.updated_at, p.member_id, p.amount, p.currency, "           \
    "p.captured, p.refunded, p.status, p.version, p.created_at, p.updated_at "                     \
    "FROM payment_attempt a JOIN payment p ON p.order_id = a.order_id "

/* A DbRowRun; context is the PaymentBook. RESOURCE_EXHAUSTED when it is full. */
Status payment_take_row(void *context, const DbRow *row);

/* Rows on their way out: at most DB_ROWS_MAX of each. */
typedef struct PaymentRows {
    size_t count;
    uint64_t orders[DB_ROWS_MAX];
    uint64_t numbers[DB_ROWS_MAX]; /* attempt; of a payment: version */
    uint64_t members[DB_ROWS_MAX];
    const char *statuses[DB_ROWS_MAX];
    const char *texts[3][DB_ROWS_MAX]; /* token, reason, reference; or currency */
    int64_t amounts[2][DB_ROWS_MAX];   /* amount, captured; or inquiries */
    int64_t times[3][DB_ROWS_MAX];     /* created, updated, next inquiry */
    bool no_inquiry[DB_ROWS_MAX];
} PaymentRows;

void payment_rows_add(PaymentRows *rows, const Payment *payment);
void attempt_rows_add(PaymentRows *rows, const Attempt *attempt);

/* Each sends all rows and clears them; none is fine. ALREADY_EXISTS, also from an update
 * whose payment has another version by now. */
Status payment_rows_insert(PaymentRows *rows, Db *db);
Status payment_rows_update(PaymentRows *rows, Db *db);
Status attempt_rows_insert(PaymentRows *rows, Db *db);

/* Of attempts that are UNKNOWN in the store. */
Status attempt_rows_update(PaymentRows *rows, Db *db);

#endif
