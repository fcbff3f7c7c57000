#include "services/gateway/known_sessions.h"

#include <pthread.h>
#include <stdlib.h>

#include "services/gateway/lru.h"

typedef struct Known {
    LoginSession session;
    int64_t vouched_us;
    int64_t ended_us; /* words from until then do not count */
    int64_t asked_us; /* somebody is renewing since; 0: nobody */
} Known;

struct KnownSessions {
    pthread_mutex_t lock;
    Lru *entries;
    Lru *endings; /* by member, when all sessions ended */
};

Status known_sessions_open(KnownSessions **ret_known)
{
    KnownSessions *known = calloc(1, sizeof *known);

    if (known == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    pthread_mutex_init(&known->lock, NULL);
    Status status = lru_open(KNOWN_SESSIONS_MAX, TOKEN_HASH_SIZE, sizeof(Known), &known->entries);
    if (!status_failed(status)) {
        status = lru_open(KNOWN_ENDINGS_MAX, sizeof(MemberId), sizeof(int64_t), &known->endings);
    }
    if (status_failed(status)) {
        known_sessions_close(known);
        return status;
    }
    *ret_known = known;
    return status_ok();
}

void known_sessions_close(KnownSessions *known)
{
    if (known == NULL) {
        return;
    }
    lru_close(known->entries);
    lru_close(known->endings);
    pthread_mutex_destroy(&known->lock);
    free(known);
}

/* The entry, if the word is no older than age_us and nothing ended since. */
static Known *find(KnownSessions *known, const uint8_t *hash, int64_t monotonic_us, int64_t age_us)
{
    Known *entry = lru_find(known->entries, hash);

    if (entry == NULL || monotonic_us - entry->vouched_us > age_us ||
        entry->vouched_us <= entry->ended_us) {
        return NULL;
    }
    const int64_t *all_ended_us = lru_find(known->endings, &entry->session.member);
    return all_ended_us != NULL && entry->vouched_us <= *all_ended_us ? NULL : entry;
}

KnownVerdict known_sessions_check(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE],
                                  int64_t monotonic_us, int *ret_role)
{
    KnownVerdict verdict = KNOWN_ASK;

    pthread_mutex_lock(&known->lock);
    Known *entry = find(known, hash, monotonic_us, KNOWN_FRESH_US);
    if (entry != NULL) {
        bool due = monotonic_us - entry->vouched_us >= KNOWN_RENEW_US && entry->asked_us == 0;
        *ret_role = entry->session.role;
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
    Known *entry = find(known, hash, monotonic_us, KNOWN_STALE_US);
    if (entry != NULL) {
        *ret_role = entry->session.role;
        entry->asked_us = 0; /* the next one may try again */
    }
    pthread_mutex_unlock(&known->lock);
    return entry != NULL;
}

bool known_sessions_find(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE],
                         int64_t monotonic_us, LoginSession *ret_session)
{
    pthread_mutex_lock(&known->lock);
    const Known *entry = find(known, hash, monotonic_us, KNOWN_STALE_US);
    if (entry != NULL) {
        *ret_session = entry->session;
    }
    pthread_mutex_unlock(&known->lock);
    return entry != NULL;
}

void known_sessions_add(KnownSessions *known, const LoginSession *session, int64_t monotonic_us)
{
    bool is_new;

    pthread_mutex_lock(&known->lock);
    Known *entry = lru_put(known->entries, session->hash, &is_new);
    if (entry != NULL && is_new) { /* NULL: it is asked for again */
        *entry = (Known){ .vouched_us = INT64_MIN, .ended_us = INT64_MIN };
    }
    if (entry != NULL && monotonic_us >= entry->vouched_us) {
        entry->session = *session;
        entry->vouched_us = monotonic_us;
        entry->asked_us = 0;
    }
    pthread_mutex_unlock(&known->lock);
}

void known_sessions_end(KnownSessions *known, const uint8_t hash[TOKEN_HASH_SIZE],
                        int64_t monotonic_us)
{
    pthread_mutex_lock(&known->lock);
    Known *entry = lru_find(known->entries, hash);
    if (entry != NULL) {
        entry->ended_us = monotonic_us;
    }
    pthread_mutex_unlock(&known->lock);
}

void known_sessions_end_all(KnownSessions *known, MemberId member, int64_t monotonic_us)
{
    bool is_new;

    pthread_mutex_lock(&known->lock);
    int64_t *ended_us = lru_put(known->endings, &member, &is_new);
    if (ended_us != NULL) { /* else the member service says so, within a second */
        *ended_us = monotonic_us;
    }
    pthread_mutex_unlock(&known->lock);
}
