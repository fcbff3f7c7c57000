/* fake_product_store.h - ProductStore and StockGate in memory: same keys, same refusals,
 * and they fail when told. */
#ifndef JUMUN_TESTS_SUPPORT_FAKE_PRODUCT_STORE_H
#define JUMUN_TESTS_SUPPORT_FAKE_PRODUCT_STORE_H

#include "services/product/app/product_ports.h"
#include "tests/support/port_fault.h"

enum {
    FAKE_PRODUCTS_MAX = 256,
    FAKE_CHANGES_MAX = 256,
};

/* A ledger entry. */
typedef struct FakeChange {
    ProductId product;
    int64_t delta;
    RequestKey key;
} FakeChange;

typedef struct FakeProductStore {
    ProductStore store;                  /* first */
    PortFault fault;                     /* of create, update and adjust */
    Product products[FAKE_PRODUCTS_MAX]; /* ascending by id, as they are made */
    size_t product_count;
    FakeChange changes[FAKE_CHANGES_MAX];
    size_t change_count;
} FakeProductStore;

typedef struct FakeStockGate {
    StockGate gate; /* first */
    bool is_down;
    bool known;
    int64_t units;
    size_t forgotten; /* times that a product was forgotten */
} FakeStockGate;

void fake_product_store_init(FakeProductStore *fake);
void fake_stock_gate_init(FakeStockGate *fake);

#endif
