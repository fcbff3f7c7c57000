#include "bench/latency.h"

/* Below LATENCY_STEPS each microsecond has a bucket; above, each power of two has
 * LATENCY_STEPS / 2 of them, and the lower half of its range is the range before. */
static unsigned bucket_of(uint64_t us)
{
    if (us < LATENCY_STEPS) {
        return (unsigned)us;
    }
    unsigned shift = 64 - (unsigned)__builtin_clzll(us) - 7; /* leaves 64..127 */
    unsigned bucket = shift * (LATENCY_STEPS / 2) + (unsigned)(us >> shift);
    return bucket < LATENCY_RANGES * LATENCY_STEPS ? bucket : LATENCY_RANGES * LATENCY_STEPS - 1;
}

static int64_t upper_bound_of(unsigned bucket)
{
    if (bucket < LATENCY_STEPS) {
        return bucket;
    }
    unsigned shift = bucket / (LATENCY_STEPS / 2) - 1;
    uint64_t step = bucket - shift * (LATENCY_STEPS / 2);
    return (int64_t)(((step + 1) << shift) - 1);
}

void latency_record(Latency *latency, int64_t us)
{
    us = us < 0 ? 0 : us;
    latency->counts[bucket_of((uint64_t)us)]++;
    latency->total++;
    latency->max_us = us > latency->max_us ? us : latency->max_us;
}

int64_t latency_percentile(const Latency *latency, double percent)
{
    double wanted = (double)latency->total * percent / 100;
    uint64_t seen = 0;

    for (unsigned i = 0; i < LATENCY_RANGES * LATENCY_STEPS; i++) {
        seen += latency->counts[i];
        if (seen > 0 && (double)seen >= wanted) {
            int64_t bound = upper_bound_of(i);
            return bound < latency->max_us ? bound : latency->max_us;
        }
    }
    return latency->max_us;
}
