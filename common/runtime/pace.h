/* pace.h - lets work gather: the fuller a worker's last batch was, the later the next begins.
 *
 * A batch costs almost as much for ten items as for a hundred. A worker that always takes
 * at once what is there makes small batches while it has time, and so leaves none to its
 * neighbours on the same machine. Paced, it begins its batches PACE_ITEM_US apart for each
 * item of the last one, up to its limit: an item that comes alone is not kept waiting, and
 * under load some latency buys most of a batch's cost (docs/adr/0015).
 *
 * For work that nobody waits for on a connection. Not synchronized: one worker's. */
#ifndef JUMUN_COMMON_RUNTIME_PACE_H
#define JUMUN_COMMON_RUNTIME_PACE_H

#include <stddef.h>
#include <stdint.h>

enum {
    PACE_ITEM_US = 300 /* a limit is reached with a batch that is worth it: 20 ms with 67 */
};

typedef struct Pace {
    int64_t limit_us; /* between the beginnings of two batches; set by the owner */
    int64_t due_us;   /* monotonic: when the next batch may begin; 0 at first */
} Pace;

/* A batch of so many items began at that time (monotonic). */
void pace_batch(Pace *pace, int64_t began_us, size_t items);

#endif
