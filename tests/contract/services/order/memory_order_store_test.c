/* The twin that the use cases are tested with keeps the contract. */
#include <stdio.h>

#include "tests/contract/services/order/order_store_contract.h"
#include "tests/support/memory_order_store.h"

int main(void)
{
    for (size_t i = 0; i < order_store_case_count; i++) {
        MemoryOrders *orders = memory_orders_open(NULL);
        OrderStore *store = memory_order_store_open(orders);
        OrderStore *other = memory_order_store_open(orders);

        order_store_cases[i].run(store, other);
        memory_orders_check_timelines(orders);
        printf("ok %s\n", order_store_cases[i].name);
        memory_order_store_close(store);
        memory_order_store_close(other);
        memory_orders_close(orders);
    }
    return 0;
}
