/* arena.h - memory with the lifetime of a request.
 *
 * Allocations are bumped from blocks; arena_reset is the only free. An arena never
 * grows beyond size_max: then arena_alloc returns NULL, which callers report as
 * RESOURCE_EXHAUSTED. Not thread-safe: an arena has one owner at a time. */
#ifndef JUMUN_COMMON_BASE_ARENA_H
#define JUMUN_COMMON_BASE_ARENA_H

#include <stddef.h>

typedef struct ArenaBlock ArenaBlock;

typedef struct Arena {
    ArenaBlock *blocks; /* newest first; the oldest survives arena_reset */
    size_t block_size;
    size_t size_max;
    size_t size; /* of all blocks */
} Arena;

/* Allocates nothing yet. Blocks are of block_size bytes, or larger when one
 * allocation needs it. */
void arena_init(Arena *arena, size_t block_size, size_t size_max);

/* Frees all blocks. */
void arena_deinit(Arena *arena);

/* Forgets every allocation and keeps the first block for the next request. */
void arena_reset(Arena *arena);

/* Aligned for any type, not zeroed. NULL if size_max would be exceeded. */
void *arena_alloc(Arena *arena, size_t size);

/* The same, count * size bytes, checked for overflow and zeroed. */
void *arena_calloc(Arena *arena, size_t count, size_t size);

/* Copies size bytes and adds a NUL. NULL as above. */
char *arena_copy(Arena *arena, const void *bytes, size_t size);

#endif
