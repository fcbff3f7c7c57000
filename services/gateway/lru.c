#include "services/gateway/lru.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* When memory ends an add leaves hh.tbl NULL, instead of ending the process. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

typedef struct Entry {
    UT_hash_handle hh;
    int64_t value[]; /* the key follows it */
} Entry;

struct Lru {
    Entry *entries; /* uthash keeps them in the order of their adds: the oldest first */
    size_t capacity;
    size_t key_size;
    size_t value_size;
    uint64_t seed;
};

/* NOLINTBEGIN(readability-function-size): uthash's macros nest */

static char *key_of(const Lru *lru, Entry *entry)
{
    return (char *)entry->value + lru->value_size;
}

static unsigned hash_of(const Lru *lru, const void *key)
{
    char seeded[sizeof lru->seed + LRU_KEY_SIZE_MAX];
    unsigned hash;

    memcpy(seeded, &lru->seed, sizeof lru->seed);
    memcpy(seeded + sizeof lru->seed, key, lru->key_size);
    HASH_VALUE(seeded, sizeof lru->seed + lru->key_size, hash);
    return hash;
}

static Entry *find(const Lru *lru, const void *key, unsigned hash)
{
    Entry *entry;

    HASH_FIND_BYHASHVALUE(hh, lru->entries, key, lru->key_size, hash, entry);
    return entry;
}

Status lru_open(size_t capacity, size_t key_size, size_t value_size, Lru **ret_lru)
{
    assert(capacity > 0 && key_size <= LRU_KEY_SIZE_MAX);
    Lru *lru = calloc(1, sizeof *lru);
    if (lru == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    *lru = (Lru){ .capacity = capacity, .key_size = key_size, .value_size = value_size };
    if (getrandom(&lru->seed, sizeof lru->seed, 0) != (ssize_t)sizeof lru->seed) {
        free(lru);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    *ret_lru = lru;
    return status_ok();
}

void lru_close(Lru *lru)
{
    if (lru == NULL) {
        return;
    }
    Entry *entry = lru->entries;
    HASH_CLEAR(hh, lru->entries); /* the table only */
    while (entry != NULL) {
        Entry *next = entry->hh.next;
        free(entry);
        entry = next;
    }
    free(lru);
}

void *lru_find(Lru *lru, const void *key)
{
    Entry *entry = find(lru, key, hash_of(lru, key));

    return entry == NULL ? NULL : entry->value;
}

/* An entry that is not in the map: a new one, or what was the oldest. */
static Entry *take_entry(Lru *lru)
{
    Entry *entry = lru->entries;

    if (HASH_COUNT(lru->entries) < lru->capacity) {
        return malloc(sizeof *entry + lru->value_size + lru->key_size);
    }
    HASH_DELETE(hh, lru->entries, entry);
    return entry;
}

void *lru_put(Lru *lru, const void *key, bool *ret_new)
{
    unsigned hash = hash_of(lru, key);
    Entry *entry = find(lru, key, hash);

    *ret_new = entry == NULL;
    if (entry != NULL) {
        HASH_DELETE(hh, lru->entries, entry);
    } else {
        entry = take_entry(lru);
        if (entry == NULL) {
            return NULL;
        }
        memset(entry->value, 0, lru->value_size);
        memcpy(key_of(lru, entry), key, lru->key_size);
    }
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, lru->entries, key_of(lru, entry), lru->key_size, hash, entry);
    if (entry->hh.tbl == NULL) {
        free(entry);
        return NULL;
    }
    return entry->value;
}

void lru_remove(Lru *lru, const void *key)
{
    Entry *entry = find(lru, key, hash_of(lru, key));

    if (entry != NULL) {
        HASH_DELETE(hh, lru->entries, entry);
        free(entry);
    }
}

/* NOLINTEND(readability-function-size) */
