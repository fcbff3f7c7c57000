/* sweep_orders.h - what nobody else notices: orders that hear nothing, holds whose time
 * is over, and a gate that has lost touch with the truth.
 *
 * A turn does a bounded amount of each. Several processes may sweep the same database:
 * every decision is taken again on the locked order, or by compare and set. */
#ifndef JUMUN_SERVICES_ORDER_APP_SWEEP_ORDERS_H
#define JUMUN_SERVICES_ORDER_APP_SWEEP_ORDERS_H

#include <assert.h>

#include "services/order/app/advance_orders.h"
#include "services/order/app/take_holds.h"

enum {
    SWEEP_STALLED_MAX = 500,  /* commands repeated in a turn */
    SWEEP_LOST_MAX = 100,     /* orders given to somebody to look at in a turn */
    SWEEP_EXPIRED_MAX = 400,  /* holds ended in a pass, */
    SWEEP_EXPIRED_PASSES = 5, /* and passes in a turn: no storm after a clock jump */
    SWEEP_PRODUCTS_MAX = 512, /* products looked at in a turn */
    SWEEP_SUSPECTS_MAX = 128, /* products whose drift is remembered */
    /* Younger holds may still be on their way to the database: an order is named when its
     * batch begins. A batch that takes longer, with engines that hang, can have units given
     * back of an order that is then stored: the gate promises too much, the ledger sells
     * nothing twice, and the next turns see the drift and take it back. */
    SWEEP_HOLD_AGE_S = 3,
    SWEEP_INBOX_DAYS = 7,
    SWEEP_KEY_HOURS = 48,
    SWEEP_PASS_MAX = SWEEP_STALLED_MAX, /* the widest of the passes over orders */
    SWEEP_MOVED_MAX = SWEEP_STALLED_MAX + SWEEP_LOST_MAX + SWEEP_EXPIRED_PASSES * SWEEP_EXPIRED_MAX,
};

static_assert((int)SWEEP_PASS_MAX <= (int)ADVANCE_ORDERS_MAX, "a pass is one batch");

typedef struct SweepOrders {
    AdvanceOrders advance; /* with its own store and gate */
    Catalog *catalog;
    uint64_t cursor;    /* of the walk through the gate */
    uint64_t hold_skip; /* of the walk through the old holds of each product */
    HoldDrift suspects[SWEEP_SUSPECTS_MAX];
    size_t suspect_count;
} SweepOrders;

/* What a turn did; the first failure of each part. */
typedef struct SweepReport {
    size_t repeated;
    size_t lost;
    size_t expired;
    size_t settled;
    size_t corrected;
    int64_t drift; /* units, over the products looked at, signs dropped */
    Status orders;
    Status gate;
    Status purge;
} SweepReport;

/* `moved` has room for SWEEP_MOVED_MAX orders that have moved. */
void sweep_orders(SweepOrders *app, OrderId *ret_moved, size_t *ret_moved_count,
                  SweepReport *ret_report);

#endif
