/* lru.h - a map of bounded size that forgets what was not put for the longest time.
 *
 * Keys may come from attackers: their hash is seeded. Not thread-safe. */
#ifndef JUMUN_SERVICES_GATEWAY_LRU_H
#define JUMUN_SERVICES_GATEWAY_LRU_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/status.h"

enum {
    LRU_KEY_SIZE_MAX = 32
};

typedef struct Lru Lru;

/* Keys and values are of fixed sizes. RESOURCE_EXHAUSTED. */
Status lru_open(size_t capacity, size_t key_size, size_t value_size, Lru **ret_lru);

/* NULL is ignored. */
void lru_close(Lru *lru);

/* The key's value, or NULL. Valid until the next put or remove. */
void *lru_find(Lru *lru, const void *key);

/* The key's value, now the youngest; made, in place of the oldest if need be, and all
 * zero when *ret_new. NULL when memory ends: the key is then not there. */
void *lru_put(Lru *lru, const void *key, bool *ret_new);

void lru_remove(Lru *lru, const void *key);

#endif
