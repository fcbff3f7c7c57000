/* take_holds.h - takes units in the stock gate, and teaches the gate what it has lost.
 *
 * A product the gate does not know is neither sold out nor plenty: its number is made
 * anew from the product service and the orders that still wait, once, and asked again. */
#ifndef JUMUN_SERVICES_ORDER_APP_TAKE_HOLDS_H
#define JUMUN_SERVICES_ORDER_APP_TAKE_HOLDS_H

#include "services/order/app/order_ports.h"

/* What the gate is rebuilt from. */
typedef struct GateSources {
    OrderStore *store;
    StockGate *gate;
    Catalog *catalog;
    Arena *arena; /* scratch */
} GateSources;

/* Sorts the holds by product, keeping the order of items, and asks the gate for them.
 * Never fails: what could not be asked stays HOLD_UNTOLD or HOLD_UNKNOWN, and then the
 * product's ledger decides. */
void take_holds(const GateSources *sources, StockHold *holds, size_t count);

/* The number the gate should have: what is available less what PENDING orders will
 * take. ret_known[i] is false for a product that does not exist. Orders are read first:
 * one that gets its reservation meanwhile is then counted twice, never not at all. */
Status gate_truth(const GateSources *sources, const ProductId *products, size_t count,
                  int64_t *ret_units, bool *ret_known);

#endif
