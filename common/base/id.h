/* id.h - what things are called inside, and where new names come from.
 *
 * An id is time-ordered, so that a clustered key grows at its end:
 *
 *     42 bits of ms since 2025-01-01T00:00Z | 8 bits of node | 14 bits of sequence
 *
 * Members and products have smaller ids, exact in JSON (below 2^53):
 *
 *     41 bits of the same ms | 6 bits of node | 6 bits of sequence
 *
 * Nodes are leased in the database (common/mysql/node_lease.h), each service from
 * its own range, so that ids are unique over all services and processes. */
#ifndef JUMUN_COMMON_BASE_ID_H
#define JUMUN_COMMON_BASE_ID_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"

#define ID_EPOCH_US INT64_C(1735689600000000) /* 2025-01-01T00:00Z */
#define ID_JSON_MAX ((UINT64_C(1) << 53) - 1)

enum {
    ID_NODES_PER_SERVICE = 64,
    ID_NODES = 256,
};

typedef struct OrderId {
    uint64_t value;
} OrderId;

typedef struct MemberId {
    uint64_t value;
} MemberId;

typedef struct ProductId {
    uint64_t value;
} ProductId;

typedef struct EventId {
    uint64_t value;
} EventId;

/* Makes ids for one node. Any thread. */
typedef struct IdSource {
    const Clock *clock;
    _Atomic uint32_t node;       /* changes when a lost lease is replaced by another */
    _Atomic uint64_t last;       /* ms << 14 | sequence of the newest id */
    _Atomic uint64_t last_small; /* ms << 6 | sequence of the newest small id */
    /* Monotonic time until which the node is surely ours; INT64_MAX without a lease. */
    _Atomic int64_t valid_until_us;
} IdSource;

void id_source_init(IdSource *source, const Clock *clock, uint32_t node);

/* The next 64-bit id: greater than all before it from this source, also when the
 * clock steps back; then, or when a millisecond's sequence is used up, it runs ahead
 * of the clock. False if the node's lease is stale: make nothing, answer UNAVAILABLE. */
bool id_source_next(IdSource *source, uint64_t *ret_id);

/* The next id below 2^53, with the same promises. */
bool id_source_next_small(IdSource *source, uint64_t *ret_id);

/* When a 64-bit id was made, wall clock, to the millisecond. */
int64_t id_time_us(uint64_t id);

/* The lowest 64-bit id that can have been made at that time or later. Any time will do:
 * one outside the 139 years that ids can tell counts as their first or last ms. */
uint64_t id_floor(int64_t wall_us);

#endif
