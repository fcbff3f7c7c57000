/* event_sink_contract.h - what the relay relies on in every EventSink; the same cases for
 * RabbitMQ and for the fake. Fails by assert. */
#ifndef JUMUN_TESTS_CONTRACT_RELAY_EVENT_SINK_CONTRACT_H
#define JUMUN_TESTS_CONTRACT_RELAY_EVENT_SINK_CONTRACT_H

#include "relay/relay_ports.h"

enum {
    SINK_IDS_MAX = 1 + RELAY_BATCH_MAX /* rows are numbered below that, from 1 */
};

/* A sink, and the other side of its broker. A row's only event is "event-<id>". */
typedef struct SinkSubject {
    EventSink *sink;
    const char *queues[2]; /* that are there, and empty */
    /* The name of a queue that is not there, and of one that is full. */
    const char *(*missing)(void *context);
    const char *(*full)(void *context);
    /* Takes the next `count` events out of a queue; there are no fewer. */
    void (*take)(void *context, const char *queue, uint64_t *ret_ids, size_t count);
    /* Events, or messages of them, left in a queue. */
    size_t (*left)(void *context, const char *queue);
    void *context;
} SinkSubject;

void event_sink_contract(const SinkSubject *subject);

#endif
