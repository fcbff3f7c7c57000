/* metrics.h - counters, gauges and histograms, as Prometheus text 0.0.4.
 *
 * A Metrics holds at most METRICS_MAX series, made at start; making one that exists
 * (same name and labels) returns it. Updating is one atomic operation, on any thread.
 * Labels are bounded by construction: route templates, methods, codes - never ids.
 * A NULL Metrics makes NULL series, and updating NULL does nothing: tests need none. */
#ifndef JUMUN_COMMON_RUNTIME_METRICS_H
#define JUMUN_COMMON_RUNTIME_METRICS_H

#include <stddef.h>
#include <stdint.h>

enum {
    METRICS_MAX = 1024
};

typedef struct Metrics Metrics;
typedef struct Counter Counter;
typedef struct Gauge Gauge;
typedef struct Histogram Histogram;

Metrics *metrics_open(void);

/* NULL is ignored. No update may follow. */
void metrics_close(Metrics *metrics);

/* name, help and labels are copied; labels are `queue="order.replies"`, "" for none.
 * NULL when METRICS_MAX is reached. */
Counter *metrics_counter(Metrics *metrics, const char *name, const char *help, const char *labels);
Gauge *metrics_gauge(Metrics *metrics, const char *name, const char *help, const char *labels);

/* Of seconds: buckets 0.0005 .. 10 s, roughly doubling. */
Histogram *metrics_histogram(Metrics *metrics, const char *name, const char *help,
                             const char *labels);

/* Of counts: buckets 1, 2, 4 .. 512. */
Histogram *metrics_histogram_of_counts(Metrics *metrics, const char *name, const char *help,
                                       const char *labels);

void counter_add(Counter *counter, uint64_t amount);
void gauge_set(Gauge *gauge, double value);
void histogram_observe(Histogram *histogram, double value);

uint64_t counter_value(const Counter *counter); /* for tests; 0 for NULL */
double gauge_value(const Gauge *gauge);

/* Writes all series and the process_* ones (cpu seconds, resident bytes, open fds)
 * into buffer, NUL-terminated; series that do not fit are left out whole. Returns the
 * size written. */
size_t metrics_render(const Metrics *metrics, char *buffer, size_t size);

#endif
