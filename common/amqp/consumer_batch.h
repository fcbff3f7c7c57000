/* consumer_batch.h - the messages a consumer has taken and the events in them. Internal.
 *
 * Everything lives in the batch's arena, until consumer_batch_reset. Pure but for
 * memory: no broker in here, so poison is tested without one. */
#ifndef JUMUN_COMMON_AMQP_CONSUMER_BATCH_H
#define JUMUN_COMMON_AMQP_CONSUMER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/amqp/consumer.h"
#include "common/amqp/delivery.h"
#include "common/amqp/event_batch.h"
#include "common/amqp/publisher.h"
#include "common/base/arena.h"

enum {
    /* Begin no further message beyond this; one message adds at most MESSAGE_MEMORY_MAX. */
    BATCH_MEMORY_MAX = 2 * 1024 * 1024,
    MESSAGE_MEMORY_MAX = 1024 * 1024,
    DELIVERED_BEFORE_MAX = 2, /* beyond, a message is handled alone */
};

typedef struct BatchMessage {
    Delivery delivery;
    size_t first_event;
    size_t event_count; /* 0: malformed, goes to <queue>.dead whole */
} BatchMessage;

typedef struct ConsumerBatch {
    Arena arena;
    BatchMessage messages[CONSUMER_PREFETCH];
    size_t message_count;
    Event events[EVENT_RUN_MAX];
    EventSlice slices[EVENT_RUN_MAX]; /* the same events as they came */
    const BatchMessage *of[EVENT_RUN_MAX];
    size_t event_count;
} ConsumerBatch;

void consumer_batch_init(ConsumerBatch *batch);
void consumer_batch_deinit(ConsumerBatch *batch);
void consumer_batch_reset(ConsumerBatch *batch);

/* True if another message may be added. */
bool consumer_batch_has_room(const ConsumerBatch *batch);

/* Takes a message apart. Its events that cannot be parsed have the status
 * INVALID_ARGUMENT (MALFORMED), all others OK. */
void consumer_batch_add(ConsumerBatch *batch, const Delivery *delivery);

/* The end of the span of messages that are handled together from `first` on. */
size_t consumer_batch_span(const ConsumerBatch *batch, size_t first);

typedef enum Verdict {
    VERDICT_DONE,
    VERDICT_PARK,
    VERDICT_RETRY,
    VERDICT_COUNT,
} Verdict;

/* What an event's status asks for, see event.h. */
Verdict verdict_of(Status status);

/* True if the status says that the store cannot be reached. */
bool status_is_outage(Status status);

/* Writes the message that parks or retries one event alone, with its headers. `queue` is
 * the consumer's. NULL if memory is used up. */
PublisherMessage *consumer_batch_event_message(ConsumerBatch *batch, size_t event,
                                               const char *queue, Verdict verdict);

/* The same for a malformed message as it came; not for one without a body. */
PublisherMessage *consumer_batch_whole_message(ConsumerBatch *batch, const BatchMessage *message,
                                               const char *queue);

#endif
