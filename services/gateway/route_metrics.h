/* route_metrics.h - http_server_request_duration_seconds{method,route,status}: a series for
 * each route and status that was ever answered. Any thread. */
#ifndef JUMUN_SERVICES_GATEWAY_ROUTE_METRICS_H
#define JUMUN_SERVICES_GATEWAY_ROUTE_METRICS_H

#include "common/base/status.h"
#include "common/runtime/metrics.h"
#include "services/gateway/routes.h"

typedef struct RouteMetrics RouteMetrics;

/* metrics is borrowed until close and may be NULL. */
Status route_metrics_open(Metrics *metrics, RouteMetrics **ret_metrics);

/* NULL is ignored. */
void route_metrics_close(RouteMetrics *metrics);

/* route NULL: none was found. */
void route_metrics_observe(RouteMetrics *metrics, const Route *route, unsigned status,
                           int64_t duration_us);

#endif
