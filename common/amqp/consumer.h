/* consumer.h - takes events from one queue and hands them on in batches.
 *
 * A consumer owns a thread and two connections, one to consume and one to publish what
 * it parks. It collects up to EVENT_RUN_MAX events, or what came within 1 ms of the
 * first (under load later: pace.h), calls its EventRun, then acknowledges. What each
 * event's status asks for is done before its message is acknowledged:
 *
 *     OK                     nothing
 *     park (event.h)         alone to <queue>.dead, confirmed, with a reason header
 *     retry                  alone to <queue>.retry.{1s,10s,60s} by its attempt, confirmed;
 *                            after CONSUMER_ATTEMPTS to <queue>.dead
 *     UNAVAILABLE, UNKNOWN or ABORTED for all: the store is down; the batch is kept and
 *     run again after 0.1, 0.2 .. 5 s, so that nothing burns its attempts meanwhile
 *
 * A message that cannot be parsed, or holds 0 or more than EVENT_BATCH_MAX events, goes
 * to <queue>.dead whole. Messages delivered twice before are handled one at a time. */
#ifndef JUMUN_COMMON_AMQP_CONSUMER_H
#define JUMUN_COMMON_AMQP_CONSUMER_H

#include <stdbool.h>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/runtime/event.h"
#include "common/runtime/metrics.h"

enum {
    CONSUMER_PREFETCH = 500, /* messages unacknowledged */
    CONSUMER_ATTEMPTS = 6,
    CONSUMER_IDLE_MS = 1,  /* waited for more after the first */
    CONSUMER_PACE_MS = 40, /* between the beginnings of two runs, at most */
};

typedef struct Consumer Consumer;

typedef struct ConsumerOptions {
    const char *url;   /* amqp://... */
    const char *queue; /* one of the topology */
    EventRun *run;
    void *context;
    const Clock *clock;
    Metrics *metrics;
} ConsumerOptions;

/* Starts the thread, which connects and declares the topology by itself. */
Status consumer_open(const ConsumerOptions *options, Consumer **ret_consumer);

/* True while subscribed. Any thread. */
bool consumer_is_up(const Consumer *consumer);

/* Finishes the batch at hand, then stops; what was not acknowledged is delivered
 * again. NULL is ignored. */
void consumer_close(Consumer *consumer);

#endif
