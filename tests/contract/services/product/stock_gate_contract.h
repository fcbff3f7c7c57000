/* stock_gate_contract.h - what the catalog relies on in every StockGate; the same cases for
 * Redis and for the fake. Fails by assert. */
#ifndef JUMUN_TESTS_CONTRACT_SERVICES_PRODUCT_STOCK_GATE_CONTRACT_H
#define JUMUN_TESTS_CONTRACT_SERVICES_PRODUCT_STOCK_GATE_CONTRACT_H

#include "services/product/app/product_ports.h"

/* A gate, and what the order service does to it behind the catalog's back. */
typedef struct StockGateSubject {
    StockGate *gate;
    void (*put)(void *context, ProductId product, int64_t units);
    void *context;
} StockGateSubject;

/* Leaves nothing behind. */
void stock_gate_contract(const StockGateSubject *subject);

#endif
