#include <assert.h>
#include <string.h>

#include "services/payment/app/payment_ports.h"

void payment_book_clear(PaymentBook *book)
{
    memset(book->payments, 0, sizeof book->payments);
    book->attempt_count = 0;
}

/* Multiplicative hashing: neighbouring ids spread over the table. */
Payment *payment_book_find(PaymentBook *book, OrderId order)
{
    size_t at = (size_t)((order.value * UINT64_C(0x9E3779B97F4A7C15)) >> 40);

    assert(order.value != 0);
    for (size_t tries = 0; tries < PAYMENT_ORDERS_MAX; tries++) {
        Payment *payment = &book->payments[(at + tries) & (PAYMENT_ORDERS_MAX - 1)];
        if (payment->order.value == 0) {
            payment->order = order;
        }
        if (payment->order.value == order.value) {
            return payment;
        }
    }
    assert(false);
    return NULL;
}

Attempt *payment_book_room(PaymentBook *book)
{
    return book->attempt_count == PAYMENT_ROWS_MAX ? NULL : &book->attempts[book->attempt_count++];
}
