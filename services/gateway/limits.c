#include "services/gateway/limits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "services/gateway/lru.h"

typedef struct Bucket {
    double tokens;
    int64_t filled_us;
} Bucket;

struct Limits {
    unsigned in_flight_max;
    _Atomic unsigned in_flight;
    double per_second;
    double tokens_max;

    pthread_mutex_t lock; /* guards the buckets */
    Lru *buckets;
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
    Status status = lru_open(LIMITS_ADDRESSES_MAX, 16, sizeof(Bucket), &limits->buckets);
    if (status_failed(status)) {
        free(limits);
        return status;
    }
    pthread_mutex_init(&limits->lock, NULL);
    *ret_limits = limits;
    return status_ok();
}

void limits_close(Limits *limits)
{
    if (limits == NULL) {
        return;
    }
    lru_close(limits->buckets);
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

unsigned limits_signins_max(const Limits *limits)
{
    return (unsigned)limits->tokens_max;
}

/* Of the bucket's tokens; 0 if there was one, else the seconds until there is. */
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
    bool is_new;

    memcpy(network, address, 16);
    if (memcmp(address, mapped, sizeof mapped) != 0) {
        memset(network + 8, 0, 8);
    }
    pthread_mutex_lock(&limits->lock);
    Bucket *bucket = lru_put(limits->buckets, network, &is_new);
    if (bucket != NULL && is_new) {
        *bucket = (Bucket){ .tokens = limits->tokens_max, .filled_us = monotonic_us };
    }
    unsigned wait_s = bucket != NULL ? take(limits, bucket, monotonic_us) : 1; /* no memory */
    pthread_mutex_unlock(&limits->lock);
    return wait_s;
}
