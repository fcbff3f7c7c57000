/* latency.h - a histogram of durations with a relative error below 1 %.
 *
 * Buckets as in HDR histograms: 128 linear steps within each power of two, from 1 us to
 * about 19 hours. Fixed memory, one owner. */
#ifndef JUMUN_BENCH_LATENCY_H
#define JUMUN_BENCH_LATENCY_H

#include <stdint.h>

enum {
    LATENCY_STEPS = 128,
    LATENCY_RANGES = 30,
};

typedef struct Latency {
    uint64_t counts[LATENCY_RANGES * LATENCY_STEPS];
    uint64_t total;
    int64_t max_us;
} Latency;

/* Negative durations count as 0. */
void latency_record(Latency *latency, int64_t us);

/* The duration that `percent` of the recorded ones do not exceed; 0 if there are none. */
int64_t latency_percentile(const Latency *latency, double percent);

#endif
