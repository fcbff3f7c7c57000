/* fake_product_store.h - ProductStore and StockGate in memory: same keys, same refusals,
 * and they fail when told. */
#ifndef JUMUN_TESTS_SUPPORT_FAKE_PRODUCT_STORE_H
#define JUMUN_TESTS_SUPPORT_FAKE_PRODUCT_STORE_H

#include "services/product/app/product_ports.h"
#include "tests/support/port_fault.h"

enum {
    FAKE_PRODUCTS_MAX = 256,
    FAKE_CHANGES_MAX = 256,
    FAKE_GATE_MAX = 16, /* products that the gate knows at a time */
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
    ProductId products[FAKE_GATE_MAX];
    int64_t units[FAKE_GATE_MAX];
    size_t count;
    size_t forgotten; /* times that a product was forgotten */
} FakeStockGate;

void fake_product_store_init(FakeProductStore *fake);
void fake_stock_gate_init(FakeStockGate *fake);

/* What the order service would do. */
void fake_stock_gate_put(FakeStockGate *fake, ProductId product, int64_t units);

#endif
