/* Tests of common/runtime/pool.c with real threads; see batcher_test.c. */
#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include "common/runtime/pool.h"

enum {
    THREADS = 3,
    QUEUE_MAX = 4,
    JOBS = 1000,
};

typedef struct Job {
    PoolJob link;
    sem_t *entered;
    sem_t *open;
    _Atomic int *total;
    void *worker;
} Job;

static void run_at_gate(PoolJob *link, void *worker)
{
    Job *job = (Job *)link;

    job->worker = worker;
    sem_post(job->entered);
    sem_wait(job->open);
    atomic_fetch_add(job->total, 1);
}

typedef struct Fixture {
    sem_t entered;
    sem_t open;
    _Atomic int total;
    int workers[THREADS];
    Pool *pool;
} Fixture;

static void set_up(Fixture *fixture)
{
    void *workers[THREADS];

    fixture->total = 0;
    fixture->pool = NULL;
    sem_init(&fixture->entered, 0, 0);
    sem_init(&fixture->open, 0, 0);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = &fixture->workers[i];
    }
    Status status = pool_open(
        &(PoolOptions){ .thread_count = THREADS, .workers = workers, .queue_max = QUEUE_MAX },
        &fixture->pool);
    assert(!status_failed(status));
}

static void dress(Fixture *fixture, Job *job)
{
    *job = (Job){ .link.run = run_at_gate,
                  .entered = &fixture->entered,
                  .open = &fixture->open,
                  .total = &fixture->total };
}

static void gives_each_thread_its_own_worker(void)
{
    Fixture fixture;
    Job jobs[THREADS];

    set_up(&fixture);
    for (int i = 0; i < THREADS; i++) {
        dress(&fixture, &jobs[i]);
        assert(!status_failed(pool_submit(fixture.pool, &jobs[i].link)));
    }
    for (int i = 0; i < THREADS; i++) {
        sem_wait(&fixture.entered); /* all run at the same time */
    }
    for (int i = 0; i < THREADS; i++) {
        sem_post(&fixture.open);
    }
    pool_close(fixture.pool);
    for (int i = 0; i < THREADS; i++) {
        assert(jobs[i].worker != NULL);
        for (int j = 0; j < i; j++) {
            assert(jobs[i].worker != jobs[j].worker);
        }
    }
}

static void refuses_a_job_when_the_queue_is_full(void)
{
    Fixture fixture;
    Job jobs[THREADS + QUEUE_MAX + 1];

    set_up(&fixture);
    for (int i = 0; i < THREADS + QUEUE_MAX + 1; i++) {
        dress(&fixture, &jobs[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        assert(!status_failed(pool_submit(fixture.pool, &jobs[i].link)));
        sem_wait(&fixture.entered);
    }
    for (int i = THREADS; i < THREADS + QUEUE_MAX; i++) {
        assert(!status_failed(pool_submit(fixture.pool, &jobs[i].link)));
    }
    Status status = pool_submit(fixture.pool, &jobs[THREADS + QUEUE_MAX].link);
    assert(status.code == STATUS_RESOURCE_EXHAUSTED);
    for (int i = 0; i < THREADS + QUEUE_MAX; i++) {
        sem_post(&fixture.open);
    }
    pool_close(fixture.pool); /* runs what is queued first */
    assert(fixture.total == THREADS + QUEUE_MAX);
}

static void count_up(PoolJob *link, void *worker)
{
    Job *job = (Job *)link;

    (void)worker;
    atomic_fetch_add(job->total, 1);
    sem_post(job->entered);
}

static void runs_every_job_once(void)
{
    static Job jobs[JOBS];
    Fixture fixture;

    set_up(&fixture);
    for (int i = 0; i < QUEUE_MAX; i++) {
        sem_post(&fixture.entered); /* places in the queue */
    }
    for (int i = 0; i < JOBS; i++) {
        dress(&fixture, &jobs[i]);
        jobs[i].link.run = count_up;
        sem_wait(&fixture.entered);
        assert(!status_failed(pool_submit(fixture.pool, &jobs[i].link)));
    }
    pool_close(fixture.pool);
    assert(fixture.total == JOBS);
    pool_close(NULL);
}

int main(void)
{
    gives_each_thread_its_own_worker();
    refuses_a_job_when_the_queue_is_full();
    runs_every_job_once();
    (void)puts("pool: 3 passed");
    return 0;
}
