/* place_orders.h - the use case of POST /orders, over a batch.
 *
 *     replay   request keys that are known get the answer they had     store, 1 query
 *     price    names and prices as they now are                        catalog, 1 call
 *     decide   totals, expected total                                  pure
 *     hold     units in the gate, one script a product                 gate, 1 round trip
 *              (what refused orders held goes back to the others       gate, 2 more)
 *     commit   orders and their commands                               store, 1 transaction
 *     unhold   what certainly was not stored is given back             gate, 1 round trip
 *
 * An order that fails in a stage is skipped by the later ones. Nothing remote is called
 * inside the transaction. */
#ifndef JUMUN_SERVICES_ORDER_APP_PLACE_ORDERS_H
#define JUMUN_SERVICES_ORDER_APP_PLACE_ORDERS_H

#include "common/base/clock.h"
#include "services/order/app/order_ports.h"

enum {
    PLACE_ORDERS_MAX = 256, /* all that one gateway has under way (RPC_CLIENT_CONTEXTS) */
    PLACE_ORDERS_ARENA_BLOCK = 256 * 1024,
    PLACE_ORDERS_ARENA_MAX = 32 * 1024 * 1024,
};

typedef struct OrderShortage {
    ProductId product;
    uint32_t requested;
    int64_t available;
} OrderShortage;

/* One order on its way through the stages. What comes out is borrowed until the next
 * batch, or is the item's own request's; never another item's, which may be gone. */
typedef struct PlaceOrder {
    Order order;             /* in: id, member, token, trace, lines (product, quantity, position);
                              * out: the placed order */
    RequestKey key;          /* in */
    bool has_expected_total; /* in */
    Money expected_total;    /* in */
    int64_t deadline_us;     /* in: monotonic */

    Status status;                  /* out */
    bool replayed;                  /* out: order is what an earlier request was told */
    uint32_t position;              /* out: of the line that PRODUCT_NOT_FOUND is about */
    const OrderShortage *shortages; /* out: with OUT_OF_STOCK */
    size_t shortage_count;

    struct PlaceOrder *leader; /* a stage's own: the same request, earlier in the batch */
} PlaceOrder;

typedef struct PlaceOrders {
    OrderStore *store;
    StockGate *gate;
    Catalog *catalog;
    const Clock *clock;
    OrderRules rules;
    Arena arena; /* scratch, reset with every batch */
} PlaceOrders;

/* Places 1..PLACE_ORDERS_MAX orders; sets every item's status. UNKNOWN only if it cannot
 * be told whether an order was stored. */
void place_orders(PlaceOrders *app, PlaceOrder *const *items, size_t count);

#endif
