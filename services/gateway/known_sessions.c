#include "services/gateway/known_sessions.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

typedef struct Known {
    uint8_t hash[TOKEN_HASH_SIZE];
    int64_t vouched_us;
    int64_t asked_us; /* somebody is renewing since; 0: nobody */
    int role;
    UT_hash_handle hh;
} Known;

struct KnownSessions {
    pthread_mutex_t lock;
    Known *entries; /* in the order of vouched_us */
};

Status known_sessions_open(KnownSessions **ret_known)
{
    KnownSessions *known = calloc(1, sizeof *known);

    if (known == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    pthread_mutex_init(&known->lock, NULL);
    *ret_known = known;
    return status_ok();
}

void known_sessions_close(KnownSessions *known)
{
    Known *entry;
    Known *next;

    if (known == NULL) {
        return;
    }
    HASH_ITER(hh, known->entries, entry, next)
    {
        HASH_DEL(known->entries, entry);
        free(entry);
    }
    pthread_mutex_destroy(&known->lock);
    free(known);
}

static Known *find(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE])
{
    Known *entry;

    HASH_FIND(hh, known->entries, hash, TOKEN_HASH_SIZE, entry);
    return entry;
}

KnownVerdict known_sessions_check(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE],
                                  int64_t monotonic_us, int *ret_role)
{
    KnownVerdict verdict = KNOWN_ASK;

    pthread_mutex_lock(&known->lock);
    Known *entry = find(known, hash);
    if (entry != NULL && monotonic_us - entry->vouched_us <= KNOWN_FRESH_US) {
        bool due = monotonic_us - entry->vouched_us >= KNOWN_RENEW_US && entry->asked_us == 0;
        *ret_role = entry->role;
        if (due) {
            entry->asked_us = monotonic_us;
        } else {
            verdict = KNOWN_FRESH;
        }
    }
    pthread_mutex_unlock(&known->lock);
    return verdict;
}

bool known_sessions_stale(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE],
                          int64_t monotonic_us, int *ret_role)
{
    pthread_mutex_lock(&known->lock);
    Known *entry = find(known, hash);
    bool stale = entry != NULL && monotonic_us - entry->vouched_us <= KNOWN_STALE_US;
    if (stale) {
        *ret_role = entry->role;
        entry->asked_us = 0; /* the next one may try again */
    }
    pthread_mutex_unlock(&known->lock);
    return stale;
}

/* A new entry, or the oldest of too many. NULL without memory. */
static Known *make(KnownSessions *known)
{
    if (HASH_COUNT(known->entries) < KNOWN_SESSIONS_MAX) {
        return calloc(1, sizeof(Known));
    }
    Known *oldest = known->entries;
    HASH_DEL(known->entries, oldest);
    return oldest;
}

void known_sessions_add(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE],
                        int64_t monotonic_us, int role)
{
    pthread_mutex_lock(&known->lock);
    Known *entry = find(known, hash);
    if (entry != NULL) {
        HASH_DEL(known->entries, entry);
    } else {
        entry = make(known);
    }
    if (entry != NULL) {
        memcpy(entry->hash, hash, TOKEN_HASH_SIZE);
        entry->vouched_us = monotonic_us;
        entry->asked_us = 0;
        entry->role = role;
        HASH_ADD(hh, known->entries, hash, TOKEN_HASH_SIZE, entry);
    }
    pthread_mutex_unlock(&known->lock);
}

void known_sessions_remove(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE])
{
    pthread_mutex_lock(&known->lock);
    Known *entry = find(known, hash);
    if (entry != NULL) {
        HASH_DEL(known->entries, entry);
        free(entry);
    }
    pthread_mutex_unlock(&known->lock);
}
