#include "tests/support/fake_payments.h"

#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

static Payment *find_payment(FakePaymentStore *fake, OrderId order)
{
    for (size_t i = 0; i < fake->payment_count; i++) {
        if (fake->payments[i].order.value == order.value) {
            return &fake->payments[i];
        }
    }
    return NULL;
}

static Attempt *find_attempt(FakePaymentStore *fake, OrderId order, uint32_t number)
{
    for (size_t i = 0; i < fake->attempt_count; i++) {
        if (fake->attempts[i].order.value == order.value && fake->attempts[i].number == number) {
            return &fake->attempts[i];
        }
    }
    return NULL;
}

static bool in_inbox(const FakePaymentStore *fake, EventId event)
{
    for (size_t i = 0; i < fake->inbox_count; i++) {
        if (fake->inbox[i].value == event.value) {
            return true;
        }
    }
    return false;
}

static void read_attempt(FakePaymentStore *fake, const Attempt *stored, PaymentBook *book)
{
    Payment *payment = payment_book_find(book, stored->order);
    Attempt *attempt = payment_book_room(book);
    Attempt *before = payment->attempts;

    assert(attempt != NULL);
    *payment = *find_payment(fake, stored->order);
    *attempt = *stored;
    attempt->changed = false;
    payment->changed = false;
    attempt->next = before;
    payment->attempts = attempt;
}

static void read_order(FakePaymentStore *fake, OrderId order, PaymentBook *book)
{
    if (payment_book_find(book, order)->attempts != NULL) {
        return;
    }
    for (size_t i = 0; i < fake->attempt_count; i++) {
        if (fake->attempts[i].order.value == order.value) {
            read_attempt(fake, &fake->attempts[i], book);
        }
    }
}

static Status load(PaymentStore *base, PaymentCommand *const *commands, size_t count, bool careful,
                   PaymentBook *book)
{
    FakePaymentStore *fake = (FakePaymentStore *)base;

    if (port_fault_before(&fake->fault)) {
        return fake->fault.status;
    }
    for (size_t i = 0; i < count; i++) {
        commands[i]->seen = commands[i]->seen || (careful && in_inbox(fake, commands[i]->event));
        read_order(fake, commands[i]->charge.order, book);
    }
    return status_ok();
}

static bool has_effect(const PaymentCommand *command)
{
    return !command->seen && !status_failed(command->status);
}

static bool collides(FakePaymentStore *fake, PaymentCommand *const *commands, size_t count,
                     const PaymentBook *book)
{
    for (size_t i = 0; i < count; i++) {
        if (has_effect(commands[i]) && in_inbox(fake, commands[i]->event)) {
            return true;
        }
    }
    for (size_t i = 0; i < book->attempt_count; i++) {
        const Attempt *attempt = &book->attempts[i];
        if (attempt->changed && find_attempt(fake, attempt->order, attempt->number) != NULL) {
            return true;
        }
    }
    return false;
}

static void write_payment(FakePaymentStore *fake, const Payment *payment)
{
    Payment *stored = find_payment(fake, payment->order);

    if (stored == NULL) {
        assert(fake->payment_count < FAKE_PAYMENTS_MAX);
        stored = &fake->payments[fake->payment_count++];
    }
    *stored = *payment;
    stored->version++;
    stored->attempts = NULL;
    assert(stored->captured.minor <= stored->amount.minor);
}

static void write_attempt(FakePaymentStore *fake, const Attempt *attempt)
{
    Attempt *stored = find_attempt(fake, attempt->order, attempt->number);

    if (stored == NULL) {
        assert(fake->attempt_count < FAKE_PAYMENTS_MAX);
        stored = &fake->attempts[fake->attempt_count++];
    }
    *stored = *attempt;
}

static void write_answer(FakePaymentStore *fake, const Attempt *attempt)
{
    assert(fake->answer_count < FAKE_PAYMENT_EVENTS_MAX);
    fake->answers[fake->answer_count++] =
        (FakePaymentAnswer){ attempt->order, attempt->number, attempt->status };
}

