#include "services/gateway/known_sessions.h"

#include <pthread.h>
#include <stdlib.h>

#include "services/gateway/lru.h"

typedef struct Known {
    int64_t vouched_us;
    int64_t asked_us; /* somebody is renewing since; 0: nobody */
    int role;
} Known;

struct KnownSessions {
    pthread_mutex_t lock;
    Lru *entries;
};

Status known_sessions_open(KnownSessions **ret_known)
{
    KnownSessions *known = calloc(1, sizeof *known);

    if (known == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    Status status = lru_open(KNOWN_SESSIONS_MAX, TOKEN_HASH_SIZE, sizeof(Known), &known->entries);
    if (status_failed(status)) {
        free(known);
        return status;
    }
    pthread_mutex_init(&known->lock, NULL);
    *ret_known = known;
    return status_ok();
}

void known_sessions_close(KnownSessions *known)
{
    if (known == NULL) {
        return;
    }
    lru_close(known->entries);
    pthread_mutex_destroy(&known->lock);
    free(known);
}

KnownVerdict known_sessions_check(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE],
                                  int64_t monotonic_us, int *ret_role)
{
    KnownVerdict verdict = KNOWN_ASK;

    pthread_mutex_lock(&known->lock);
    Known *entry = lru_find(known->entries, hash);
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
    Known *entry = lru_find(known->entries, hash);
    bool stale = entry != NULL && monotonic_us - entry->vouched_us <= KNOWN_STALE_US;
    if (stale) {
        *ret_role = entry->role;
        entry->asked_us = 0; /* the next one may try again */
    }
    pthread_mutex_unlock(&known->lock);
    return stale;
}

void known_sessions_add(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE],
                        int64_t monotonic_us, int role)
{
    bool is_new;

    pthread_mutex_lock(&known->lock);
    Known *entry = lru_put(known->entries, hash, &is_new);
    if (entry != NULL) { /* else it is asked for again */
        *entry = (Known){ .vouched_us = monotonic_us, .role = role };
    }
    pthread_mutex_unlock(&known->lock);
}

void known_sessions_remove(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE])
{
    pthread_mutex_lock(&known->lock);
    lru_remove(known->entries, hash);
    pthread_mutex_unlock(&known->lock);
}
