/* batcher.h - group commit: many requests in, few calls out.
 *
 * A batcher owns one thread. While the thread works on a batch, new jobs queue
 * behind it; when it returns it takes all that have gathered, up to batch_max.
 * There is no timer. Alone, a job runs at once; under load batches grow by
 * themselves, up to batch_max, and shrink again. */
#ifndef JUMUN_COMMON_RUNTIME_BATCHER_H
#define JUMUN_COMMON_RUNTIME_BATCHER_H

#include <stddef.h>

#include "common/base/status.h"

typedef struct Batcher Batcher;

/* Embedded in a request. The batcher touches it only while it is queued. */
typedef struct BatchJob {
    struct BatchJob *next;
} BatchJob;

/* Handles a batch, on the batcher's thread; may block. Must finish (answer)
 * every job before it returns, and must not touch a job it has finished. */
typedef void BatchRun(void *context, BatchJob **jobs, size_t count);

typedef struct BatcherOptions {
    BatchRun *run;
    void *context;
    size_t queue_max; /* jobs waiting, beyond which submit refuses */
    size_t batch_max; /* jobs per run */
} BatcherOptions;

Status batcher_open(const BatcherOptions *options, Batcher **ret_batcher);

/* Queues the jobs, all or none; they stay the caller's until run finishes
 * them. Any thread. RESOURCE_EXHAUSTED (OVERLOADED) when queue_max would be
 * exceeded, UNAVAILABLE once closing: nothing was taken, answer them yourself. */
Status batcher_submit(Batcher *batcher, BatchJob *const *jobs, size_t count);

/* Runs what is queued, then stops. No submit may follow. NULL is ignored. */
void batcher_close(Batcher *batcher);

#endif
