/* metrics_series.h - how a series is kept; shared by metrics.c (updates) and
 * metrics_text.c (what is served). Nobody else includes it. */
#ifndef JUMUN_COMMON_RUNTIME_METRICS_SERIES_H
#define JUMUN_COMMON_RUNTIME_METRICS_SERIES_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/runtime/metrics.h"

enum {
    SERIES_NAME_MAX = 96,
    SERIES_HELP_MAX = 160,
    SERIES_LABELS_MAX = 160,
    BUCKETS_MAX = 16,
};

typedef enum SeriesKind {
    SERIES_COUNTER,
    SERIES_GAUGE,
    SERIES_HISTOGRAM,
} SeriesKind;

struct Counter {
    _Atomic uint64_t value;
};

struct Gauge {
    _Atomic uint64_t bits; /* of a double */
};

typedef struct Buckets {
    const double *bounds; /* ascending; what is above the last counts as +Inf */
    size_t count;
    double scale; /* sums are kept as integers of value * scale: one atomic add */
} Buckets;

struct Histogram {
    const Buckets *buckets;
    _Atomic uint64_t sum;
    _Atomic uint64_t counts[BUCKETS_MAX + 1];
};

typedef struct Series Series;

struct Series {
    SeriesKind kind;
    const Series *family; /* the first series of this name */
    char name[SERIES_NAME_MAX];
    char help[SERIES_HELP_MAX];
    char labels[SERIES_LABELS_MAX];
    union {
        Counter counter;
        Gauge gauge;
        Histogram histogram;
    } as;
};

/* A series is complete before `count` covers it, and never changes its name: readers
 * need no lock. */
struct Metrics {
    pthread_mutex_t lock; /* guards making series */
    _Atomic size_t count;
    Series *series[METRICS_MAX];
};

#endif
