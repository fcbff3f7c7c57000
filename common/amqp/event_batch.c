#include "common/amqp/event_batch.h"

#include <string.h>

enum {
    EVENTS_TAG = 1 << 3 | 2, /* field 1, length-delimited */
    VARINT_BITS = 7,
    VARINT_SIZE_MAX = 5, /* of a length */
};

size_t event_batch_size(size_t size)
{
    size_t total = 2 + size; /* tag, last byte of the length */

    for (size_t rest = size >> VARINT_BITS; rest > 0; rest >>= VARINT_BITS) {
        total++;
    }
    return total;
}

uint8_t *event_batch_put(uint8_t *to, const void *event, size_t size)
{
    size_t rest = size;

    *to++ = EVENTS_TAG;
    while (rest > 0x7f) {
        *to++ = (uint8_t)(rest | 0x80);
        rest >>= VARINT_BITS;
    }
    *to++ = (uint8_t)rest;
    if (size > 0) {
        memcpy(to, event, size);
    }
    return to + size;
}

/* Reads a length at *at. False if it is cut off or absurd. */
static bool read_length(const uint8_t **at, const uint8_t *end, size_t *ret_length)
{
    uint64_t length = 0;

    for (unsigned i = 0; i < VARINT_SIZE_MAX && *at < end; i++) {
        uint8_t byte = *(*at)++;

        length |= (uint64_t)(byte & 0x7f) << (i * VARINT_BITS);
        if ((byte & 0x80) == 0) {
            *ret_length = (size_t)length;
            return true;
        }
    }
    return false;
}

bool event_batch_split(const void *body, size_t size, EventSlice ret_events[static EVENT_BATCH_MAX],
                       size_t *ret_count)
{
    const uint8_t *at = body;
    const uint8_t *end = at + size;
    size_t count = 0;

    while (at < end) {
        size_t length;

        if (count == EVENT_BATCH_MAX || *at++ != EVENTS_TAG || !read_length(&at, end, &length) ||
            length > (size_t)(end - at)) {
            return false;
        }
        ret_events[count++] = (EventSlice){ at, length };
        at += length;
    }
    if (count == 0) {
        return false;
    }
    *ret_count = count;
    return true;
}
