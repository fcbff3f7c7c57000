/* fake_relay.h - the relay's outbox and broker in one, so that each can check the other:
 * what was not confirmed may not be removed. They fail when told. */
#ifndef JUMUN_TESTS_SUPPORT_FAKE_RELAY_H
#define JUMUN_TESTS_SUPPORT_FAKE_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/relay_ports.h"

enum {
    FAKE_ROWS_MAX = 2000,
    FAKE_READS_MAX = 200,
    FAKE_TAKEN_MAX = 4000,
};

typedef struct FakeRow {
    uint64_t id;
    const char *queue;
    size_t events;
    const void *batch; /* borrowed */
    size_t size;
    bool committed;
    bool removed;
    unsigned published; /* times the broker has taken it */
} FakeRow;

/* What the broker took, in order. */
typedef struct FakeTaken {
    uint64_t id;
    const char *queue;
} FakeTaken;

typedef enum RelayFault {
    FAULT_BEFORE, /* nothing happens, and it says so */
    FAULT_AFTER,  /* it happens, and nobody hears of it */
} RelayFault;

typedef struct FakeRelay {
    OutboxSource source; /* first */
    EventSink sink;
    FakeRow rows[FAKE_ROWS_MAX]; /* ascending by id */
    size_t row_count;
    FakeTaken taken[FAKE_TAKEN_MAX];
    size_t taken_count;
    uint64_t floors[FAKE_READS_MAX]; /* of each read */
    size_t reads;
    size_t calls; /* of any port function */
    size_t fault_at;
    RelayFault fault;
    bool lease_lost;
    const char *refused_queue;
    Status refusal;
    size_t sink_limit; /* rows that the broker takes before its connection breaks */
} FakeRelay;

void fake_relay_init(FakeRelay *fake);

/* A new row of one event. Rows above it move. */
FakeRow *fake_relay_add(FakeRelay *fake, uint64_t id, const char *queue, bool committed);

#endif
