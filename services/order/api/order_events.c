#include "services/order/api/order_events.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "services/order/api/order_proto.h"

static_assert((int)ADVANCE_ORDERS_MAX >= (int)EVENT_RUN_MAX, "a run is a batch");
static_assert((int)WAKE_ORDERS_MAX >= (int)EVENT_RUN_MAX, "a batch is a nudge");

/* Tells the relay of new commands and the gateway of orders that somebody waits for. */
static void tell(const OrderEvents *context, OrderStep *const *steps, size_t count)
{
    OrderId moved[EVENT_RUN_MAX];
    size_t moved_count = 0;

    for (size_t i = 0; i < count; i++) {
        const OrderStep *step = steps[i];

        if (status_failed(step->status) || !step->outcome.touched) {
            continue;
        }
        moved[moved_count++] = step->order_id;
        histogram_observe(context->step_seconds[step->news.event],
                          (double)step->waited_us / (double)US_PER_S);
    }
    if (moved_count > 0 && context->wake != NULL) {
        wake_publish(context->wake, moved, moved_count);
    }
}

static void give_way(const OrderEvents *context)
{
    const struct timespec step = { .tv_nsec = PRESSURE_STEP_MS * 1000000L };
    int64_t began_us = clock_monotonic_us(context->app.clock);
    int64_t now_us = began_us;

    while (context->pressure != NULL &&
           order_pressure_holds(context->pressure, now_us, now_us - began_us)) {
        (void)nanosleep(&step, NULL);
        now_us = clock_monotonic_us(context->app.clock);
    }
    counter_add(context->held, now_us > began_us);
}

void order_events_run(void *context, Event *const *events, size_t count)
{
    OrderEvents *self = context;
    OrderStep steps[EVENT_RUN_MAX];
    OrderStep *live[EVENT_RUN_MAX] = { NULL };
    size_t live_count = 0;

    assert(count <= EVENT_RUN_MAX);
    give_way(self);
    int64_t started_us = clock_monotonic_us(self->app.clock);
    arena_reset(&self->arena);
    for (size_t i = 0; i < count; i++) {
        steps[i].status = order_step_from_event(events[i], &self->arena, &steps[i]);
        if (!status_failed(steps[i].status)) {
            live[live_count++] = &steps[i];
        }
    }
    if (live_count > 0) {
        advance_orders(&self->app, live, live_count);
        tell(self, live, live_count);
    }
    for (size_t i = 0; i < count; i++) {
        events[i]->status = steps[i].status;
    }
    int64_t took_us = clock_monotonic_us(self->app.clock) - started_us;
    histogram_observe(self->batch_size, (double)count);
    histogram_observe(self->seconds, (double)took_us / (double)US_PER_S);
}

void order_events_measure(OrderEvents *events, Metrics *metrics)
{
    for (OrderEvent event = ORDER_HEARS_STOCK_RESERVED; event <= ORDER_HEARS_PAYMENT_UNKNOWN;
         event++) {
        char labels[48];

        (void)snprintf(labels, sizeof labels, "step=\"%s\"", order_event_type(event));
        events->step_seconds[event] =
            metrics_histogram(metrics, "order_saga_step_seconds",
                              "Time from an order's last step to this one", labels);
    }
    events->batch_size =
        metrics_histogram_of_counts(metrics, "batch_size", "Items of a batch", "stage=\"advance\"");
    events->seconds =
        metrics_histogram(metrics, "batch_seconds", "Time of a batch", "stage=\"advance\"");
    events->held = metrics_counter(metrics, "order_runs_held_total",
                                   "Runs of events that waited for orders to be placed", "");
}
