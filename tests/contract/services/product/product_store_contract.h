/* product_store_contract.h - what every ProductStore and StockGate must do. Run over
 * memory and over MariaDB and Redis. */
#ifndef JUMUN_TESTS_CONTRACT_PRODUCT_STORE_CONTRACT_H
#define JUMUN_TESTS_CONTRACT_PRODUCT_STORE_CONTRACT_H

#include "services/product/app/product_ports.h"

/* Runs every case, also through the use cases; a failure aborts. The store must be empty. */
void product_store_contract(ProductStore *store, StockGate *gate);

#endif
