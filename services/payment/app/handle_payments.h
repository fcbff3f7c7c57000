/* handle_payments.h - charges and answers for a batch of commands.
 *
 * load -> decide -> provider -> save. The provider is asked before anything is stored,
 * with a key that the command determines: a crash in between asks again with the same
 * key, which the provider answers from its books. */
#ifndef JUMUN_SERVICES_PAYMENT_APP_HANDLE_PAYMENTS_H
#define JUMUN_SERVICES_PAYMENT_APP_HANDLE_PAYMENTS_H

#include "common/base/clock.h"
#include "services/payment/app/asking.h"
#include "services/payment/app/payment_ports.h"

/* What a thread that handles payments owns; half a megabyte and more. */
typedef struct Payments {
    PaymentStore *store;
    PaymentProvider *provider;
    const Clock *clock;
    PaymentBook book;
    Asking asking;
    Asking revoking;
} Payments;

/* Ports and clock are borrowed. NULL without memory. */
Payments *payments_open(PaymentStore *store, PaymentProvider *provider, const Clock *clock);

/* NULL is ignored. */
void payments_close(Payments *payments);

/* Sets each command's status; by then the effect of an OK is committed, and so is its
 * answer. count is at most PAYMENT_BATCH_MAX, in arrival order. */
void handle_payments(Payments *payments, PaymentCommand *const *commands, size_t count);

#endif
