#include "services/gateway/lru.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Entries are named by their index; 0 is none. Key and value follow the entry. */
typedef struct Entry {
    uint32_t older;
    uint32_t younger;
    uint32_t chain; /* the next with the same hash slot; of free entries, the next free */
    uint32_t slot;
} Entry;

struct Lru {
    size_t capacity;
    size_t key_size;
    size_t value_size;
    size_t entry_size;
    uint64_t seed;
    uint32_t oldest;
    uint32_t youngest;
    uint32_t free;
    uint32_t used; /* entries beyond have never been used */
    uint32_t slot_mask;
    uint32_t *slots;
    char *entries; /* of entry_size; the first is not used */
};

static Entry *entry_at(const Lru *lru, uint32_t index)
{
    return (Entry *)(void *)(lru->entries + index * lru->entry_size);
}

static char *value_of(Entry *entry)
{
    return (char *)(entry + 1);
}

static char *key_of(const Lru *lru, Entry *entry)
{
    return value_of(entry) + lru->value_size;
}

/* FNV-1a from a secret start, its bits mixed at the end. */
static uint32_t slot_of(const Lru *lru, const void *key)
{
    const unsigned char *bytes = key;
    uint64_t hash = lru->seed;

    for (size_t i = 0; i < lru->key_size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    }
    hash = (hash ^ (hash >> 32)) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(hash >> 32) & lru->slot_mask;
}

static uint32_t find(const Lru *lru, const void *key, uint32_t slot)
{
    uint32_t index = lru->slots[slot];

    while (index != 0) {
        Entry *entry = entry_at(lru, index);
        if (memcmp(key_of(lru, entry), key, lru->key_size) == 0) {
            return index;
        }
        index = entry->chain;
    }
    return 0;
}

static void unlink_age(Lru *lru, const Entry *entry)
{
    if (entry->older != 0) {
        entry_at(lru, entry->older)->younger = entry->younger;
    } else {
        lru->oldest = entry->younger;
    }
    if (entry->younger != 0) {
        entry_at(lru, entry->younger)->older = entry->older;
    } else {
        lru->youngest = entry->older;
    }
}

static void make_youngest(Lru *lru, uint32_t index)
{
    Entry *entry = entry_at(lru, index);

    entry->older = lru->youngest;
    entry->younger = 0;
    if (lru->youngest != 0) {
        entry_at(lru, lru->youngest)->younger = index;
    } else {
        lru->oldest = index;
    }
    lru->youngest = index;
}

static void drop(Lru *lru, uint32_t index)
{
    Entry *entry = entry_at(lru, index);
    uint32_t *link = &lru->slots[entry->slot];

    while (*link != index) {
        link = &entry_at(lru, *link)->chain;
    }
    *link = entry->chain;
    unlink_age(lru, entry);
    entry->chain = lru->free;
    lru->free = index;
}

static uint32_t take_free(Lru *lru)
{
    if (lru->free == 0 && lru->used < lru->capacity) {
        return ++lru->used;
    }
    if (lru->free == 0) {
        drop(lru, lru->oldest);
    }
    uint32_t index = lru->free;
    lru->free = entry_at(lru, index)->chain;
    return index;
}

Status lru_open(size_t capacity, size_t key_size, size_t value_size, Lru **ret_lru)
{
    size_t slots = 1;
    const size_t align = sizeof(uint64_t);

    assert(capacity > 0 && capacity < UINT32_MAX / 2);
    while (slots < capacity) {
        slots *= 2;
    }
    Lru *lru = calloc(1, sizeof *lru);
    if (lru == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    lru->capacity = capacity;
    lru->key_size = key_size;
    lru->value_size = value_size;
    lru->entry_size = (sizeof(Entry) + value_size + key_size + align - 1) / align * align;
    lru->slot_mask = (uint32_t)slots - 1;
    lru->slots = calloc(slots, sizeof *lru->slots);
    lru->entries = calloc(capacity + 1, lru->entry_size);
    if (lru->slots == NULL || lru->entries == NULL ||
        getrandom(&lru->seed, sizeof lru->seed, 0) != (ssize_t)sizeof lru->seed) {
        lru_close(lru);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    *ret_lru = lru;
    return status_ok();
}

void lru_close(Lru *lru)
{
    if (lru != NULL) {
        free(lru->slots);
        free(lru->entries);
        free(lru);
    }
}

void *lru_find(Lru *lru, const void *key)
{
    uint32_t index = find(lru, key, slot_of(lru, key));

    return index == 0 ? NULL : value_of(entry_at(lru, index));
}

void *lru_put(Lru *lru, const void *key, bool *ret_new)
{
    uint32_t slot = slot_of(lru, key);
    uint32_t index = find(lru, key, slot);

    *ret_new = index == 0;
    if (index != 0) {
        unlink_age(lru, entry_at(lru, index));
    } else {
        index = take_free(lru);
        Entry *entry = entry_at(lru, index);
        entry->slot = slot;
        entry->chain = lru->slots[slot];
        lru->slots[slot] = index;
        memset(value_of(entry), 0, lru->value_size);
        memcpy(key_of(lru, entry), key, lru->key_size);
    }
    make_youngest(lru, index);
    return value_of(entry_at(lru, index));
}

void lru_remove(Lru *lru, const void *key)
{
    uint32_t index = find(lru, key, slot_of(lru, key));

    if (index != 0) {
        drop(lru, index);
    }
}
