/* order_sweeper.h - the clock as an inbound edge: one thread, a turn every second. */
#ifndef JUMUN_SERVICES_ORDER_API_ORDER_SWEEPER_H
#define JUMUN_SERVICES_ORDER_API_ORDER_SWEEPER_H

#include "common/rpc/wake.h"
#include "common/runtime/metrics.h"
#include "services/order/app/sweep_orders.h"

typedef struct OrderSweeper OrderSweeper;

enum {
    SWEEP_PERIOD_MS = 1000
};

/* Starts the thread, which from then on owns *app and its ports. wake may be NULL. */
Status order_sweeper_open(SweepOrders *app, WakePublisher *wake, Metrics *metrics,
                          OrderSweeper **ret_sweeper);

/* Finishes the turn at hand and joins. NULL is ignored. */
void order_sweeper_close(OrderSweeper *sweeper);

#endif
