/* leftovers.h - what a consumer's batch has left undone, and how it gets where it belongs:
 * alone to <queue>.retry.{1s,10s,60s} or <queue>.dead, and confirmed there. Internal.
 *
 * Belongs to the consumer's thread; has a connection of its own, made when first used. The
 * messages to send are in the batch's arena: send all before the batch is reset, or judge
 * again. */
#ifndef JUMUN_COMMON_AMQP_LEFTOVERS_H
#define JUMUN_COMMON_AMQP_LEFTOVERS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/amqp/consumer_batch.h"
#include "common/amqp/publisher.h"
#include "common/runtime/metrics.h"

enum {
    LEFTOVERS_MAX = EVENT_RUN_MAX + CONSUMER_PREFETCH, /* each event, or its message whole */
};

typedef struct Leftovers {
    const char *queue; /* the consumer's */
    Publisher *publisher;
    PublisherMessage *messages[LEFTOVERS_MAX];
    size_t count;
    Counter *verdicts[VERDICT_COUNT];
} Leftovers;

/* In zeroed memory of the caller's; the queue's name must stay. INVALID_ARGUMENT (CONFIG) if
 * url is malformed. May be closed after a failure, or if never opened. */
Status leftovers_open(Leftovers *leftovers, const char *url, const char *queue, Metrics *metrics);

void leftovers_close(Leftovers *leftovers);

/* Judges the messages from `first` to before `end` by the status of their events: counts
 * and logs what becomes of each, and writes down what has to be sent; of an oversized
 * message nothing, as its body is not here. What was written down before is forgotten.
 * False, logged, if memory is used up. */
bool leftovers_judge(Leftovers *leftovers, ConsumerBatch *batch, size_t first, size_t end);

/* Sends what is written down. False, logged, while some of it is not confirmed: call again.
 * May block for PUBLISHER_CONFIRM_S and more. */
bool leftovers_send(Leftovers *leftovers);

/* Keeps the connection; call at least every 15 s. */
void leftovers_idle(Leftovers *leftovers);

#endif
