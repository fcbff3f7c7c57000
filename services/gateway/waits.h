/* waits.h - requests that wait for an order to move.
 *
 * A waiter is watched from watch to forget. While parked it is resumed once: by a nudge
 * for its order, or when its time comes. A nudge that comes while it is not parked - it
 * may be asking for the order that very moment - is remembered: the next park returns at
 * once. Nudges may be lost, so waiters also ask every WAITS_POLL_US. Waiters hold requests in
 * flight: there are at most waiters_max, so that room is left for those who do not wait. */
#ifndef JUMUN_SERVICES_GATEWAY_WAITS_H
#define JUMUN_SERVICES_GATEWAY_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/status.h"

#define WAITS_POLL_US (250 * US_PER_MS)

typedef struct Waits Waits;

/* Embedded in a request. */
typedef struct Waiter {
    /* in */
    OrderId order;
    /* Runs on a thread of the waits' or of the nudge's; must not block. */
    void (*resume)(void *context);
    void *context;
    /* the waits' own */
    struct Waiter *prev;
    struct Waiter *next;
    struct Waiter *prev_same; /* of the same hash slot */
    struct Waiter *next_same;
    int64_t due_us;
    bool parked;
    bool nudged;
} Waiter;

Status waits_open(const Clock *clock, unsigned waiters_max, Waits **ret_waits);

/* Any thread, all of them. False: too many wait; else waits_forget must follow. */
bool waits_watch(Waits *waits, Waiter *waiter);
void waits_forget(Waits *waits, Waiter *waiter);

/* True: parked, resume will follow, perhaps already has. False: there was a nudge, or the
 * waits are closing; look again or give up, now. */
bool waits_park(Waits *waits, Waiter *waiter, int64_t due_us);

void waits_nudge(Waits *waits, const OrderId *orders, size_t count);

/* True once waits_stop was called: nobody should wait any more. */
bool waits_stopping(const Waits *waits);

/* Resumes all who are parked; no one parks any more. */
void waits_stop(Waits *waits);

/* After the last waiter is gone. NULL is ignored. */
void waits_close(Waits *waits);

#endif
