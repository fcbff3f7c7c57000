/* payment_contract.h - what every PaymentProvider and every PaymentStore must do. Run over
 * memory and over MariaDB, on a clock that the test moves. */
#ifndef JUMUN_TESTS_CONTRACT_PAYMENT_CONTRACT_H
#define JUMUN_TESTS_CONTRACT_PAYMENT_CONTRACT_H

#include "services/payment/app/payment_ports.h"
#include "tests/support/test_clock.h"

/* An answer as it stands in the outbox. */
typedef struct PaymentOutboxAnswer {
    OrderId order;
    char type[32];
    uint32_t attempt;
    int64_t amount;  /* captured */
    char reason[33]; /* declined */
} PaymentOutboxAnswer;

/* Stores and providers under test, and a way to look into them. */
typedef struct PaymentWorld {
    PaymentStore *store;
    PaymentProvider *provider;
    TestClock *clock;
    void *context;
    /* All answers so far, oldest first; the outbox is then empty. */
    size_t (*drain)(void *context, PaymentOutboxAnswer *ret_answers, size_t max);
    /* Captures of the order in the provider's books. */
    size_t (*captures)(void *context, OrderId order);
} PaymentWorld;

/* Each runs every case; a failure aborts. */
void payment_provider_contract(PaymentWorld *world);
void payment_store_contract(PaymentWorld *world);

#endif
