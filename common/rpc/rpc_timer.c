#include "common/rpc/rpc_timer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

enum {
    TICK_US = 2000, /* runs are at least this far apart */
};

struct RpcTimer {
    const Clock *clock;
    RpcTimerRun *run;
    void *context;
    pthread_t thread;
    bool started; /* its owner's */

    pthread_mutex_t lock; /* guards the fields below */
    pthread_cond_t wake;
    _Atomic int64_t next_us; /* changed under the lock, read by anybody */
    bool closing;
};

/* Waits at most `us`, or for ever. Under the lock. */
static void wait_for(RpcTimer *timer, int64_t us)
{
    struct timespec until;

    if (us == INT64_MAX) {
        pthread_cond_wait(&timer->wake, &timer->lock);
        return;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + us % US_PER_S * 1000;
    until.tv_sec += us / US_PER_S + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_cond_timedwait(&timer->wake, &timer->lock, &until);
}

/* False when closed. On return the next time is unset again. */
static bool wait_until_due(RpcTimer *timer, int64_t not_before_us)
{
    pthread_mutex_lock(&timer->lock);
    while (!timer->closing) {
        int64_t next_us = atomic_load(&timer->next_us);
        int64_t now_us = clock_monotonic_us(timer->clock);
        int64_t due_us = next_us > not_before_us ? next_us : not_before_us;
        if (due_us <= now_us) {
            break;
        }
        wait_for(timer, due_us == INT64_MAX ? INT64_MAX : due_us - now_us);
    }
    bool open = !timer->closing;
    atomic_store(&timer->next_us, INT64_MAX);
    pthread_mutex_unlock(&timer->lock);
    return open;
}

static void *timer_main(void *argument)
{
    RpcTimer *timer = argument;
    int64_t last_us = clock_monotonic_us(timer->clock) - TICK_US;

    while (wait_until_due(timer, last_us + TICK_US)) {
        last_us = clock_monotonic_us(timer->clock);
        rpc_timer_by(timer, timer->run(timer->context, last_us));
    }
    return NULL;
}

Status rpc_timer_open(const Clock *clock, RpcTimerRun *run, void *context, RpcTimer **ret_timer)
{
    pthread_condattr_t monotonic;
    RpcTimer *timer = calloc(1, sizeof *timer);

    if (timer == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    timer->clock = clock;
    timer->run = run;
    timer->context = context;
    timer->next_us = INT64_MAX;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&timer->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&timer->lock, NULL);
    *ret_timer = timer;
    return status_ok();
}

Status rpc_timer_start(RpcTimer *timer)
{
    if (pthread_create(&timer->thread, NULL, timer_main, timer) != 0) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    timer->started = true;
    return status_ok();
}

void rpc_timer_by(RpcTimer *timer, int64_t monotonic_us)
{
    if (monotonic_us >= atomic_load_explicit(&timer->next_us, memory_order_relaxed)) {
        return;
    }
    pthread_mutex_lock(&timer->lock);
    if (monotonic_us < atomic_load(&timer->next_us)) {
        atomic_store(&timer->next_us, monotonic_us);
        pthread_cond_signal(&timer->wake);
    }
    pthread_mutex_unlock(&timer->lock);
}

void rpc_timer_stop(RpcTimer *timer)
{
    if (timer == NULL || !timer->started) {
        return;
    }
    pthread_mutex_lock(&timer->lock);
    timer->closing = true;
    pthread_cond_signal(&timer->wake);
    pthread_mutex_unlock(&timer->lock);
    pthread_join(timer->thread, NULL);
    timer->started = false;
}

void rpc_timer_close(RpcTimer *timer)
{
    if (timer == NULL) {
        return;
    }
    pthread_cond_destroy(&timer->wake);
    pthread_mutex_destroy(&timer->lock);
    free(timer);
}
