#include "services/payment/app/handle_payments.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRIES_MAX = 4,                       /* one hopeful, the others careful */
    EVENT_SLOTS = 4 * PAYMENT_BATCH_MAX, /* a power of two */
};

Payments *payments_open(PaymentStore *store, PaymentProvider *provider, const Clock *clock)
{
    Payments *payments = calloc(1, sizeof *payments);

    if (payments != NULL) {
        payments->store = store;
        payments->provider = provider;
        payments->clock = clock;
    }
    return payments;
}

void payments_close(Payments *payments)
{
    free(payments);
}

/* Within a batch the second of two equal events has been seen. */
static void mark_repeated(PaymentCommand *const *commands, size_t count)
{
    uint64_t slots[EVENT_SLOTS] = { 0 };

    for (size_t i = 0; i < count; i++) {
        uint64_t event = commands[i]->event.value;
        size_t at = (size_t)((event * UINT64_C(0x9E3779B97F4A7C15)) >> 40) & (EVENT_SLOTS - 1);

        assert(event != 0);
        while (slots[at] != 0 && slots[at] != event) {
            at = (at + 1) & (EVENT_SLOTS - 1);
        }
        commands[i]->seen = slots[at] == event;
        slots[at] = event;
    }
}

/* An inquiry brings no charge with it: what is known of the payment stays. */
static Charge charge_of(const PaymentCommand *command, const Payment *payment)
{
    Charge charge = command->charge;

    if (command->kind == PAYMENT_INQUIRE) {
        charge.member = payment->member;
        charge.amount = payment->amount;
        memcpy(charge.currency, payment->currency, sizeof charge.currency);
    }
    return charge;
}

/* Finds the command's attempt, or begins it and adds it to what the provider is asked: a
 * charge to be made, or one that is only inquired about to be revoked, since a charge
 * that never came must never come. */
static Status find_attempt(Payments *payments, PaymentCommand *command, int64_t now_us)
{
    Payment *payment = payment_book_find(&payments->book, command->charge.order);
    Attempt *attempt = payment_find_attempt(payment, command->charge.attempt);

    command->payment = payment;
    if (attempt != NULL) {
        command->attempt = attempt;
        return command->kind == PAYMENT_CHARGE ? payment_compare(payment, &command->charge)
                                               : status_ok();
    }
    Status status = payment_admit(payment);
    if (status_failed(status)) {
        return status;
    }
    attempt = payment_book_room(&payments->book);
    if (attempt == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    Charge charge = charge_of(command, payment);
    payment_begin(payment, &charge, now_us, attempt);
    asking_add(command->kind == PAYMENT_CHARGE ? &payments->asking : &payments->revoking, payment,
               attempt);
    command->attempt = attempt;
    return status_ok();
}

static void decide(Payments *payments, PaymentCommand *const *commands, size_t count)
{
    int64_t now_us = clock_wall_us(payments->clock);

    payments->asking.count = 0;
    payments->revoking.count = 0;
    for (size_t i = 0; i < count; i++) {
        PaymentCommand *command = commands[i];

        command->attempt = NULL;
        command->status = command->seen ? status_ok() : find_attempt(payments, command, now_us);
    }
}

static Status ask(Payments *payments)
{
    const PaymentProviderOps *ops = payments->provider->ops;

    Status status = asking_ask(&payments->asking, payments->provider, ops->charge);
    if (!status_failed(status)) {
        status = asking_ask(&payments->revoking, payments->provider, ops->revoke);
    }
    if (!status_failed(status)) {
        asking_settle(&payments->asking, clock_wall_us(payments->clock));
        asking_settle(&payments->revoking, clock_wall_us(payments->clock));
    }
    return status;
}

/* An inquiry into what is still unknown is answered later, by the inquirer. */
static void mark_answers(PaymentCommand *const *commands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PaymentCommand *command = commands[i];
        command->answers =
            !command->seen && !status_failed(command->status) &&
            (command->kind == PAYMENT_CHARGE || command->attempt->status != PAYMENT_UNKNOWN);
    }
}

static Status handle_once(Payments *payments, PaymentCommand *const *commands, size_t count,
                          bool careful)
{
    PaymentStore *store = payments->store;

    mark_repeated(commands, count);
    payment_book_clear(&payments->book);
    Status status = store->ops->load(store, commands, count, careful, &payments->book);
    if (status_failed(status)) {
        return status;
    }
    decide(payments, commands, count);
    status = ask(payments);
    if (status_failed(status)) {
        return status;
    }
    mark_answers(commands, count);
    return store->ops->save(store, commands, count, &payments->book);
}

static Status handle_span(Payments *payments, PaymentCommand *const *commands, size_t count)
{
    for (int try = 0; try < TRIES_MAX; try++) {
        Status status = handle_once(payments, commands, count, try > 0);
        if (status.code != STATUS_ALREADY_EXISTS) {
            return status;
        }
    }
    return status_make(STATUS_ABORTED, "ABORTED");
}

/* Could one command have sunk the batch? If not, splitting it would only repeat the
 * failure. */
static bool blames_a_command(Status status)
{
    return status.code == STATUS_INVALID_ARGUMENT || status.code == STATUS_FAILED_PRECONDITION ||
           status.code == STATUS_INTERNAL || status.code == STATUS_RESOURCE_EXHAUSTED;
}

void handle_payments(Payments *payments, PaymentCommand *const *commands, size_t count)
{
    size_t done = 0;
    size_t span_max = count;

    assert(count <= PAYMENT_BATCH_MAX);
    while (done < count) {
        size_t left = count - done;
        size_t span = left < span_max ? left : span_max;
        Status status = handle_span(payments, &commands[done], span);

        if (status_failed(status) && blames_a_command(status) && span > 1) {
            span_max = span / 2;
            continue;
        }
        for (size_t i = done; status_failed(status) && i < done + span; i++) {
            commands[i]->status = status;
        }
        done += span;
        if (status_failed(status)) {
            span_max = count;
        }
    }
}
