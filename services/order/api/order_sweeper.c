#include "services/order/api/order_sweeper.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "common/runtime/log.h"

struct OrderSweeper {
    SweepOrders *app;
    WakePublisher *wake;
    Counter *repeated;
    Counter *lost;
    Counter *expired;
    Counter *settled;
    Counter *corrected;
    Gauge *drift;
    pthread_t thread;

    pthread_mutex_t lock; /* guards closing */
    pthread_cond_t wake_up;
    bool closing;
};

static void log_failure(const char *part, Status status)
{
    if (status_failed(status)) {
        log_warn("order.sweep_failed", "part=%s code=%s name=%s", part,
                 status_code_name(status.code), status.name);
    }
}

/* A turn may move more orders than a nudge holds. */
static void tell(WakePublisher *wake, const OrderId *moved, size_t count)
{
    for (size_t done = 0; done < count;) {
        size_t some = count - done < WAKE_ORDERS_MAX ? count - done : WAKE_ORDERS_MAX;

        wake_publish(wake, &moved[done], some);
        done += some;
    }
}

static void turn(OrderSweeper *sweeper)
{
    OrderId moved[SWEEP_MOVED_MAX];
    size_t moved_count = 0;
    SweepReport report;

    sweep_orders(sweeper->app, moved, &moved_count, &report);
    if (sweeper->wake != NULL) {
        tell(sweeper->wake, moved, moved_count);
    }
    counter_add(sweeper->repeated, report.repeated);
    counter_add(sweeper->lost, report.lost);
    counter_add(sweeper->expired, report.expired);
    counter_add(sweeper->settled, report.settled);
    counter_add(sweeper->corrected, report.corrected);
    if (!status_failed(report.gate)) {
        gauge_set(sweeper->drift, (double)report.drift);
    }
    if (report.lost > 0) {
        log_warn("order.needs_review", "orders=%zu reason=STALLED", report.lost);
    }
    log_failure("orders", report.orders);
    log_failure("gate", report.gate);
    log_failure("purge", report.purge);
}

/* True when it is time for a turn, false when closing. */
static bool wait_for_turn(OrderSweeper *sweeper)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += SWEEP_PERIOD_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&sweeper->lock);
    int waited = 0;
    while (!sweeper->closing && waited == 0) {
        waited = pthread_cond_timedwait(&sweeper->wake_up, &sweeper->lock, &until);
    }
    bool closing = sweeper->closing;
    pthread_mutex_unlock(&sweeper->lock);
    return !closing;
}

static void *run(void *context)
{
    OrderSweeper *sweeper = context;

    while (wait_for_turn(sweeper)) {
        turn(sweeper);
    }
    return NULL;
}

static void measure(OrderSweeper *sweeper, Metrics *metrics)
{
    sweeper->repeated = metrics_counter(metrics, "order_commands_repeated_total",
                                        "Commands issued again for orders without news", "");
    sweeper->lost = metrics_counter(metrics, "orders_lost_total",
                                    "Orders given to review after a day without news", "");
    sweeper->expired =
        metrics_counter(metrics, "orders_expired_total", "Orders ended by their hold's time", "");
    sweeper->settled = metrics_counter(metrics, "gate_holds_settled_total",
                                       "Holds the sweep ended in the gate", "");
    sweeper->corrected = metrics_counter(metrics, "gate_corrections_total",
                                         "Products the sweep put right in the gate", "");
    sweeper->drift =
        metrics_gauge(metrics, "gate_drift", "Units the gate differs from the truth by", "");
}

Status order_sweeper_open(SweepOrders *app, WakePublisher *wake, Metrics *metrics,
                          OrderSweeper **ret_sweeper)
{
    OrderSweeper *sweeper = calloc(1, sizeof *sweeper);
    pthread_condattr_t attributes;

    if (sweeper == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    sweeper->app = app;
    sweeper->wake = wake;
    measure(sweeper, metrics);
    pthread_mutex_init(&sweeper->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&sweeper->wake_up, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&sweeper->thread, NULL, run, sweeper) != 0) {
        pthread_cond_destroy(&sweeper->wake_up);
        pthread_mutex_destroy(&sweeper->lock);
        free(sweeper);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    *ret_sweeper = sweeper;
    return status_ok();
}

void order_sweeper_close(OrderSweeper *sweeper)
{
    if (sweeper == NULL) {
        return;
    }
    pthread_mutex_lock(&sweeper->lock);
    sweeper->closing = true;
    pthread_cond_signal(&sweeper->wake_up);
    pthread_mutex_unlock(&sweeper->lock);
    pthread_join(sweeper->thread, NULL);
    pthread_cond_destroy(&sweeper->wake_up);
    pthread_mutex_destroy(&sweeper->lock);
    free(sweeper);
}
