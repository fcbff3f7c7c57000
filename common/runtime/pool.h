/* pool.h - a few threads for work that cannot be batched: queries, password hashes.
 *
 * Every thread has an index, so that it can own a connection: contexts[index] is its
 * own. The queue is bounded; a full one is an answer (429), not a pile-up. */
#ifndef JUMUN_COMMON_RUNTIME_POOL_H
#define JUMUN_COMMON_RUNTIME_POOL_H

#include <stddef.h>

#include "common/base/status.h"

typedef struct Pool Pool;

/* Embedded in a request. The pool touches it only while it is queued. */
typedef struct PoolJob {
    struct PoolJob *next;
    /* Does the work and answers; may block. `worker` is the thread's own context.
     * The job belongs to nobody afterwards. */
    void (*run)(struct PoolJob *job, void *worker);
} PoolJob;

typedef struct PoolOptions {
    size_t thread_count;
    void *const *workers; /* thread_count contexts, one a thread; NULL for none */
    size_t queue_max;     /* jobs waiting, beyond which submit refuses */
} PoolOptions;

Status pool_open(const PoolOptions *options, Pool **ret_pool);

/* Any thread. RESOURCE_EXHAUSTED (OVERLOADED) when the queue is full, UNAVAILABLE
 * once closing: the job was not taken. */
Status pool_submit(Pool *pool, PoolJob *job);

/* Runs what is queued, then joins all threads. NULL is ignored. */
void pool_close(Pool *pool);

#endif
