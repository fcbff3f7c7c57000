/* memory_stock_gate.h - the StockGate in this process: for `memory:` addresses and tests.
 *
 * One object serves all threads. It starts empty: every product is unknown at first. */
#ifndef JUMUN_SERVICES_ORDER_ADAPTERS_MEMORY_STOCK_GATE_H
#define JUMUN_SERVICES_ORDER_ADAPTERS_MEMORY_STOCK_GATE_H

#include "services/order/app/order_ports.h"

Status order_memory_gate_open(StockGate **ret_gate);

/* Forgets everything, as a Redis that lost its data. */
void order_memory_gate_flush(StockGate *gate);

/* NULL is ignored. */
void order_memory_gate_close(StockGate *gate);

#endif
