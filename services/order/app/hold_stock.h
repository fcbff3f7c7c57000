/* hold_stock.h - the parts of place_orders that know about the gate: orders take their
 * units there, and those that come to nothing give them back. */
#ifndef JUMUN_SERVICES_ORDER_APP_HOLD_STOCK_H
#define JUMUN_SERVICES_ORDER_APP_HOLD_STOCK_H

#include "services/order/app/place_orders.h"

/* What the gate said to the orders of a batch. */
typedef struct Holds {
    StockHold *all; /* sorted by product */
    size_t count;
    PlaceOrder *items[PLACE_ORDERS_MAX]; /* whose they are */
} Holds;

/* Takes the units of 1..PLACE_ORDERS_MAX orders. Those that cannot have them all are
 * refused (OUT_OF_STOCK), after a second try if others of the batch gave back what they
 * lack. The gate's failures refuse nobody. *ret_holds comes in zeroed. */
void hold_stock(PlaceOrders *app, PlaceOrder *const *items, size_t count, Holds *ret_holds);

/* Gives back what orders hold that certainly were not stored. A hold that an earlier
 * call had taken is another order's: it stays. A failure heals by the sweep. True if units
 * came back. */
bool unhold_stock(PlaceOrders *app, const Holds *holds);

#endif
