/* The contracts of payment's ports over the fakes, and what happens when their calls
 * fail: at most one capture, every charge reaches an end, whatever is repeated. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "services/payment/app/inquire_payments.h"
#include "tests/contract/services/payment/payment_contract.h"
#include "tests/support/fake_payments.h"

enum {
    ORDERS = 4
};

static TestClock test_clock;
static FakePaymentStore store;
static FakeProvider provider;

static void begin(void)
{
    test_clock_init(&test_clock, 1000 * US_PER_S);
    fake_payment_store_init(&store);
    fake_provider_init(&provider, &test_clock.clock);
}

static size_t drain(void *context, PaymentOutboxAnswer *ret_answers, size_t max)
{
    static const char *const types[] = {
        [PAYMENT_UNKNOWN] = "payment.unknown",
        [PAYMENT_CAPTURED] = "payment.captured",
        [PAYMENT_DECLINED] = "payment.declined",
    };
    size_t count = store.answer_count;

    (void)context;
    assert(count <= max);
    for (size_t i = 0; i < count; i++) {
        const FakePaymentAnswer *answer = &store.answers[i];
        PaymentOutboxAnswer *out = &ret_answers[i];

        *out = (PaymentOutboxAnswer){ .order = answer->order, .attempt = answer->attempt };
        (void)snprintf(out->type, sizeof out->type, "%s", types[answer->status]);
        for (size_t k = 0; k < store.attempt_count; k++) {
            if (store.attempts[k].order.value == answer->order.value &&
                store.attempts[k].number == answer->attempt) {
                memcpy(out->reason, store.attempts[k].reason, sizeof out->reason);
            }
        }
        for (size_t k = 0; answer->status == PAYMENT_CAPTURED && k < store.payment_count; k++) {
            if (store.payments[k].order.value == answer->order.value) {
                out->amount = store.payments[k].captured.minor;
            }
        }
    }
    store.answer_count = 0;
    return count;
}

static size_t captures(void *context, OrderId order)
{
    (void)context;
    return fake_provider_captures(&provider, order);
}

/* One order for each token that may lead to a capture, and one that may not. */
static void run_orders(Payments *desk)
{
    static const char *const tokens[ORDERS] = { "tok_ok", "tok_timeout", "tok_timeout_lost",
                                                "tok_declined" };
    PaymentCommand items[ORDERS];

    for (uint64_t i = 0; i < ORDERS; i++) {
        items[i] = (PaymentCommand){
            .event = { 10 + i },
            .kind = PAYMENT_CHARGE,
            .charge = { .order = { 1 + i },
                        .member = { 3 },
                        .amount = { 100 },
                        .currency = "KRW",
                        .attempt = 1 },
        };
        (void)snprintf(items[i].charge.token, sizeof items[i].charge.token, "%s", tokens[i]);
    }
    for (int round = 0; round < 4; round++) { /* the consumer runs again what failed */
        PaymentCommand *left[ORDERS];
        size_t count = 0;
        for (size_t i = 0; i < ORDERS; i++) {
            if (round == 0 || status_failed(items[i].status)) {
                left[count++] = &items[i];
            }
        }
        handle_payments(desk, left, count);
    }
    for (size_t i = 0; i < ORDERS; i++) {
        assert(!status_failed(items[i].status));
    }
    for (int round = 0; round < 20; round++) {
        size_t settled;
        test_clock.now_us += 10 * US_PER_S;
        (void)inquire_payments(desk, &settled); /* a failed round is repeated */
    }
}

/* The books agree with the provider's, and the last word about each order is its end,
 * said once. A charge that was lost on its way is a decline. */
static void expect_order_ended(const Payment *payment)
{
    size_t captured = fake_provider_captures(&provider, payment->order);
    PaymentStatus end = captured > 0 ? PAYMENT_CAPTURED : PAYMENT_DECLINED;
    size_t finals = 0;

    assert(captured <= 1);
    assert(payment->status == end);
    assert(payment->captured.minor == (captured > 0 ? 100 : 0));
    for (size_t i = 0; i < store.answer_count; i++) {
        if (store.answers[i].order.value != payment->order.value) {
            continue;
        }
        finals += store.answers[i].status != PAYMENT_UNKNOWN ? 1 : 0;
        assert(finals == 0 || store.answers[i].status == end);
    }
    assert(finals == 1);
}

