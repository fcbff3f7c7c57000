#include "common/base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct ArenaBlock {
    ArenaBlock *next;
    size_t size; /* of data */
    size_t used;
    _Alignas(max_align_t) unsigned char data[];
};

static const size_t alignment = _Alignof(max_align_t);

void arena_init(Arena *arena, size_t block_size, size_t size_max)
{
    assert(block_size > 0 && block_size <= size_max);
    *arena = (Arena){ .block_size = block_size, .size_max = size_max };
}

void arena_deinit(Arena *arena)
{
    while (arena->blocks != NULL) {
        ArenaBlock *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    arena->size = 0;
}

void arena_reset(Arena *arena)
{
    while (arena->blocks != NULL && arena->blocks->next != NULL) {
        ArenaBlock *next = arena->blocks->next;
        arena->size -= arena->blocks->size;
        free(arena->blocks);
        arena->blocks = next;
    }
    if (arena->blocks != NULL) {
        arena->blocks->used = 0;
    }
}

static ArenaBlock *add_block(Arena *arena, size_t size)
{
    if (size < arena->block_size) {
        size = arena->block_size;
    }
    if (size > arena->size_max - arena->size) {
        return NULL;
    }
    ArenaBlock *block = malloc(sizeof *block + size);
    if (block == NULL) {
        return NULL;
    }
    *block = (ArenaBlock){ .next = arena->blocks, .size = size };
    arena->blocks = block;
    arena->size += size;
    return block;
}

void *arena_alloc(Arena *arena, size_t size)
{
    ArenaBlock *block = arena->blocks;

    if (size > arena->size_max) {
        return NULL;
    }
    size = (size + alignment - 1) / alignment * alignment;
    if (block == NULL || size > block->size - block->used) {
        block = add_block(arena, size);
        if (block == NULL) {
            return NULL;
        }
    }
    void *memory = block->data + block->used;
    block->used += size;
    return memory;
}

void *arena_calloc(Arena *arena, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total)) {
        return NULL;
    }
    void *memory = arena_alloc(arena, total);
    if (memory != NULL) {
        memset(memory, 0, total);
    }
    return memory;
}

char *arena_copy(Arena *arena, const void *bytes, size_t size)
{
    if (size == SIZE_MAX) {
        return NULL;
    }
    char *copy = arena_alloc(arena, size + 1);
    if (copy != NULL) {
        if (size > 0) {
            memcpy(copy, bytes, size);
        }
        copy[size] = '\0';
    }
    return copy;
}
