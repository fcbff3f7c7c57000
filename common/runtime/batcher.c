/* batcher.c - one thread, one queue; see the header for the promise. */
#include "common/runtime/batcher.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct Batcher {
    BatcherOptions options;
    pthread_t thread;

    pthread_mutex_t lock; /* guards the fields below */
    pthread_cond_t wake;
    BatchJob *head;
    BatchJob **tail;
    size_t queued;
    bool closing;

    BatchJob *batch[]; /* the thread's own; batch_max slots */
};

/* Waits for work and fills the batch. Returns 0 when closed and drained. */
static size_t take_batch(Batcher *batcher)
{
    size_t count = 0;

    pthread_mutex_lock(&batcher->lock);
    while (batcher->head == NULL && !batcher->closing) {
        pthread_cond_wait(&batcher->wake, &batcher->lock);
    }
    while (batcher->head != NULL && count < batcher->options.batch_max) {
        batcher->batch[count++] = batcher->head;
        batcher->head = batcher->head->next;
    }
    if (batcher->head == NULL) {
        batcher->tail = &batcher->head;
    }
    batcher->queued -= count;
    pthread_mutex_unlock(&batcher->lock);
    return count;
}

static void *batcher_main(void *context)
{
    Batcher *batcher = context;
    size_t count;

    while ((count = take_batch(batcher)) > 0) {
        batcher->options.run(batcher->options.context, batcher->batch, count);
    }
    return NULL;
}

Status batcher_open(const BatcherOptions *options, Batcher **ret_batcher)
{
    assert(options->run != NULL);
    assert(options->batch_max > 0);
    assert(options->queue_max > 0);

    Batcher *batcher = calloc(1, sizeof *batcher + options->batch_max * sizeof(BatchJob *));
    if (batcher == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    batcher->options = *options;
    batcher->tail = &batcher->head;
    pthread_mutex_init(&batcher->lock, NULL);
    pthread_cond_init(&batcher->wake, NULL);
    if (pthread_create(&batcher->thread, NULL, batcher_main, batcher) != 0) {
        pthread_cond_destroy(&batcher->wake);
        pthread_mutex_destroy(&batcher->lock);
        free(batcher);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    *ret_batcher = batcher;
    return status_ok();
}

Status batcher_submit(Batcher *batcher, BatchJob *const *jobs, size_t count)
{
    Status status = status_ok();

    if (count == 0) {
        return status;
    }
    pthread_mutex_lock(&batcher->lock);
    if (batcher->closing) {
        status = status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    } else if (count > batcher->options.queue_max - batcher->queued) {
        status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    } else {
        for (size_t i = 0; i < count; i++) {
            jobs[i]->next = NULL;
            *batcher->tail = jobs[i];
            batcher->tail = &jobs[i]->next;
        }
        batcher->queued += count;
        pthread_cond_signal(&batcher->wake);
    }
    pthread_mutex_unlock(&batcher->lock);
    return status;
}

void batcher_close(Batcher *batcher)
{
    if (batcher == NULL) {
        return;
    }
    pthread_mutex_lock(&batcher->lock);
    batcher->closing = true;
    pthread_cond_signal(&batcher->wake);
    pthread_mutex_unlock(&batcher->lock);
    pthread_join(batcher->thread, NULL);

    pthread_cond_destroy(&batcher->wake);
    pthread_mutex_destroy(&batcher->lock);
    free(batcher);
}
