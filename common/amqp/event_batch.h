/* event_batch.h - an EventBatch as bytes: events are put in and taken out without
 * parsing them.
 *
 * A protobuf message whose only field is `repeated Event events = 1` is the events'
 * own bytes, each behind a tag and a length. So the consumer parks one bad event exactly
 * as it was written. Pure. */
#ifndef JUMUN_COMMON_AMQP_EVENT_BATCH_H
#define JUMUN_COMMON_AMQP_EVENT_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/amqp/topology.h"

typedef struct EventSlice {
    const uint8_t *bytes; /* one serialized Event */
    size_t size;
} EventSlice;

/* The size an event of `size` bytes has in a batch. */
size_t event_batch_size(size_t size);

/* Writes one event, event_batch_size(size) bytes. Returns the end of what it wrote. */
uint8_t *event_batch_put(uint8_t *to, const void *event, size_t size);

/* Takes a batch apart; slices point into body. False unless body is 1..EVENT_BATCH_MAX
 * events and nothing else. */
bool event_batch_split(const void *body, size_t size, EventSlice ret_events[static EVENT_BATCH_MAX],
                       size_t *ret_count);

#endif
