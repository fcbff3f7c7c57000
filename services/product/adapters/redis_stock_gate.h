/* redis_stock_gate.h - the StockGate over Redis: the key "stock:{<product id>}". One
 * thread's. */
#ifndef JUMUN_SERVICES_PRODUCT_ADAPTERS_REDIS_STOCK_GATE_H
#define JUMUN_SERVICES_PRODUCT_ADAPTERS_REDIS_STOCK_GATE_H

#include "common/base/status.h"
#include "services/product/app/product_ports.h"

/* url as for redis_open. */
Status redis_stock_gate_open(const char *url, StockGate **ret_gate);

/* NULL is ignored. */
void redis_stock_gate_close(StockGate *gate);

#endif
