#include "services/gateway/limits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/base/clock.h"

typedef struct Bucket {
    uint8_t address[16];
    double tokens;
    int64_t filled_us;
    UT_hash_handle hh;
} Bucket;

struct Limits {
    unsigned in_flight_max;
    _Atomic unsigned in_flight;
    double per_second;
    double tokens_max;

    pthread_mutex_t lock; /* guards the buckets; in the order of their last use */
    Bucket *buckets;
};

Status limits_open(unsigned in_flight_max, unsigned signins_per_minute, Limits **ret_limits)
{
    Limits *limits = calloc(1, sizeof *limits);

    if (limits == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    limits->in_flight_max = in_flight_max;
    limits->per_second = signins_per_minute / 60.0;
    limits->tokens_max = signins_per_minute / 2.0 < 1 ? 1 : signins_per_minute / 2.0;
    pthread_mutex_init(&limits->lock, NULL);
    *ret_limits = limits;
    return status_ok();
}

void limits_close(Limits *limits)
{
    Bucket *bucket;
    Bucket *next;

    if (limits == NULL) {
        return;
    }
    HASH_ITER(hh, limits->buckets, bucket, next)
    {
        HASH_DEL(limits->buckets, bucket);
        free(bucket);
    }
    pthread_mutex_destroy(&limits->lock);
    free(limits);
}

bool limits_enter(Limits *limits)
{
    if (atomic_fetch_add(&limits->in_flight, 1) < limits->in_flight_max) {
        return true;
    }
    atomic_fetch_sub(&limits->in_flight, 1);
    return false;
}

void limits_leave(Limits *limits)
{
    atomic_fetch_sub(&limits->in_flight, 1);
}

/* Takes the address's bucket to the end of the order; makes it, in place of the oldest if
 * need be. NULL without memory. */
static Bucket *touch(Limits *limits, const uint8_t address[16], int64_t now_us)
{
    Bucket *bucket;

    HASH_FIND(hh, limits->buckets, address, 16, bucket);
    if (bucket != NULL) {
        HASH_DEL(limits->buckets, bucket);
    } else {
        if (HASH_COUNT(limits->buckets) >= LIMITS_ADDRESSES_MAX) {
            bucket = limits->buckets;
            HASH_DEL(limits->buckets, bucket);
        } else {
            bucket = malloc(sizeof *bucket);
        }
        if (bucket == NULL) {
            return NULL;
        }
        memcpy(bucket->address, address, 16);
        bucket->tokens = limits->tokens_max;
        bucket->filled_us = now_us;
    }
    HASH_ADD(hh, limits->buckets, address, 16, bucket);
    return bucket;
}

static unsigned take(Limits *limits, Bucket *bucket, int64_t now_us)
{
    double seconds = (double)(now_us - bucket->filled_us) / (double)US_PER_S;

    bucket->tokens += seconds * limits->per_second;
    bucket->filled_us = now_us;
    if (bucket->tokens > limits->tokens_max) {
        bucket->tokens = limits->tokens_max;
    }
    if (bucket->tokens < 1) {
        return 1 + (unsigned)((1 - bucket->tokens) / limits->per_second);
    }
    bucket->tokens -= 1;
    return 0;
}

unsigned limits_signin(Limits *limits, const uint8_t address[16], int64_t monotonic_us)
{
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };
    uint8_t network[16];

    memcpy(network, address, 16);
    if (memcmp(address, mapped, sizeof mapped) != 0) {
        memset(network + 8, 0, 8);
    }
    pthread_mutex_lock(&limits->lock);
    Bucket *bucket = touch(limits, network, monotonic_us);
    unsigned wait_s = bucket == NULL ? 1 : take(limits, bucket, monotonic_us);
    pthread_mutex_unlock(&limits->lock);
    return wait_s;
}
