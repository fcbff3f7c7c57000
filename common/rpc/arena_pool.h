/* arena_pool.h - a bounded free list of arenas, newest first, so that the memory that
 * was used last, and is still in the cache, is used next. */
#ifndef JUMUN_COMMON_RPC_ARENA_POOL_H
#define JUMUN_COMMON_RPC_ARENA_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"

/* An arena on its way between owners. */
typedef struct PooledArena {
    Arena arena;
    struct PooledArena *next;
} PooledArena;

typedef struct ArenaPool {
    pthread_mutex_t lock; /* guards the list */
    PooledArena *first;
    size_t count;
    size_t kept_max;
    size_t block_size;
    size_t size_max;
} ArenaPool;

/* Of arenas as arena_init makes them; at most kept_max rest in the pool. */
void arena_pool_init(ArenaPool *pool, size_t block_size, size_t size_max, size_t kept_max);

void arena_pool_deinit(ArenaPool *pool);

/* Hands out count empty arenas. False if there is no memory: none is handed out. Any
 * thread. */
bool arena_pool_take(ArenaPool *pool, PooledArena **ret_arenas, size_t count);

/* Takes them back with all that is in them. Any thread. */
void arena_pool_return(ArenaPool *pool, PooledArena *const *arenas, size_t count);

#endif
