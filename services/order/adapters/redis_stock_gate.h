/* redis_stock_gate.h - the StockGate over Redis.
 *
 *     stock:{<product>}   units the gate would still sell
 *     hold:{<product>}    hash: order id -> units held
 *
 * One script per product, all of a call pipelined in one round trip. After a failure the
 * gate is left alone for GATE_REST_MS: calls fail at once. Opened per thread. */
#ifndef JUMUN_SERVICES_ORDER_ADAPTERS_REDIS_STOCK_GATE_H
#define JUMUN_SERVICES_ORDER_ADAPTERS_REDIS_STOCK_GATE_H

#include "common/base/clock.h"
#include "common/runtime/metrics.h"
#include "services/order/app/order_ports.h"

enum {
    GATE_TIMEOUT_MS = 250,
    GATE_REST_MS = 500,
    GATE_HOLDS_WHOLE_MAX = 2048, /* of a product, looked at whole: about 3 ms of Redis. Of more, */
    GATE_HOLDS_DRAWN = 256,      /* so many are drawn by lot each time. */
};

/* Does not connect. */
Status order_redis_gate_open(const char *url, const Clock *clock, Metrics *metrics,
                             StockGate **ret_gate);

/* NULL is ignored. */
void order_redis_gate_close(StockGate *gate);

#endif
