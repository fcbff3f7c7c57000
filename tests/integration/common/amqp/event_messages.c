#include "tests/integration/common/amqp/event_messages.h"

#include <assert.h>

#include "common/amqp/event_batch.h"
#include "jumun/event/v1/event.pb-c.h"

size_t event_message_write(uint8_t *to, uint64_t first, size_t count)
{
    uint8_t *at = to;

    for (size_t i = 0; i < count; i++) {
        uint8_t packed[EVENT_BYTES_MAX];
        uint8_t payload[] = { 1, 2, 3 };
        char type[] = "stock.reserve";
        char trace[] = "00-trace";
        Jumun__Event__V1__Event event;

        jumun__event__v1__event__init(&event);

        event.id = first + i;
        event.type = type;
        event.order_id = 1000 + first + i;
        event.seq = 4;
        event.at_us = 5;
        event.traceparent = trace;
        event.payload = (ProtobufCBinaryData){ sizeof payload, payload };
        assert(jumun__event__v1__event__get_packed_size(&event) <= sizeof packed);
        at = event_batch_put(at, packed, jumun__event__v1__event__pack(&event, packed));
    }
    return (size_t)(at - to);
}

void event_message_publish(Broker *broker, const char *queue, uint64_t first, size_t count,
                           const char *attempt)
{
    uint8_t body[64 * EVENT_BYTES_MAX];

    assert(count <= 64);
    broker_publish(broker, queue, body, event_message_write(body, first, count), attempt);
}
