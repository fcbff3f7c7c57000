/* Waiters are resumed once: by a nudge, by their time, by the end; and a nudge that comes
 * while they look is not lost. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "services/gateway/waits.h"

enum {
    WAITERS = 50,
    WAITERS_MAX = WAITERS + 1,
};

/* Counts how often it was resumed, and lets a test wait for that. */
typedef struct Sleeper {
    Waiter waiter; /* first */
    pthread_mutex_t lock;
    pthread_cond_t woken;
    int count;
} Sleeper;

static Waits *waits;

static void on_resume(void *context)
{
    Sleeper *sleeper = context;

    pthread_mutex_lock(&sleeper->lock);
    sleeper->count++;
    pthread_cond_signal(&sleeper->woken);
    pthread_mutex_unlock(&sleeper->lock);
}

static void sleeper_init(Sleeper *sleeper, uint64_t order)
{
    *sleeper = (Sleeper){ .waiter = { .order = { order }, .resume = on_resume } };
    sleeper->waiter.context = sleeper;
    pthread_mutex_init(&sleeper->lock, NULL);
    pthread_cond_init(&sleeper->woken, NULL);
    bool watched = waits_watch(waits, &sleeper->waiter);
    assert(watched);
}

static void await(Sleeper *sleeper, int count)
{
    pthread_mutex_lock(&sleeper->lock);
    while (sleeper->count < count) {
        pthread_cond_wait(&sleeper->woken, &sleeper->lock);
    }
    assert(sleeper->count == count);
    pthread_mutex_unlock(&sleeper->lock);
}

static void end(Sleeper *sleeper)
{
    waits_forget(waits, &sleeper->waiter);
    pthread_cond_destroy(&sleeper->woken);
    pthread_mutex_destroy(&sleeper->lock);
}

static int64_t in_ms(int64_t ms)
{
    return clock_monotonic_us(clock_system()) + ms * US_PER_MS;
}

static void a_nudge_wakes_those_who_wait_for_the_order_and_no_others(void)
{
    static Sleeper mine[WAITERS];
    Sleeper other;

    sleeper_init(&other, 2);
    assert(waits_park(waits, &other.waiter, in_ms(3600 * 1000)));
    for (size_t i = 0; i < WAITERS; i++) {
        sleeper_init(&mine[i], 1);
        assert(waits_park(waits, &mine[i].waiter, in_ms(3600 * 1000)));
    }
    waits_nudge(waits, (OrderId[]){ { 3 }, { 1 } }, 2);
    for (size_t i = 0; i < WAITERS; i++) {
        await(&mine[i], 1);
        end(&mine[i]);
    }
    assert(other.count == 0);
    end(&other); /* forgotten while parked */
    waits_nudge(waits, &(OrderId){ 2 }, 1);
    waits_nudge(waits, NULL, 0);
}

static void a_nudge_while_looking_is_remembered_once(void)
{
    Sleeper sleeper;

    sleeper_init(&sleeper, 1);
    waits_nudge(waits, &(OrderId){ 1 }, 1);
    assert(!waits_park(waits, &sleeper.waiter, in_ms(3600 * 1000)));
    assert(waits_park(waits, &sleeper.waiter, in_ms(3600 * 1000)));
    waits_nudge(waits, &(OrderId){ 1 }, 1);
    await(&sleeper, 1);
    end(&sleeper);
}

static void time_wakes_the_earlier_before_the_later(void)
{
    Sleeper late;
    Sleeper early;

    sleeper_init(&late, 1);
    sleeper_init(&early, 1);
    int64_t due_us = in_ms(20);
    assert(waits_park(waits, &late.waiter, in_ms(3600 * 1000)));
    assert(waits_park(waits, &early.waiter, due_us));
    await(&early, 1);
    assert(clock_monotonic_us(clock_system()) >= due_us);
    assert(late.count == 0);
    end(&early);
    end(&late);
}

static void too_many_waiters_are_turned_away(void)
{
    static Sleeper sleepers[WAITERS_MAX];
    Waiter beyond = { .order = { 1 }, .resume = on_resume };

    for (size_t i = 0; i < WAITERS_MAX; i++) {
        sleeper_init(&sleepers[i], 1);
    }
    assert(!waits_watch(waits, &beyond));
    waits_nudge(waits, &(OrderId){ 1 }, 1); /* finds nothing of it */
    end(&sleepers[0]);
    assert(waits_watch(waits, &beyond));
    waits_forget(waits, &beyond);
    for (size_t i = 1; i < WAITERS_MAX; i++) {
        end(&sleepers[i]);
    }
}

static void the_end_wakes_everybody_and_lets_nobody_park(void)
{
    Sleeper sleeper;

    sleeper_init(&sleeper, 1);
    assert(!waits_stopping(waits));
    assert(waits_park(waits, &sleeper.waiter, in_ms(3600 * 1000)));
    waits_stop(waits);
    await(&sleeper, 1);
    assert(waits_stopping(waits));
    assert(!waits_park(waits, &sleeper.waiter, in_ms(0)));
    end(&sleeper);
}

/* Many threads that park again and again, nudged meanwhile: nobody sleeps for ever. */
static void *park_often(void *context)
{
    Sleeper sleeper;

    sleeper_init(&sleeper, *(const uint64_t *)context);
    for (int resumed = 0; resumed < 300;) {
        if (waits_park(waits, &sleeper.waiter, in_ms(resumed % 3))) {
            await(&sleeper, ++resumed);
        }
    }
    end(&sleeper);
    return NULL;
}

static void parking_and_nudging_at_once_loses_nobody(void)
{
    static uint64_t orders[4] = { 1, 2, 1, 2 };
    pthread_t threads[4];

    for (size_t i = 0; i < 4; i++) {
        assert(pthread_create(&threads[i], NULL, park_often, &orders[i]) == 0);
    }
    for (int i = 0; i < 2000; i++) {
        waits_nudge(waits, (OrderId[]){ { 1 }, { 2 } }, 2);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(void)
{
    assert(!status_failed(waits_open(clock_system(), WAITERS_MAX, &waits)));
    a_nudge_wakes_those_who_wait_for_the_order_and_no_others();
    a_nudge_while_looking_is_remembered_once();
    time_wakes_the_earlier_before_the_later();
    parking_and_nudging_at_once_loses_nobody();
    too_many_waiters_are_turned_away();
    the_end_wakes_everybody_and_lets_nobody_park();
    waits_close(waits);
    waits_close(NULL);
    return 0;
}
