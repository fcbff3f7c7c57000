/* order_store_contract.h - what every OrderStore promises; the same cases for MariaDB and
 * for the in-memory twin that other tests trust. Plain asserts: a failure ends the test. */
#ifndef JUMUN_TESTS_CONTRACT_SERVICES_ORDER_ORDER_STORE_CONTRACT_H
#define JUMUN_TESTS_CONTRACT_SERVICES_ORDER_ORDER_STORE_CONTRACT_H

#include "services/order/app/order_ports.h"

typedef struct OrderStoreCase {
    const char *name;
    /* Two connections to one empty database. */
    void (*run)(OrderStore *store, OrderStore *other);
} OrderStoreCase;

extern const OrderStoreCase order_store_cases[];
extern const size_t order_store_case_count;

#endif
