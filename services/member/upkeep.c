/* upkeep.c - sleeps on a condition, so that closing does not wait for the second to pass. */
#include "services/member/upkeep.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "common/runtime/log.h"

enum {
    PURGE_EVERY_S = 60
};

struct Upkeep {
    Worker *worker;
    atomic_bool well;
    pthread_t thread;

    pthread_mutex_t lock; /* guards closing */
    pthread_cond_t wake;
    bool closing;
};

static bool redis_answers(Redis *redis)
{
    const RedisReply *replies;
    size_t count = 0;

    redis_append(redis, 1, (const char *[]){ "PING" }, NULL);
    Status status = redis_run(redis, &replies, &count);
    return !status_failed(status) && replies[0].type != REDIS_ERROR;
}

static void look(Upkeep *upkeep)
{
    Status status = mysql_member_store_check(&upkeep->worker->store);
    bool well = redis_answers(upkeep->worker->redis) && !status_failed(status);
    bool was_well = atomic_exchange(&upkeep->well, well);

    if (well && !was_well) {
        log_info("member.backends_up", "");
    } else if (!well && was_well) {
        log_warn("member.backends_down", "database=%s", status.name);
    }
}

/* Full batches are followed by another until one is not full, but not without end. */
static void purge(Worker *worker)
{
    MemberStore *store = worker->app.store;
    int64_t before_us = clock_wall_us(worker->app.clock) - ENDED_KEPT_S * US_PER_S;
    uint64_t purged = ENDED_PURGE_MAX;

    for (int i = 0; i < 10 && purged == ENDED_PURGE_MAX; i++) {
        if (status_failed(store->ops->purge_ended(store, before_us, &purged))) {
            return;
        }
    }
}

/* Waits a second. False when closing. */
static bool pause_a_second(Upkeep *upkeep)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&upkeep->lock);
    int waited = 0;
    while (!upkeep->closing && waited == 0) {
        waited = pthread_cond_timedwait(&upkeep->wake, &upkeep->lock, &until);
    }
    bool closing = upkeep->closing;
    pthread_mutex_unlock(&upkeep->lock);
    return !closing;
}

static void *upkeep_main(void *context)
{
    Upkeep *upkeep = context;
    int seconds = 0;

    do {
        look(upkeep);
        if (seconds++ % PURGE_EVERY_S == 0 && atomic_load(&upkeep->well)) {
            purge(upkeep->worker);
        }
    } while (pause_a_second(upkeep));
    return NULL;
}

Status upkeep_open(Worker *worker, Upkeep **ret_upkeep)
{
    Upkeep *upkeep = calloc(1, sizeof *upkeep);
    pthread_condattr_t monotonic;

    if (upkeep == NULL) {
        worker_close(worker);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    upkeep->worker = worker;
    atomic_init(&upkeep->well, false);
    pthread_mutex_init(&upkeep->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&upkeep->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&upkeep->thread, NULL, upkeep_main, upkeep) != 0) {
        pthread_cond_destroy(&upkeep->wake);
        pthread_mutex_destroy(&upkeep->lock);
        worker_close(worker);
        free(upkeep);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    *ret_upkeep = upkeep;
    return status_ok();
}

bool upkeep_all_is_well(const Upkeep *upkeep)
{
    return atomic_load_explicit(&upkeep->well, memory_order_relaxed);
}

void upkeep_close(Upkeep *upkeep)
{
    if (upkeep == NULL) {
        return;
    }
    pthread_mutex_lock(&upkeep->lock);
    upkeep->closing = true;
    pthread_cond_signal(&upkeep->wake);
    pthread_mutex_unlock(&upkeep->lock);
    pthread_join(upkeep->thread, NULL);
    pthread_cond_destroy(&upkeep->wake);
    pthread_mutex_destroy(&upkeep->lock);
    worker_close(upkeep->worker);
    free(upkeep);
}
