/* advance_orders.h - the use case of everything an order hears, over a batch of events.
 *
 * The domain decides on locked orders, inside the store's one transaction; after its
 * commit the gate is told whose holds have ended. A gate that does not hear it is put
 * right by the sweep. */
#ifndef JUMUN_SERVICES_ORDER_APP_ADVANCE_ORDERS_H
#define JUMUN_SERVICES_ORDER_APP_ADVANCE_ORDERS_H

#include "common/base/clock.h"
#include "services/order/app/order_ports.h"

enum {
    ADVANCE_ORDERS_MAX = 512,
    ADVANCE_ORDERS_ARENA_BLOCK = 256 * 1024,
    ADVANCE_ORDERS_ARENA_MAX = 64 * 1024 * 1024,
};

typedef struct AdvanceOrders {
    OrderStore *store;
    StockGate *gate;
    const Clock *clock;
    OrderRules rules;
    Arena arena; /* scratch, reset with every batch */
} AdvanceOrders;

/* Takes 1..ADVANCE_ORDERS_MAX steps in arrival order and sets every status. By then the
 * effect of an OK is committed. Several steps of one order work one after the other. */
void advance_orders(AdvanceOrders *app, OrderStep *const *steps, size_t count);

#endif
