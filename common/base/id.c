#include "common/base/id.h"

#include <assert.h>

#define MS_MAX ((UINT64_C(1) << 42) - 1) /* in May 2164 */

enum {
    NODE_BITS = 8,
    SEQUENCE_BITS = 14,
    SMALL_NODE_BITS = 6,
    SMALL_SEQUENCE_BITS = 6
};

void id_source_init(IdSource *source, const Clock *clock, uint32_t node)
{
    assert(node < ID_NODES);
    source->clock = clock;
    source->node = node;
    atomic_init(&source->last, 0);
    atomic_init(&source->last_small, 0);
    atomic_init(&source->valid_until_us, INT64_MAX);
}

/* The next tick, of ms << sequence_bits | sequence. A tick is the clock's, or the last
 * one plus one when the clock has not moved on: the sequence overflows into the ms. */
static bool next_tick(IdSource *source, _Atomic uint64_t *last, int sequence_bits,
                      uint64_t *ret_tick)
{
    if (clock_monotonic_us(source->clock) > atomic_load(&source->valid_until_us)) {
        return false;
    }
    int64_t since_us = clock_wall_us(source->clock) - ID_EPOCH_US;
    uint64_t now = since_us < 0 ? 0 : (uint64_t)(since_us / US_PER_MS) << sequence_bits;
    uint64_t before = atomic_load(last);
    uint64_t tick;

    do {
        tick = now > before ? now : before + 1;
    } while (!atomic_compare_exchange_weak(last, &before, tick));
    *ret_tick = tick;
    return true;
}

bool id_source_next(IdSource *source, uint64_t *ret_id)
{
    uint64_t tick;

    if (!next_tick(source, &source->last, SEQUENCE_BITS, &tick)) {
        return false;
    }
    uint64_t ms = tick >> SEQUENCE_BITS;
    uint64_t sequence = tick & ((1u << SEQUENCE_BITS) - 1);
    *ret_id = (ms << NODE_BITS | source->node) << SEQUENCE_BITS | sequence;
    return true;
}

bool id_source_next_small(IdSource *source, uint64_t *ret_id)
{
    uint64_t tick;

    if (!next_tick(source, &source->last_small, SMALL_SEQUENCE_BITS, &tick)) {
        return false;
    }
    uint64_t ms = tick >> SMALL_SEQUENCE_BITS;
    uint64_t sequence = tick & ((1u << SMALL_SEQUENCE_BITS) - 1);
    uint64_t node = source->node % ID_NODES_PER_SERVICE;
    *ret_id = (ms << SMALL_NODE_BITS | node) << SMALL_SEQUENCE_BITS | sequence;
    return true;
}

int64_t id_time_us(uint64_t id)
{
    return (int64_t)(id >> (NODE_BITS + SEQUENCE_BITS)) * US_PER_MS + ID_EPOCH_US;
}

uint64_t id_floor(int64_t wall_us)
{
    if (wall_us <= ID_EPOCH_US) {
        return 0;
    }
    uint64_t ms = (uint64_t)(wall_us - ID_EPOCH_US) / US_PER_MS;

    return (ms < MS_MAX ? ms : MS_MAX) << (NODE_BITS + SEQUENCE_BITS);
}
