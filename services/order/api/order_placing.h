/* order_placing.h - PlaceOrder, from call to answer. */
#ifndef JUMUN_SERVICES_ORDER_API_ORDER_PLACING_H
#define JUMUN_SERVICES_ORDER_API_ORDER_PLACING_H

#include "common/base/id.h"
#include "common/rpc/rpc_server.h"
#include "common/rpc/wake.h"
#include "common/runtime/batcher.h"
#include "common/runtime/metrics.h"
#include "services/order/api/order_pressure.h"
#include "services/order/app/place_orders.h"

/* How placing an order can end, for the metric. */
typedef enum PlacingResult {
    PLACING_CREATED,
    PLACING_REPLAYED,
    PLACING_REUSED_KEY,
    PLACING_NO_PRODUCT,
    PLACING_NO_STOCK,
    PLACING_PRICE_CHANGED,
    PLACING_REFUSED, /* any other fault of the request */
    PLACING_FAILED,  /* a fault of ours */
    PLACING_UNKNOWN,
    PLACING_RESULTS,
} PlacingResult;

/* What the batcher's thread works with. */
typedef struct OrderPlacing {
    PlaceOrders app;
    IdSource *ids;
    WakePublisher *wake;     /* NULL for none */
    OrderPressure *pressure; /* NULL for none */
    Counter *results[PLACING_RESULTS];
    Counter *replays;
    Histogram *batch_size;
    Histogram *seconds; /* of a batch */
} OrderPlacing;

/* Makes the metrics; app, ids and wake are the caller's to set. */
void order_placing_measure(OrderPlacing *placing, Metrics *metrics);

/* An RpcHandler; service is an OrderApi. */
void order_placing_handle(void *service, RpcCall *const *calls, size_t count);

/* A BatchRun; context is an OrderPlacing. */
void order_placing_run(void *context, BatchJob **jobs, size_t count);

#endif
