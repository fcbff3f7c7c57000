/* relay_delay.h - how long events took from their birth, just before the transaction that
 * stores them, until the broker confirmed them: the relay's own histogram, read from its
 * operations port. */
#ifndef JUMUN_BENCH_RELAY_DELAY_H
#define JUMUN_BENCH_RELAY_DELAY_H

#include <stdint.h>

#include "common/base/status.h"
#include "common/http/http_client.h"

enum {
    RELAY_DELAY_BUCKETS_MAX = 32
};

typedef struct RelayDelay {
    double bounds_s[RELAY_DELAY_BUCKETS_MAX];
    uint64_t counts[RELAY_DELAY_BUCKETS_MAX]; /* cumulative, over all schemas */
    unsigned bucket_count;
} RelayDelay;

/* `http` is a client of the relay's operations port. */
Status relay_delay_read(HttpClient *http, RelayDelay *ret_delay);

/* The upper bound, in ms, of what `percent` of the rows between two readings took; 0 if
 * there were none. */
double relay_delay_percentile_ms(const RelayDelay *before, const RelayDelay *after, double percent);

#endif
