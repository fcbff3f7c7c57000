/* wake.h - "there is something new": a nudge from a service to whoever polls it.
 *
 * After a commit a service says which orders have moved; the relay then reads the
 * outbox at once, and the gateway asks for orders somebody waits for. A nudge may be
 * lost: whoever needs it polls as well. nng SURVEYOR/RESPONDENT. */
#ifndef JUMUN_COMMON_RPC_WAKE_H
#define JUMUN_COMMON_RPC_WAKE_H

#include <stddef.h>

#include "common/base/id.h"
#include "common/base/status.h"

enum {
    WAKE_ORDERS_MAX = 512
}; /* in one nudge */

typedef struct WakePublisher WakePublisher;
typedef struct WakeSubscriber WakeSubscriber;

/* Listens at url. UNAVAILABLE (PORT_TAKEN). */
Status wake_publisher_open(const char *url, WakePublisher **ret_publisher);

/* Never blocks; a nudge nobody can take now is dropped. count may be 0: the outbox has
 * grown. Any thread. */
void wake_publish(WakePublisher *publisher, const OrderId *orders, size_t count);

void wake_publisher_close(WakePublisher *publisher);

/* Runs on an I/O thread; must not block. */
typedef void WakeRun(void *context, const OrderId *orders, size_t count);

/* Dials all urls, parted by commas, in the background. */
Status wake_subscriber_open(const char *urls, WakeRun *run, void *context,
                            WakeSubscriber **ret_subscriber);

/* No run follows. NULL is ignored. */
void wake_subscriber_close(WakeSubscriber *subscriber);

#endif