static void expect_ended(bool provider_is_well)
{
    assert(store.payment_count == ORDERS);
    assert(store.attempt_count == ORDERS);
    for (size_t i = 0; i < ORDERS; i++) {
        expect_order_ended(&store.payments[i]);
    }
    if (provider_is_well) {
        assert(fake_provider_captures(&provider, (OrderId){ 1 }) == 1);
        assert(fake_provider_captures(&provider, (OrderId){ 2 }) == 1);
        assert(fake_provider_captures(&provider, (OrderId){ 3 }) == 0);
        assert(fake_provider_captures(&provider, (OrderId){ 4 }) == 0);
    }
}

static void sweep(PortFault *fault, StatusCode code, bool after)
{
    bool fired = true;

    for (size_t n = 1; fired; n++) {
        begin();
        Payments *desk = payments_open(&store.store, &provider.provider, &test_clock.clock);
        assert(desk != NULL);
        *fault = (PortFault){ .fail_at = n, .after = after, .status = { code, "TEST" } };
        run_orders(desk);
        fired = fault->calls >= n;
        expect_ended(fault == &store.fault);
        payments_close(desk);
    }
}

static void every_call_may_fail_once(void)
{
    PortFault *const faults[] = { &store.fault, &provider.fault };

    for (size_t i = 0; i < 2; i++) {
        sweep(faults[i], STATUS_UNAVAILABLE, false);
        sweep(faults[i], STATUS_ABORTED, false);
        sweep(faults[i], STATUS_UNKNOWN, false);
        sweep(faults[i], STATUS_UNKNOWN, true);
    }
}

static void a_provider_that_is_down_leaves_no_trace(void)
{
    PaymentCommand command = {
        .event = { 1 },
        .kind = PAYMENT_CHARGE,
        .charge = { .order = { 1 },
                    .member = { 3 },
                    .amount = { 100 },
                    .currency = "KRW",
                    .attempt = 1,
                    .token = "tok_ok" },
    };
    PaymentCommand *commands[] = { &command };

    begin();
    Payments *desk = payments_open(&store.store, &provider.provider, &test_clock.clock);
    provider.fault = (PortFault){ .fail_at = 1, .status = { STATUS_UNAVAILABLE, "TEST" } };
    handle_payments(desk, commands, 1);
    assert(command.status.code == STATUS_UNAVAILABLE);
    assert(store.attempt_count == 0);
    assert(store.inbox_count == 0);
    payments_close(desk);
}

static void an_answer_lost_on_the_way_is_unknown_and_not_charged_again(void)
{
    PaymentCommand command = {
        .event = { 1 },
        .kind = PAYMENT_CHARGE,
        .charge = { .order = { 1 },
                    .member = { 3 },
                    .amount = { 100 },
                    .currency = "KRW",
                    .attempt = 1,
                    .token = "tok_ok" },
    };
    PaymentCommand *commands[] = { &command };

    begin();
    Payments *desk = payments_open(&store.store, &provider.provider, &test_clock.clock);
    provider.fault =
        (PortFault){ .fail_at = 1, .after = true, .status = { STATUS_UNKNOWN, "TEST" } };
    handle_payments(desk, commands, 1);
    assert(!status_failed(command.status));
    assert(store.answer_count == 1);
    assert(store.answers[0].status == PAYMENT_UNKNOWN);
    command.event = (EventId){ 2 };
    handle_payments(desk, commands, 1);
    assert(store.answers[1].status == PAYMENT_UNKNOWN);
    assert(provider.charges == 1);
    payments_close(desk);
}

int main(void)
{
    begin();
    PaymentWorld world = { &store.store, &provider.provider, &test_clock, NULL, drain, captures };

    payment_provider_contract(&world);
    begin();
    payment_store_contract(&world);
    every_call_may_fail_once();
    a_provider_that_is_down_leaves_no_trace();
    an_answer_lost_on_the_way_is_unknown_and_not_charged_again();
    return 0;
}
