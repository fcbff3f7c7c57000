#include "services/payment/api/payment_inquirer.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/runtime/log.h"

enum {
    PERIOD_MS = 250
};

#define NS_PER_S 1000000000L

struct PaymentInquirer {
    PaymentInquirerOptions options;
    pthread_t thread;
    pthread_mutex_t lock; /* guards `closing` */
    pthread_cond_t wake;
    bool closing;
};

/* False when the inquirer is closing. */
static bool wait_for_next(PaymentInquirer *inquirer)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += PERIOD_MS * (NS_PER_S / 1000);
    until.tv_sec += until.tv_nsec / NS_PER_S;
    until.tv_nsec %= NS_PER_S;
    pthread_mutex_lock(&inquirer->lock);
    int result = 0;
    while (!inquirer->closing && result == 0) {
        result = pthread_cond_timedwait(&inquirer->wake, &inquirer->lock, &until);
    }
    bool goes_on = !inquirer->closing;
    pthread_mutex_unlock(&inquirer->lock);
    return goes_on;
}

static void *run(void *context)
{
    PaymentInquirer *inquirer = context;

    while (wait_for_next(inquirer)) {
        size_t settled = 0;
        Status status = inquire_payments(inquirer->options.payments, &settled);
        if (status_failed(status)) {
            log_warn("payment.inquiry_failed", "code=%s name=%s", status_code_name(status.code),
                     status.name);
        } else if (settled > 0 && inquirer->options.wake != NULL) {
            inquirer->options.wake(inquirer->options.wake_context);
        }
    }
    return NULL;
}

Status payment_inquirer_open(const PaymentInquirerOptions *options, PaymentInquirer **ret_inquirer)
{
    PaymentInquirer *inquirer = calloc(1, sizeof *inquirer);
    pthread_condattr_t attributes;

    if (inquirer == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    inquirer->options = *options;
    (void)pthread_mutex_init(&inquirer->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&inquirer->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (pthread_create(&inquirer->thread, NULL, run, inquirer) != 0) {
        (void)pthread_cond_destroy(&inquirer->wake);
        (void)pthread_mutex_destroy(&inquirer->lock);
        free(inquirer);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    *ret_inquirer = inquirer;
    return status_ok();
}

void payment_inquirer_close(PaymentInquirer *inquirer)
{
    if (inquirer == NULL) {
        return;
    }
    pthread_mutex_lock(&inquirer->lock);
    inquirer->closing = true;
    pthread_cond_signal(&inquirer->wake);
    pthread_mutex_unlock(&inquirer->lock);
    (void)pthread_join(inquirer->thread, NULL);
    (void)pthread_cond_destroy(&inquirer->wake);
    (void)pthread_mutex_destroy(&inquirer->lock);
    free(inquirer);
}
