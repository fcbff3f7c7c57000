/* payment_inquirer.h - the third inbound edge of payment: time. A thread that looks for
 * due inquiries four times a second and lets the use case ask and settle. */
#ifndef JUMUN_SERVICES_PAYMENT_API_PAYMENT_INQUIRER_H
#define JUMUN_SERVICES_PAYMENT_API_PAYMENT_INQUIRER_H

#include "services/payment/app/inquire_payments.h"

typedef struct PaymentInquirer PaymentInquirer;

typedef struct PaymentInquirerOptions {
    Payments *payments; /* borrowed, and used by the inquirer's thread alone */
    /* Told after a commit that the outbox has grown; may be NULL. */
    void (*wake)(void *context);
    void *wake_context;
} PaymentInquirerOptions;

/* Starts the thread. */
Status payment_inquirer_open(const PaymentInquirerOptions *options, PaymentInquirer **ret_inquirer);

/* Finishes the round at hand, then stops. NULL is ignored. */
void payment_inquirer_close(PaymentInquirer *inquirer);

#endif
