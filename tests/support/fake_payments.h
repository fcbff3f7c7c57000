/* fake_payments.h - PaymentStore and PaymentProvider in memory: same keys, same refusals,
 * and they fail when told. */
#ifndef JUMUN_TESTS_SUPPORT_FAKE_PAYMENTS_H
#define JUMUN_TESTS_SUPPORT_FAKE_PAYMENTS_H

#include "services/payment/app/payment_ports.h"
#include "tests/support/port_fault.h"
#include "tests/support/test_clock.h"

enum {
    FAKE_PAYMENTS_MAX = 1024,
    FAKE_PAYMENT_EVENTS_MAX = 4096,
    FAKE_PROVIDER_KEYS_MAX = 1024,
};

typedef struct FakePaymentAnswer {
    OrderId order;
    uint32_t attempt;
    PaymentStatus status;
} FakePaymentAnswer;

typedef struct FakePaymentStore {
    PaymentStore store; /* first */
    PortFault fault;    /* of all calls */
    Payment payments[FAKE_PAYMENTS_MAX];
    size_t payment_count;
    Attempt attempts[FAKE_PAYMENTS_MAX];
    size_t attempt_count;
    EventId inbox[FAKE_PAYMENT_EVENTS_MAX];
    size_t inbox_count;
    FakePaymentAnswer answers[FAKE_PAYMENT_EVENTS_MAX];
    size_t answer_count;
} FakePaymentStore;

typedef struct FakeProviderEntry {
    OrderId order;
    uint32_t attempt;
    OutcomeKind effect; /* CAPTURED, DECLINED or VOIDED */
    int64_t amount;
    char reason[PAYMENT_REASON_SIZE];
    int64_t visible_at_us;
} FakeProviderEntry;

typedef struct FakeProvider {
    PaymentProvider provider; /* first */
    PortFault fault;          /* of all calls */
    const Clock *clock;
    FakeProviderEntry entries[FAKE_PROVIDER_KEYS_MAX];
    size_t entry_count;
    size_t charges; /* requests to charge, whatever became of them */
} FakeProvider;

void fake_payment_store_init(FakePaymentStore *fake);
void fake_provider_init(FakeProvider *fake, const Clock *clock);

/* Captures of the order in the provider's books. */
size_t fake_provider_captures(const FakeProvider *fake, OrderId order);

#endif
