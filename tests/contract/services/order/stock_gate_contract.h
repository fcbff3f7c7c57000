/* stock_gate_contract.h - what every StockGate promises; the same cases for Redis and for
 * the gate in memory. */
#ifndef JUMUN_TESTS_CONTRACT_SERVICES_ORDER_STOCK_GATE_CONTRACT_H
#define JUMUN_TESTS_CONTRACT_SERVICES_ORDER_STOCK_GATE_CONTRACT_H

#include "services/order/app/order_ports.h"

/* The gates of one empty store. */
typedef struct StockGateSubject {
    StockGate *(*open)(void *context); /* a gate of the calling thread */
    void (*close)(StockGate *gate);
    void *context;
} StockGateSubject;

typedef struct StockGateCase {
    const char *name;
    void (*run)(const StockGateSubject *subject);
} StockGateCase;

extern const StockGateCase stock_gate_cases[];
extern const size_t stock_gate_case_count;

#endif