static Status save(PaymentStore *base, PaymentCommand *const *commands, size_t count,
                   PaymentBook *book)
{
    FakePaymentStore *fake = (FakePaymentStore *)base;

    if (port_fault_before(&fake->fault)) {
        return fake->fault.status;
    }
    if (collides(fake, commands, count, book)) {
        return status_make(STATUS_ALREADY_EXISTS, "DUPLICATE");
    }
    for (size_t i = 0; i < PAYMENT_ORDERS_MAX; i++) {
        if (book->payments[i].changed) {
            write_payment(fake, &book->payments[i]);
        }
    }
    for (size_t i = 0; i < book->attempt_count; i++) {
        if (book->attempts[i].changed) {
            write_attempt(fake, &book->attempts[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (has_effect(commands[i])) {
            fake->inbox[fake->inbox_count++] = commands[i]->event;
        }
        if (commands[i]->answers) {
            write_answer(fake, commands[i]->attempt);
        }
    }
    return port_fault_after(&fake->fault) ? fake->fault.status : status_ok();
}

static Status load_due(PaymentStore *base, int64_t now_us, PaymentBook *book)
{
    FakePaymentStore *fake = (FakePaymentStore *)base;

    if (port_fault_before(&fake->fault)) {
        return fake->fault.status;
    }
    for (size_t i = 0; i < fake->attempt_count && book->attempt_count < PAYMENT_DUE_MAX; i++) {
        const Attempt *attempt = &fake->attempts[i];
        if (attempt->status == PAYMENT_UNKNOWN && attempt->next_inquiry_at_us <= now_us) {
            read_attempt(fake, attempt, book);
        }
    }
    return status_ok();
}

static Status settle_due(PaymentStore *base, PaymentBook *book, size_t *ret_settled)
{
    FakePaymentStore *fake = (FakePaymentStore *)base;

    if (port_fault_before(&fake->fault)) {
        return fake->fault.status;
    }
    *ret_settled = 0;
    for (size_t i = 0; i < book->attempt_count; i++) {
        const Attempt *attempt = &book->attempts[i];
        const Payment *payment = payment_book_find(book, attempt->order);
        if (find_attempt(fake, attempt->order, attempt->number)->status != PAYMENT_UNKNOWN) {
            continue;
        }
        write_attempt(fake, attempt);
        if (payment->changed) {
            write_payment(fake, payment);
        }
        if (attempt->status != PAYMENT_UNKNOWN) {
            write_answer(fake, attempt);
            (*ret_settled)++;
        }
    }
    return port_fault_after(&fake->fault) ? fake->fault.status : status_ok();
}

static Status find(PaymentStore *base, OrderId order, PaymentBook *book)
{
    FakePaymentStore *fake = (FakePaymentStore *)base;

    read_order(fake, order, book);
    return book->attempt_count == 0 ? status_make(STATUS_NOT_FOUND, "PAYMENT_NOT_FOUND")
                                    : status_ok();
}

static Status purge(PaymentStore *base, int64_t before_us, uint64_t *ret_deleted)
{
    (void)base;
    (void)before_us;
    *ret_deleted = 0;
    return status_ok();
}

void fake_payment_store_init(FakePaymentStore *fake)
{
    static const PaymentStoreOps ops = { load, save, load_due, settle_due, find, purge };

    memset(fake, 0, sizeof *fake);
    fake->store.ops = &ops;
}

static FakeProviderEntry *find_entry(FakeProvider *fake, const ProviderRequest *request)
{
    for (size_t i = 0; i < fake->entry_count; i++) {
        if (fake->entries[i].order.value == request->order.value &&
            fake->entries[i].attempt == request->attempt) {
            return &fake->entries[i];
        }
    }
    return NULL;
}

static void tell(const FakeProvider *fake, const FakeProviderEntry *entry, Outcome *outcome)
{
    *outcome = (Outcome){ .kind = entry->effect, .amount = { entry->amount } };
    memcpy(outcome->reason, entry->reason, sizeof outcome->reason);
    if (entry->effect == OUTCOME_CAPTURED) {
        (void)snprintf(outcome->reference, sizeof outcome->reference, "fake");
    }
    if (entry->visible_at_us > clock_wall_us(fake->clock)) {
        outcome->kind = OUTCOME_PROCESSING;
    }
}

static void write_entry(FakeProvider *fake, const ProviderRequest *request, OutcomeKind effect,
                        const char *reason, int64_t visible_at_us)
{
    FakeProviderEntry *entry = &fake->entries[fake->entry_count++];

    *entry = (FakeProviderEntry){
        .order = request->order,
        .attempt = request->attempt,
        .effect = effect,
        .amount = request->amount.minor,
        .visible_at_us = visible_at_us,
    };
    (void)snprintf(entry->reason, sizeof entry->reason, "%s", reason);
}

static void charge_one(FakeProvider *fake, ProviderRequest *request)
{
    int64_t now_us = clock_wall_us(fake->clock);

    fake->charges++;
    if (find_entry(fake, request) != NULL) {
        tell(fake, find_entry(fake, request), &request->outcome);
        return;
    }
    request->outcome = (Outcome){ .kind = OUTCOME_NO_ANSWER };
    if (strcmp(request->token, "tok_timeout_lost") == 0) {
        return;
    }
    if (strcmp(request->token, "tok_slow") == 0) {
        write_entry(fake, request, OUTCOME_CAPTURED, "", now_us + 2 * US_PER_S);
        return;
    }
    if (strcmp(request->token, "tok_timeout") == 0) {
        write_entry(fake, request, OUTCOME_CAPTURED, "", now_us);
        return;
    }
    if (strcmp(request->token, "tok_ok") == 0) {
        write_entry(fake, request, OUTCOME_CAPTURED, "", now_us);
    } else if (strcmp(request->token, "tok_declined") == 0) {
        write_entry(fake, request, OUTCOME_DECLINED, "CARD_DECLINED", now_us);
    } else if (strcmp(request->token, "tok_insufficient_funds") == 0) {
        write_entry(fake, request, OUTCOME_DECLINED, "INSUFFICIENT_FUNDS", now_us);
    } else {
        write_entry(fake, request, OUTCOME_DECLINED, "INVALID_TOKEN", now_us);
    }
    tell(fake, find_entry(fake, request), &request->outcome);
}

static void inquire_one(FakeProvider *fake, ProviderRequest *request)
{
    const FakeProviderEntry *entry = find_entry(fake, request);

    request->outcome = (Outcome){ .kind = OUTCOME_NOT_FOUND };
    if (entry != NULL) {
        tell(fake, entry, &request->outcome);
    }
}

static void revoke_one(FakeProvider *fake, ProviderRequest *request)
{
    if (find_entry(fake, request) == NULL) {
        write_entry(fake, request, OUTCOME_VOIDED, "", 0);
    }
    tell(fake, find_entry(fake, request), &request->outcome);
}

typedef void AskOne(FakeProvider *fake, ProviderRequest *request);

static Status ask(PaymentProvider *base, ProviderRequest *const *requests, size_t count,
                  AskOne *ask_one)
{
    FakeProvider *fake = (FakeProvider *)base;

    if (port_fault_before(&fake->fault)) {
        return fake->fault.status;
    }
    for (size_t i = 0; i < count; i++) {
        ask_one(fake, requests[i]);
    }
    return port_fault_after(&fake->fault) ? fake->fault.status : status_ok();
}

static Status charge(PaymentProvider *provider, ProviderRequest *const *requests, size_t count)
{
    return ask(provider, requests, count, charge_one);
}

static Status inquire(PaymentProvider *provider, ProviderRequest *const *requests, size_t count)
{
    return ask(provider, requests, count, inquire_one);
}

static Status revoke(PaymentProvider *provider, ProviderRequest *const *requests, size_t count)
{
    return ask(provider, requests, count, revoke_one);
}

void fake_provider_init(FakeProvider *fake, const Clock *clock)
{
    static const PaymentProviderOps ops = { charge, inquire, revoke };

    memset(fake, 0, sizeof *fake);
    fake->provider.ops = &ops;
    fake->clock = clock;
}

size_t fake_provider_captures(const FakeProvider *fake, OrderId order)
{
    size_t count = 0;

    for (size_t i = 0; i < fake->entry_count; i++) {
        count += fake->entries[i].order.value == order.value &&
                         fake->entries[i].effect == OUTCOME_CAPTURED
                     ? 1
                     : 0;
    }
    return count;
}
