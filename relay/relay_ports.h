/* relay_ports.h - what the relay needs from the outside world: an outbox to read and a
 * broker to publish to. An adapter puts the port first in its own struct and fills `ops`. */
#ifndef JUMUN_RELAY_RELAY_PORTS_H
#define JUMUN_RELAY_RELAY_PORTS_H

#include <stddef.h>

#include "common/base/id.h"
#include "common/base/status.h"

enum {
    RELAY_BATCH_MAX = 128, /* rows of one step, up to 32 events each */
    RELAY_PAUSED_MAX = 8,  /* queues left out at a time */
    RELAY_QUEUE_SIZE = 33, /* a queue's name with its NUL: outbox.queue is VARCHAR(32) */
};

/* One row on its way. Pointers are the source's, valid until its next read. */
typedef struct RelayRow {
    EventId id;
    const char *queue;
    size_t events;     /* how many it holds */
    const void *batch; /* them, a serialized jumun.event.v1.EventBatch */
    size_t size;
    Status status; /* out of publish */
} RelayRow;

/* What to read: rows from `floor` on, but none of the paused queues. */
typedef struct OutboxRange {
    EventId floor;
    char paused[RELAY_PAUSED_MAX][RELAY_QUEUE_SIZE];
    size_t paused_count;
} OutboxRange;

typedef struct OutboxSource OutboxSource;

typedef struct OutboxSourceOps {
    /* Reads committed rows in id order, RELAY_BATCH_MAX at most. */
    Status (*read)(OutboxSource *source, const OutboxRange *range,
                   RelayRow rows[static RELAY_BATCH_MAX], size_t *ret_count);

    /* Removes these rows and no other; ids ascend. FAILED_PRECONDITION (LEASE_LOST) if
     * somebody else reads this outbox now: nothing was removed. UNKNOWN: some may be. */
    Status (*remove)(OutboxSource *source, const EventId *ids, size_t count);
} OutboxSourceOps;

struct OutboxSource {
    const OutboxSourceOps *ops;
};

typedef struct EventSink EventSink;

typedef struct EventSinkOps {
    /* Publishes the rows, in order within a queue, and waits. Sets each status: OK = it
     * is safe with the broker. FAILED_PRECONDITION = its queue does not exist.
     * RESOURCE_EXHAUSTED = its queue is full. Anything else: it is not known to be safe. */
    void (*publish)(EventSink *sink, RelayRow *rows, size_t count);
} EventSinkOps;

struct EventSink {
    const EventSinkOps *ops;
};

#endif
