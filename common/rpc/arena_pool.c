#include "common/rpc/arena_pool.h"

#include <stdlib.h>

void arena_pool_init(ArenaPool *pool, size_t block_size, size_t size_max, size_t kept_max)
{
    *pool = (ArenaPool){ .kept_max = kept_max, .block_size = block_size, .size_max = size_max };
    pthread_mutex_init(&pool->lock, NULL);
}

static void free_arena(PooledArena *arena)
{
    arena_deinit(&arena->arena);
    free(arena);
}

void arena_pool_deinit(ArenaPool *pool)
{
    while (pool->first != NULL) {
        PooledArena *next = pool->first->next;
        free_arena(pool->first);
        pool->first = next;
    }
    pthread_mutex_destroy(&pool->lock);
}

static PooledArena *make_arena(const ArenaPool *pool)
{
    PooledArena *arena = malloc(sizeof *arena);

    if (arena != NULL) {
        arena_init(&arena->arena, pool->block_size, pool->size_max);
    }
    return arena;
}

bool arena_pool_take(ArenaPool *pool, PooledArena **ret_arenas, size_t count)
{
    size_t taken = 0;

    pthread_mutex_lock(&pool->lock);
    while (taken < count && pool->first != NULL) {
        ret_arenas[taken++] = pool->first;
        pool->first = pool->first->next;
    }
    pool->count -= taken;
    pthread_mutex_unlock(&pool->lock);

    for (; taken < count; taken++) {
        ret_arenas[taken] = make_arena(pool);
        if (ret_arenas[taken] == NULL) {
            arena_pool_return(pool, ret_arenas, taken);
            return false;
        }
    }
    return true;
}

void arena_pool_return(ArenaPool *pool, PooledArena *const *arenas, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        arena_reset(&arenas[i]->arena);
        if (arenas[i]->arena.size > pool->block_size) {
            arena_deinit(&arenas[i]->arena); /* its first block was an unusually large one */
        }
    }
    pthread_mutex_lock(&pool->lock);
    while (kept < count && pool->count < pool->kept_max) {
        arenas[kept]->next = pool->first;
        pool->first = arenas[kept++];
        pool->count++;
    }
    pthread_mutex_unlock(&pool->lock);
    while (kept < count) {
        free_arena(arenas[kept++]);
    }
}
