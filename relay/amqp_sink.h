/* amqp_sink.h - the EventSink over the broker. One thread.
 *
 * Small rows of one queue share a message, EVENT_BATCH_MAX events and
 * EVENT_MESSAGE_SIZE_MAX bytes at most, in id order. Nothing is parsed: serialized batches
 * behind one another are a batch of all their events. A row has its message's status. */
#ifndef JUMUN_RELAY_AMQP_SINK_H
#define JUMUN_RELAY_AMQP_SINK_H

#include "common/amqp/publisher.h"
#include "common/base/arena.h"
#include "relay/relay_ports.h"

typedef struct AmqpSink {
    EventSink sink; /* first */
    Publisher *publisher;
    Arena arena; /* of the messages of one publish */
    PublisherMessage messages[RELAY_BATCH_MAX];
    PublisherMessage *list[RELAY_BATCH_MAX];
    size_t message_of[RELAY_BATCH_MAX]; /* row -> message */
    size_t events[RELAY_BATCH_MAX];     /* in each message */
    size_t count;
} AmqpSink;

/* publisher is borrowed. */
void amqp_sink_init(AmqpSink *sink, Publisher *publisher);
void amqp_sink_deinit(AmqpSink *sink);

/* Packs rows into sink->messages, without publishing. RESOURCE_EXHAUSTED if memory is
 * used up. For publish, and for tests. */
Status amqp_sink_pack(AmqpSink *sink, const RelayRow *rows, size_t count);

#endif
