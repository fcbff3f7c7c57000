#include "services/gateway/waits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
    WAITS_SLOTS = 1024 /* a power of two */
};

struct Waits {
    const Clock *clock;
    pthread_t thread;
    bool started;
    _Atomic bool stopping;

    pthread_mutex_t lock; /* guards the lists and the waiters' own fields */
    pthread_cond_t wake;
    Waiter parked;   /* head of a circular list, in no order: there are few */
    int64_t next_us; /* when the thread looks again */
    unsigned waiters_max;
    unsigned waiters; /* watched */
    Waiter *slots[WAITS_SLOTS];
};

static Waiter **slot_of(Waits *waits, OrderId order)
{
    uint64_t mixed = order.value * UINT64_C(0x9E3779B97F4A7C15);

    return &waits->slots[mixed >> 54];
}

static void unlink_parked(Waiter *waiter)
{
    waiter->prev->next = waiter->next;
    waiter->next->prev = waiter->prev;
    waiter->parked = false;
}

/* Moves the waiter to a list of those to resume once the lock is free. */
static void collect(Waiter *waiter, Waiter **due)
{
    unlink_parked(waiter);
    waiter->next = *due;
    *due = waiter;
}

/* Not under the lock. A resumed waiter may be gone at once: its link is read before. */
static void resume_all(Waiter *due)
{
    while (due != NULL) {
        Waiter *next = due->next;
        due->resume(due->context);
        due = next;
    }
}

bool waits_watch(Waits *waits, Waiter *waiter)
{
    Waiter **slot = slot_of(waits, waiter->order);

    waiter->parked = false;
    waiter->nudged = false;
    pthread_mutex_lock(&waits->lock);
    bool watched = waits->waiters < waits->waiters_max;
    if (watched) {
        waits->waiters++;
        waiter->prev_same = NULL;
        waiter->next_same = *slot;
        if (*slot != NULL) {
            (*slot)->prev_same = waiter;
        }
        *slot = waiter;
    }
    pthread_mutex_unlock(&waits->lock);
    return watched;
}

void waits_forget(Waits *waits, Waiter *waiter)
{
    pthread_mutex_lock(&waits->lock);
    waits->waiters--;
    if (waiter->parked) {
        unlink_parked(waiter);
    }
    if (waiter->prev_same != NULL) {
        waiter->prev_same->next_same = waiter->next_same;
    } else {
        *slot_of(waits, waiter->order) = waiter->next_same;
    }
    if (waiter->next_same != NULL) {
        waiter->next_same->prev_same = waiter->prev_same;
    }
    pthread_mutex_unlock(&waits->lock);
}

bool waits_park(Waits *waits, Waiter *waiter, int64_t due_us)
{
    pthread_mutex_lock(&waits->lock);
    bool parks = !waiter->nudged && !atomic_load(&waits->stopping);
    if (parks) {
        waiter->parked = true;
        waiter->due_us = due_us;
        waiter->prev = waits->parked.prev;
        waiter->next = &waits->parked;
        waits->parked.prev->next = waiter;
        waits->parked.prev = waiter;
        if (due_us < waits->next_us) {
            pthread_cond_signal(&waits->wake);
        }
    }
    waiter->nudged = false;
    pthread_mutex_unlock(&waits->lock);
    return parks;
}

void waits_nudge(Waits *waits, const OrderId *orders, size_t count)
{
    Waiter *due = NULL;

    pthread_mutex_lock(&waits->lock);
    for (size_t i = 0; i < count; i++) {
        for (Waiter *waiter = *slot_of(waits, orders[i]); waiter != NULL;
             waiter = waiter->next_same) {
            if (waiter->order.value != orders[i].value) {
                continue;
            }
            if (waiter->parked) {
                collect(waiter, &due);
            } else {
                waiter->nudged = true;
            }
        }
    }
    pthread_mutex_unlock(&waits->lock);
    resume_all(due);
}

/* Collects who is due and notes when the next one will be. */
static Waiter *take_due(Waits *waits, int64_t now_us)
{
    bool all = atomic_load(&waits->stopping);
    Waiter *due = NULL;
    Waiter *next;

    waits->next_us = INT64_MAX;
    for (Waiter *waiter = waits->parked.next; waiter != &waits->parked; waiter = next) {
        next = waiter->next;
        if (all || waiter->due_us <= now_us) {
            collect(waiter, &due);
        } else if (waiter->due_us < waits->next_us) {
            waits->next_us = waiter->due_us;
        }
    }
    return due;
}

static void sleep_on(Waits *waits)
{
    struct timespec until = { .tv_sec = waits->next_us / US_PER_S,
                              .tv_nsec = waits->next_us % US_PER_S * 1000 };

    if (waits->next_us == INT64_MAX) {
        pthread_cond_wait(&waits->wake, &waits->lock);
    } else {
        pthread_cond_timedwait(&waits->wake, &waits->lock, &until);
    }
}

static void *waits_main(void *context)
{
    Waits *waits = context;

    pthread_mutex_lock(&waits->lock);
    while (!atomic_load(&waits->stopping)) {
        Waiter *due = take_due(waits, clock_monotonic_us(waits->clock));
        if (due == NULL) {
            sleep_on(waits);
            continue;
        }
        pthread_mutex_unlock(&waits->lock);
        resume_all(due);
        pthread_mutex_lock(&waits->lock);
    }
    pthread_mutex_unlock(&waits->lock);
    return NULL;
}

Status waits_open(const Clock *clock, unsigned waiters_max, Waits **ret_waits)
{
    pthread_condattr_t monotonic;
    Waits *waits = calloc(1, sizeof *waits);

    if (waits == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    waits->clock = clock;
    waits->waiters_max = waiters_max;
    waits->parked.prev = &waits->parked;
    waits->parked.next = &waits->parked;
    waits->next_us = INT64_MAX;
    pthread_mutex_init(&waits->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&waits->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    waits->started = pthread_create(&waits->thread, NULL, waits_main, waits) == 0;
    if (!waits->started) {
        waits_close(waits);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    *ret_waits = waits;
    return status_ok();
}

bool waits_stopping(const Waits *waits)
{
    return atomic_load(&waits->stopping);
}

void waits_stop(Waits *waits)
{
    pthread_mutex_lock(&waits->lock);
    atomic_store(&waits->stopping, true);
    Waiter *due = take_due(waits, 0);
    pthread_cond_signal(&waits->wake);
    pthread_mutex_unlock(&waits->lock);
    resume_all(due);
}

void waits_close(Waits *waits)
{
    if (waits == NULL) {
        return;
    }
    pthread_mutex_lock(&waits->lock);
    atomic_store(&waits->stopping, true);
    pthread_cond_signal(&waits->wake);
    pthread_mutex_unlock(&waits->lock);
    if (waits->started) {
        pthread_join(waits->thread, NULL);
    }
    pthread_cond_destroy(&waits->wake);
    pthread_mutex_destroy(&waits->lock);
    free(waits);
}
