#include "services/payment/app/inquire_payments.h"

static void ask_about_all(Payments *payments)
{
    PaymentBook *book = &payments->book;

    payments->asking.count = 0;
    for (size_t i = 0; i < book->attempt_count; i++) {
        Attempt *attempt = &book->attempts[i];
        asking_add(&payments->asking, payment_book_find(book, attempt->order), attempt);
    }
}

/* Moves those to revoke from one asking to the other. */
static void split(Asking *asking, Asking *revoking, int64_t now_us)
{
    size_t kept = 0;

    revoking->count = 0;
    for (size_t i = 0; i < asking->count; i++) {
        if (inquiry_gives_up(asking->attempts[i], asking->requests[i].outcome.kind, now_us)) {
            asking_add(revoking, asking->payments[i], asking->attempts[i]);
            continue;
        }
        asking->payments[kept] = asking->payments[i];
        asking->attempts[kept] = asking->attempts[i];
        asking->requests[kept++] = asking->requests[i];
    }
    asking->count = kept;
}

Status inquire_payments(Payments *payments, size_t *ret_settled)
{
    PaymentStore *store = payments->store;
    const PaymentProviderOps *ops = payments->provider->ops;
    int64_t now_us = clock_wall_us(payments->clock);

    payment_book_clear(&payments->book);
    Status status = store->ops->load_due(store, now_us, &payments->book);
    if (status_failed(status)) {
        return status;
    }
    ask_about_all(payments);
    status = asking_ask(&payments->asking, payments->provider, ops->inquire);
    if (status_failed(status)) {
        return status;
    }
    split(&payments->asking, &payments->revoking, now_us);
    status = asking_ask(&payments->revoking, payments->provider, ops->revoke);
    if (status_failed(status)) {
        return status;
    }
    asking_settle(&payments->asking, now_us);
    asking_settle(&payments->revoking, now_us);
    *ret_settled = 0;
    if (payments->book.attempt_count == 0) {
        return status_ok();
    }
    return store->ops->settle_due(store, &payments->book, ret_settled);
}
