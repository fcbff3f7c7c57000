/* event_messages.h - EventBatches as a relay publishes them, for tests of consumers. */
#ifndef JUMUN_TESTS_INTEGRATION_COMMON_AMQP_EVENT_MESSAGES_H
#define JUMUN_TESTS_INTEGRATION_COMMON_AMQP_EVENT_MESSAGES_H

#include "tests/integration/common/amqp/broker.h"

enum {
    EVENT_BYTES_MAX = 256 /* of one event in a batch */
};

/* Writes an EventBatch with the ids first .. first + count - 1: stock.reserve of the order
 * 1000 + id. Returns its size. */
size_t event_message_write(uint8_t *to, uint64_t first, size_t count);

/* Publishes one of at most 64 events. */
void event_message_publish(Broker *broker, const char *queue, uint64_t first, size_t count,
                           const char *attempt);

#endif
