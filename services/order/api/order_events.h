/* order_events.h - what arrives on order.replies. */
#ifndef JUMUN_SERVICES_ORDER_API_ORDER_EVENTS_H
#define JUMUN_SERVICES_ORDER_API_ORDER_EVENTS_H

#include "common/rpc/wake.h"
#include "common/runtime/event.h"
#include "common/runtime/metrics.h"
#include "services/order/api/order_pressure.h"
#include "services/order/app/advance_orders.h"

enum {
    ORDER_EVENTS_ARENA_BLOCK = 64 * 1024,
    ORDER_EVENTS_ARENA_MAX = 64 * 1024 * 1024,
};

/* What the consumer's thread works with. */
typedef struct OrderEvents {
    AdvanceOrders app;
    WakePublisher *wake;     /* NULL for none */
    OrderPressure *pressure; /* NULL for none */
    Arena arena;             /* scratch: what events are unpacked into */
    Histogram *step_seconds[ORDER_EVENT_MAX + 1];
    Histogram *batch_size;
    Histogram *seconds; /* of a batch */
    Counter *held;      /* runs that waited for placing */
} OrderEvents;

/* Makes the metrics; app, wake and arena are the caller's to set. */
void order_events_measure(OrderEvents *events, Metrics *metrics);

/* An EventRun; context is an OrderEvents. */
void order_events_run(void *context, Event *const *events, size_t count);

#endif
