/* asking.h - a batch of attempts on its way to the provider and back. */
#ifndef JUMUN_SERVICES_PAYMENT_APP_ASKING_H
#define JUMUN_SERVICES_PAYMENT_APP_ASKING_H

#include "services/payment/app/payment_ports.h"

typedef struct Asking {
    size_t count;
    Payment *payments[PAYMENT_BATCH_MAX];
    Attempt *attempts[PAYMENT_BATCH_MAX];
    ProviderRequest requests[PAYMENT_BATCH_MAX];
    ProviderRequest *pointers[PAYMENT_BATCH_MAX];
} Asking;

/* There must be room. */
void asking_add(Asking *asking, Payment *payment, Attempt *attempt);

/* One of the provider's operations. */
typedef Status AskProvider(PaymentProvider *provider, ProviderRequest *const *requests,
                           size_t count);

/* Asks about all; nobody is not asked. When it cannot be told what happened, every outcome
 * is NO_ANSWER and the result OK; other failures mean that nothing happened. */
Status asking_ask(Asking *asking, PaymentProvider *provider, AskProvider *ask);

/* Writes all outcomes down. */
void asking_settle(Asking *asking, int64_t now_us);

#endif
