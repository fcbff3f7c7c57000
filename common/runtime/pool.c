/* pool.c - a bounded queue and the threads that empty it. */
#include "common/runtime/pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct PoolThread {
    Pool *pool;
    void *worker;
    pthread_t id;
} PoolThread;

struct Pool {
    size_t queue_max;
    size_t thread_count; /* of those that were started */

    pthread_mutex_t lock; /* guards the fields below */
    pthread_cond_t wake;
    PoolJob *head;
    PoolJob **tail;
    size_t queued;
    bool closing;

    PoolThread threads[];
};

/* Waits for work. NULL when closed and drained. */
static PoolJob *take_job(Pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->head == NULL && !pool->closing) {
        pthread_cond_wait(&pool->wake, &pool->lock);
    }
    PoolJob *job = pool->head;
    if (job != NULL) {
        pool->head = job->next;
        pool->queued--;
    }
    if (pool->head == NULL) {
        pool->tail = &pool->head;
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void *pool_main(void *context)
{
    PoolThread *thread = context;
    PoolJob *job;

    while ((job = take_job(thread->pool)) != NULL) {
        job->run(job, thread->worker);
    }
    return NULL;
}

Status pool_open(const PoolOptions *options, Pool **ret_pool)
{
    assert(options->thread_count > 0);
    assert(options->queue_max > 0);

    Pool *pool = calloc(1, sizeof *pool + options->thread_count * sizeof(PoolThread));
    if (pool == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    pool->queue_max = options->queue_max;
    pool->tail = &pool->head;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    for (size_t i = 0; i < options->thread_count; i++) {
        PoolThread *thread = &pool->threads[i];

        thread->pool = pool;
        thread->worker = options->workers == NULL ? NULL : options->workers[i];
        if (pthread_create(&thread->id, NULL, pool_main, thread) != 0) {
            pool_close(pool);
            return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
        }
        pool->thread_count++;
    }
    *ret_pool = pool;
    return status_ok();
}

Status pool_submit(Pool *pool, PoolJob *job)
{
    Status status = status_ok();

    pthread_mutex_lock(&pool->lock);
    if (pool->closing) {
        status = status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    } else if (pool->queued == pool->queue_max) {
        status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    } else {
        job->next = NULL;
        *pool->tail = job;
        pool->tail = &job->next;
        pool->queued++;
        pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->lock);
    return status;
}

void pool_close(Pool *pool)
{
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++) {
        pthread_join(pool->threads[i].id, NULL);
    }
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
