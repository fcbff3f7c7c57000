/* payment_events.h - the commands of queue payment.commands. A bad one gets its own
 * status and never sinks the batch. */
#ifndef JUMUN_SERVICES_PAYMENT_API_PAYMENT_EVENTS_H
#define JUMUN_SERVICES_PAYMENT_API_PAYMENT_EVENTS_H

#include "common/runtime/event.h"
#include "services/payment/app/handle_payments.h"

typedef struct PaymentEvents PaymentEvents;

typedef struct PaymentEventsOptions {
    Payments *payments; /* borrowed, and used by the consumer's thread alone */
    /* Told after a commit that the outbox has grown; may be NULL. */
    void (*wake)(void *context);
    void *wake_context;
} PaymentEventsOptions;

Status payment_events_open(const PaymentEventsOptions *options, PaymentEvents **ret_events);

/* NULL is ignored. */
void payment_events_close(PaymentEvents *events);

/* An EventRun; context is the PaymentEvents. */
void payment_events_run(void *context, Event *const *events, size_t count);

#endif
