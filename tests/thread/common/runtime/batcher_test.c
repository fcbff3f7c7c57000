/* Tests of common/runtime/batcher.c with real threads; a plain program, so that it runs
 * under ThreadSanitizer. Threads meet on semaphores and conditions, never on time. */
#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/runtime/batcher.h"

enum {
    BATCH_MAX = 4,
    QUEUE_MAX = 8,
    SUBMITTERS = 4,
    JOBS_EACH = 5000,
};

typedef struct Job {
    BatchJob link;
    int number;
} Job;

/* A run that stops at a gate, so that a test decides what gathers meanwhile. */
typedef struct Gate {
    sem_t entered;
    sem_t open;
    size_t sizes[16];
    int numbers[64];
    size_t size_count;
    size_t number_count;
} Gate;

static void run_at_gate(void *context, BatchJob **jobs, size_t count)
{
    Gate *gate = context;

    gate->sizes[gate->size_count++] = count;
    for (size_t i = 0; i < count; i++) {
        gate->numbers[gate->number_count++] = ((Job *)jobs[i])->number;
    }
    sem_post(&gate->entered);
    sem_wait(&gate->open);
}

static Batcher *open_at_gate(Gate *gate)
{
    Batcher *batcher = NULL;

    *gate = (Gate){ 0 };
    sem_init(&gate->entered, 0, 0);
    sem_init(&gate->open, 0, 0);
    Status status = batcher_open(
        &(BatcherOptions){
            .run = run_at_gate, .context = gate, .queue_max = QUEUE_MAX, .batch_max = BATCH_MAX },
        &batcher);
    assert(!status_failed(status));
    return batcher;
}

static Status submit(Batcher *batcher, Job *jobs, size_t first, size_t count)
{
    BatchJob *links[QUEUE_MAX + 1];

    assert(count <= QUEUE_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        jobs[first + i].number = (int)(first + i);
        links[i] = &jobs[first + i].link;
    }
    return batcher_submit(batcher, links, count);
}

static void runs_a_lone_job_at_once_and_gathers_the_rest_in_order(void)
{
    Gate gate;
    Job jobs[8];
    Batcher *batcher = open_at_gate(&gate);

    assert(!status_failed(submit(batcher, jobs, 0, 1)));
    sem_wait(&gate.entered); /* the thread is busy with job 0 */
    assert(!status_failed(submit(batcher, jobs, 1, 2)));
    assert(!status_failed(submit(batcher, jobs, 3, 4)));
    for (int i = 0; i < 3; i++) {
        sem_post(&gate.open);
    }
    batcher_close(batcher);

    assert(gate.size_count == 3);
    assert(gate.sizes[0] == 1);
    assert(gate.sizes[1] == BATCH_MAX); /* never more */
    assert(gate.sizes[2] == 2);
    for (int i = 0; i < 7; i++) {
        assert(gate.numbers[i] == i);
    }
}

static void takes_all_jobs_of_a_submit_or_none(void)
{
    Gate gate;
    Job jobs[QUEUE_MAX + 4];
    Batcher *batcher = open_at_gate(&gate);

    assert(!status_failed(submit(batcher, jobs, 0, 1)));
    sem_wait(&gate.entered); /* the queue is empty again, and stays so while we fill it */
    assert(!status_failed(submit(batcher, jobs, 1, QUEUE_MAX - 1)));
    Status status = submit(batcher, jobs, QUEUE_MAX, 2);
    assert(status.code == STATUS_RESOURCE_EXHAUSTED);
    assert(!status_failed(submit(batcher, jobs, QUEUE_MAX, 1))); /* one place was left */
    status = submit(batcher, jobs, QUEUE_MAX + 1, 1);
    assert(status.code == STATUS_RESOURCE_EXHAUSTED);
    for (int i = 0; i < 3; i++) {
        sem_post(&gate.open);
    }
    batcher_close(batcher);
    assert(gate.number_count == QUEUE_MAX + 1);
}

static void runs_what_is_queued_before_it_closes(void)
{
    Gate gate;
    Job jobs[QUEUE_MAX];
    Batcher *batcher = open_at_gate(&gate);

    for (int i = 0; i < QUEUE_MAX; i++) {
        sem_post(&gate.open);
    }
    assert(!status_failed(submit(batcher, jobs, 0, QUEUE_MAX)));
    batcher_close(batcher);
    assert(gate.number_count == QUEUE_MAX);
}

static void accepts_an_empty_submit_and_a_null_close(void)
{
    Gate gate;
    Batcher *batcher = open_at_gate(&gate);

    assert(!status_failed(batcher_submit(batcher, NULL, 0)));
    batcher_close(batcher);
    batcher_close(NULL);
    assert(gate.size_count == 0);
}

/* Counts each job, which its submitter owns and reuses at once. */
typedef struct Submitter {
    Batcher *batcher;
    sem_t done;
    Job job;
    int seen;
} Submitter;

static void run_for_submitters(void *context, BatchJob **jobs, size_t count)
{
    _Atomic size_t *total = context;

    for (size_t i = 0; i < count; i++) {
        Submitter *submitter = (Submitter *)((char *)jobs[i] - offsetof(Submitter, job));
        submitter->seen++;
        atomic_fetch_add(total, 1);
        sem_post(&submitter->done); /* from here on the job may be queued again */
    }
}

static void *submit_many(void *context)
{
    Submitter *submitter = context;
    BatchJob *link = &submitter->job.link;

    for (int i = 0; i < JOBS_EACH; i++) {
        Status status = batcher_submit(submitter->batcher, &link, 1);
        assert(!status_failed(status));
        sem_wait(&submitter->done);
        assert(submitter->seen == i + 1);
    }
    return NULL;
}

static void finishes_every_job_once_for_many_threads(void)
{
    static Submitter submitters[SUBMITTERS];
    pthread_t threads[SUBMITTERS];
    _Atomic size_t total = 0;
    Batcher *batcher = NULL;

    Status status = batcher_open(&(BatcherOptions){ .run = run_for_submitters,
                                                    .context = &total,
                                                    .queue_max = SUBMITTERS,
                                                    .batch_max = SUBMITTERS },
                                 &batcher);
    assert(!status_failed(status));
    for (int i = 0; i < SUBMITTERS; i++) {
        submitters[i].batcher = batcher;
        sem_init(&submitters[i].done, 0, 0);
        assert(pthread_create(&threads[i], NULL, submit_many, &submitters[i]) == 0);
    }
    for (int i = 0; i < SUBMITTERS; i++) {
        pthread_join(threads[i], NULL);
    }
    batcher_close(batcher);
    assert(total == (size_t)SUBMITTERS * JOBS_EACH);
}

int main(void)
{
    runs_a_lone_job_at_once_and_gathers_the_rest_in_order();
    takes_all_jobs_of_a_submit_or_none();
    runs_what_is_queued_before_it_closes();
    accepts_an_empty_submit_and_a_null_close();
    finishes_every_job_once_for_many_threads();
    (void)puts("batcher: 5 passed");
    return 0;
}
