/* relay.h - moves events from one outbox to the broker, at least once.
 *
 * Rows go only after the broker has confirmed them, so a crash in between repeats events
 * and never loses one. What the broker does not take stays.
 *
 * Rows become visible in commit order, not in id order, so reading on behind the last id
 * would lose events. A step reads from a floor instead, that stays 10 s behind the clock;
 * and once a second a sweep from id 0 finds what a longer transaction left below it.
 *
 * A queue that refuses (missing, full) is left out until the next sweep, so that its rows
 * do not stand in the way of others. One thread; time comes from the clock. */
#ifndef JUMUN_RELAY_RELAY_H
#define JUMUN_RELAY_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/runtime/metrics.h"
#include "common/runtime/pace.h"
#include "relay/relay_ports.h"

enum {
    RELAY_TRAIL_S = 10, /* the longest transaction that the floor waits for */
    RELAY_SWEEP_S = 1,
    RELAY_PACE_MS = 20, /* between the beginnings of two steps, at most */
};

/* NULL series are left alone. */
typedef struct RelayMetrics {
    Counter *published;
    Counter *returned;
    Counter *nacked;
    Histogram *delay_seconds; /* from an event's id to its confirm */
} RelayMetrics;

typedef struct Relay {
    OutboxSource *source;
    EventSink *sink;
    const Clock *clock;
    RelayMetrics metrics;

    OutboxRange range;
    int64_t sweep_at_us; /* monotonic */
    Pace pace;
    RelayRow rows[RELAY_BATCH_MAX];
    EventId confirmed[RELAY_BATCH_MAX];
} Relay;

void relay_init(Relay *relay, OutboxSource *source, EventSink *sink, const Clock *clock);

/* Moves one batch. ret_more: there may be more, call again at once; else after a nudge
 * once the pace says so, or when relay_sweep_due. Fails if the source or the broker as a
 * whole does: wait, then call again. Queues that refuse are no failure. */
Status relay_step(Relay *relay, bool *ret_more);

/* True if the next step is a sweep. */
bool relay_sweep_due(const Relay *relay);

#endif
