/* metrics.c - makes and updates series. A series is one allocation that stays where it
 * is, so that an update is one atomic operation through a pointer. */
#include "common/runtime/metrics.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/metrics_series.h"

static const double second_bounds[] = { 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064,
                                        0.128,  0.256, 0.512, 1,     2,     5,     10 };
static const double count_bounds[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512 };

static const Buckets seconds = { second_bounds, sizeof second_bounds / sizeof second_bounds[0],
                                 1e6 };
static const Buckets counts = { count_bounds, sizeof count_bounds / sizeof count_bounds[0], 1 };

Metrics *metrics_open(void)
{
    Metrics *metrics = calloc(1, sizeof *metrics);

    if (metrics != NULL) {
        pthread_mutex_init(&metrics->lock, NULL);
    }
    return metrics;
}

void metrics_close(Metrics *metrics)
{
    if (metrics == NULL) {
        return;
    }
    for (size_t i = 0; i < atomic_load(&metrics->count); i++) {
        free(metrics->series[i]);
    }
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

static Series *make_series(SeriesKind kind, const char *name, const char *help, const char *labels)
{
    assert(strlen(name) < SERIES_NAME_MAX);
    assert(strlen(labels) < SERIES_LABELS_MAX);

    Series *series = calloc(1, sizeof *series);
    if (series != NULL) {
        series->kind = kind;
        (void)snprintf(series->name, sizeof series->name, "%s", name);
        (void)snprintf(series->help, sizeof series->help, "%s", help);
        (void)snprintf(series->labels, sizeof series->labels, "%s", labels);
    }
    return series;
}

/* The series, made if there is none; NULL if there is no room. Under the lock. */
static Series *find_or_make(Metrics *metrics, const Series *wanted)
{
    size_t count = atomic_load(&metrics->count);
    const Series *family = NULL;

    for (size_t i = 0; i < count; i++) {
        Series *series = metrics->series[i];
        if (strcmp(series->name, wanted->name) != 0) {
            continue;
        }
        assert(series->kind == wanted->kind); /* one name, one type */
        if (strcmp(series->labels, wanted->labels) == 0) {
            return series;
        }
        family = family == NULL ? series : family;
    }
    if (count == METRICS_MAX) {
        return NULL;
    }
    Series *series = malloc(sizeof *series);
    if (series != NULL) {
        memcpy(series, wanted, sizeof *series);
        series->family = family == NULL ? series : family;
        metrics->series[count] = series;
        atomic_store(&metrics->count, count + 1);
    }
    return series;
}

static Series *get_series(Metrics *metrics, Series *wanted)
{
    Series *series = NULL;

    if (metrics != NULL && wanted != NULL) {
        pthread_mutex_lock(&metrics->lock);
        series = find_or_make(metrics, wanted);
        pthread_mutex_unlock(&metrics->lock);
    }
    free(wanted);
    return series;
}

Counter *metrics_counter(Metrics *metrics, const char *name, const char *help, const char *labels)
{
    Series *series = get_series(metrics, make_series(SERIES_COUNTER, name, help, labels));
    return series == NULL ? NULL : &series->as.counter;
}

Gauge *metrics_gauge(Metrics *metrics, const char *name, const char *help, const char *labels)
{
    Series *series = get_series(metrics, make_series(SERIES_GAUGE, name, help, labels));
    return series == NULL ? NULL : &series->as.gauge;
}

static Histogram *get_histogram(Metrics *metrics, Series *wanted, const Buckets *buckets)
{
    if (wanted != NULL) {
        wanted->as.histogram.buckets = buckets;
    }
    Series *series = get_series(metrics, wanted);
    return series == NULL ? NULL : &series->as.histogram;
}

Histogram *metrics_histogram(Metrics *metrics, const char *name, const char *help,
                             const char *labels)
{
    return get_histogram(metrics, make_series(SERIES_HISTOGRAM, name, help, labels), &seconds);
}

Histogram *metrics_histogram_of_counts(Metrics *metrics, const char *name, const char *help,
                                       const char *labels)
{
    return get_histogram(metrics, make_series(SERIES_HISTOGRAM, name, help, labels), &counts);
}

void counter_add(Counter *counter, uint64_t amount)
{
    if (counter != NULL) {
        atomic_fetch_add_explicit(&counter->value, amount, memory_order_relaxed);
    }
}

uint64_t counter_value(const Counter *counter)
{
    return counter == NULL ? 0 : atomic_load_explicit(&counter->value, memory_order_relaxed);
}

void gauge_set(Gauge *gauge, double value)
{
    uint64_t bits;

    if (gauge != NULL) {
        memcpy(&bits, &value, sizeof bits);
        atomic_store_explicit(&gauge->bits, bits, memory_order_relaxed);
    }
}

double gauge_value(const Gauge *gauge)
{
    double value = 0;

    if (gauge != NULL) {
        uint64_t bits = atomic_load_explicit(&gauge->bits, memory_order_relaxed);
        memcpy(&value, &bits, sizeof value);
    }
    return value;
}

void histogram_observe(Histogram *histogram, double value)
{
    if (histogram == NULL || !(value >= 0)) {
        return; /* a clock that stepped back says nothing about durations */
    }
    const Buckets *buckets = histogram->buckets;
    size_t bucket = 0;
    while (bucket < buckets->count && value > buckets->bounds[bucket]) {
        bucket++;
    }
    atomic_fetch_add_explicit(&histogram->counts[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum, (uint64_t)(value * buckets->scale + 0.5),
                              memory_order_relaxed);
}
