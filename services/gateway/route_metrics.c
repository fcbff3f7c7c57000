#include "services/gateway/route_metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    STATUSES = 32 /* more than there are in routes.c and problem.c */
};

/* The histogram of a status of a route; made when first needed. */
typedef struct Series {
    _Atomic unsigned status; /* 0: not used yet */
    Histogram *_Atomic histogram;
} Series;

struct RouteMetrics {
    Metrics *metrics;
    Series series[]; /* of each route, and of none: STATUSES each */
};

Status route_metrics_open(Metrics *metrics, RouteMetrics **ret_metrics)
{
    RouteMetrics *opened =
        calloc(1, sizeof *opened + (route_count + 1) * STATUSES * sizeof(Series));

    if (opened == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    opened->metrics = metrics;
    *ret_metrics = opened;
    return status_ok();
}

void route_metrics_close(RouteMetrics *metrics)
{
    free(metrics);
}

static Histogram *make(RouteMetrics *metrics, const Route *route, unsigned status)
{
    char labels[192];
    static const char *const methods[] = {
        [HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
        [HTTP_PUT] = "PUT", [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    };

    (void)snprintf(labels, sizeof labels, "method=\"%s\",route=\"%s\",status=\"%u\"",
                   route == NULL ? "" : methods[route->method], route == NULL ? "" : route->path,
                   status);
    return metrics_histogram(metrics->metrics, "http_server_request_duration_seconds",
                             "From the request line to the answer", labels);
}

/* The status's place, or a free one that is now its own. NULL if all are taken. */
static Series *find(Series *series, unsigned status)
{
    for (size_t i = 0; i < STATUSES; i++) {
        unsigned seen = atomic_load_explicit(&series[i].status, memory_order_relaxed);
        if (seen == 0) {
            (void)atomic_compare_exchange_strong(&series[i].status, &seen, status);
            seen = seen == 0 ? status : seen;
        }
        if (seen == status) {
            return &series[i];
        }
    }
    return NULL;
}

void route_metrics_observe(RouteMetrics *metrics, const Route *route, unsigned status,
                           int64_t duration_us)
{
    size_t index = route == NULL ? route_count : (size_t)(route - routes);
    Series *series = find(&metrics->series[index * STATUSES], status);

    if (metrics->metrics == NULL || series == NULL) {
        return;
    }
    Histogram *histogram = atomic_load_explicit(&series->histogram, memory_order_acquire);
    if (histogram == NULL) { /* making one that exists returns it: a race does no harm */
        histogram = make(metrics, route, status);
        atomic_store_explicit(&series->histogram, histogram, memory_order_release);
    }
    histogram_observe(histogram, (double)duration_us / 1e6);
}
