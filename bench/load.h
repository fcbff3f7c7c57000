/* load.h - puts load on an HTTP server from one thread.
 *
 * Open loop: requests are due at fixed times whatever the server does, and latency is
 * counted from when a request was due, not from when a connection was free for it: a
 * server that stalls cannot hide it (no coordinated omission). Closed loop: each
 * connection sends its next request when the last one is answered.
 *
 * HTTP/1.1 over kept-alive connections, one request at a time on each. What it reads of
 * an answer is its status, its length and its body. */
#ifndef JUMUN_BENCH_LOAD_H
#define JUMUN_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/latency.h"
#include "common/base/status.h"

enum {
    LOAD_CONNECTIONS_MAX = 1024,
    LOAD_REQUEST_MAX = 2048,       /* bytes of a request */
    LOAD_RESPONSE_MAX = 16 * 1024, /* bytes of an answer */
    LOAD_STATUS_MAX = 600,
};

/* Writes request number n; returns its size, at most LOAD_REQUEST_MAX. */
typedef size_t LoadRequest(void *context, uint64_t n, char *buffer);

/* Told of each answer; http_status 0 is a lost connection: the outcome is unknown. The
 * body is NUL-terminated and borrowed. */
typedef void LoadAnswer(void *context, uint64_t n, int http_status, const char *body);

typedef struct LoadOptions {
    const char *host; /* an IPv4 address */
    uint16_t port;
    unsigned connections;
    double rate;        /* requests per second; 0: closed loop */
    double seconds;     /* how long requests are sent */
    uint64_t count_max; /* at most so many; 0: no bound */
    LoadRequest *request;
    LoadAnswer *answer;
    void *context;
    /* Called about every 250 ms, for samples taken meanwhile; may be NULL. */
    void (*tick)(void *context, double elapsed_s);
} LoadOptions;

typedef struct LoadResult {
    uint64_t sent;
    uint64_t answered;
    uint64_t lost;                      /* connections broken with a request open */
    uint64_t statuses[LOAD_STATUS_MAX]; /* answers by HTTP status */
    double seconds;                     /* from the first request to the last answer */
    Latency latency;                    /* of 2xx answers */
} LoadResult;

/* Runs until all requests are answered, or 30 s after the last was due. UNAVAILABLE if
 * the server cannot be reached at all. */
Status load_run(const LoadOptions *options, LoadResult *ret_result);

#endif
