/* inquire_payments.h - asks the provider what became of attempts without an answer.
 *
 * Captured and declined end the attempt. One that the provider does not know, after a
 * grace time, is revoked there first - a late charge with its key is then refused - and
 * declined as NOT_CHARGED. Everything else is asked again after a longer wait. Two
 * processes may ask at once; only one of them settles and answers. */
#ifndef JUMUN_SERVICES_PAYMENT_APP_INQUIRE_PAYMENTS_H
#define JUMUN_SERVICES_PAYMENT_APP_INQUIRE_PAYMENTS_H

#include "services/payment/app/handle_payments.h"

/* One round, of at most PAYMENT_DUE_MAX attempts. Counts those that have reached their
 * end. A failure leaves them as they were. */
Status inquire_payments(Payments *payments, size_t *ret_settled);

#endif
