/* amqp_sink_test.c - the contract of EventSink on RabbitMQ. */
#undef NDEBUG
#include "relay/amqp_sink.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/event_batch.h"
#include "tests/contract/relay/event_sink_contract.h"
#include "tests/integration/common/amqp/broker.h"

#define FULL_QUEUE "test.relay.sink.full"

static Broker broker;

static const char *missing(void *context)
{
    (void)context;
    return "no.such.queue";
}

static const char *full(void *context)
{
    (void)context;
    return FULL_QUEUE;
}

static uint64_t id_of(const EventSlice *event)
{
    char text[32] = "";

    assert(event->size > strlen("event-") && event->size < sizeof text);
    memcpy(text, event->bytes, event->size);
    assert(strncmp(text, "event-", strlen("event-")) == 0);
    return strtoull(text + strlen("event-"), NULL, 10);
}

static void take(void *context, const char *queue, uint64_t *ret_ids, size_t count)
{
    static BrokerMessage message;
    EventSlice events[EVENT_BATCH_MAX];
    size_t found = 0;

    (void)context;
    while (found < count) {
        size_t in_message = 0;

        broker_take(&broker, queue, &message);
        assert(message.persistent);
        assert(event_batch_split(message.body, message.size, events, &in_message));
        assert(in_message <= count - found);
        for (size_t i = 0; i < in_message; i++) {
            ret_ids[found++] = id_of(&events[i]);
        }
    }
}

static size_t left(void *context, const char *queue)
{
    (void)context;
    return broker_count(&broker, queue);
}

int main(void)
{
    static AmqpSink sink;
    Publisher *publisher = NULL;

    broker_open(&broker);
    Metrics *metrics = metrics_open();
    Status status = publisher_open(broker.url, "test", metrics, &publisher);
    assert(!status_failed(status));
    amqp_sink_init(&sink, publisher);
    broker_declare_short(&broker, FULL_QUEUE, 1);
    for (int i = 0; i < 3; i++) { /* it notices late that it is full */
        broker_publish(&broker, FULL_QUEUE, "x", 1, NULL);
    }
    event_sink_contract(&(SinkSubject){ &sink.sink,
                                        { QUEUE_PRODUCT_COMMANDS, QUEUE_ORDER_REPLIES },
                                        missing,
                                        full,
                                        take,
                                        left,
                                        NULL });
    broker_delete(&broker, FULL_QUEUE);
    amqp_sink_deinit(&sink);
    publisher_close(publisher);
    metrics_close(metrics);
    broker_close(&broker);
    return 0;
}
