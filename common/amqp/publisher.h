/* publisher.h - publishes persistent, mandatory messages and waits for confirms.
 *
 * A publisher belongs to one thread and has its own connection, made when first used
 * and again after a loss. It keeps at most PUBLISHER_WINDOW messages and
 * PUBLISHER_WINDOW_BYTES unconfirmed, stops while the broker says connection.blocked,
 * and calls a confirm that does not come for 10 s a lost connection. */
#ifndef JUMUN_COMMON_AMQP_PUBLISHER_H
#define JUMUN_COMMON_AMQP_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/status.h"
#include "common/runtime/metrics.h"

enum {
    PUBLISHER_WINDOW = 500,
    PUBLISHER_WINDOW_BYTES = 125 * 1000,
    PUBLISHER_CONFIRM_S = 10,
};

typedef struct Publisher Publisher;

/* amqp://user:password@host:port/vhost. INVALID_ARGUMENT (CONFIG) if malformed. `name`
 * labels its metrics. Does not connect; declares the topology when it does. */
Status publisher_open(const char *url, const char *name, Metrics *metrics,
                      Publisher **ret_publisher);

/* NULL is ignored. */
void publisher_close(Publisher *publisher);

/* True while connected and not blocked. Any thread. */
bool publisher_is_up(const Publisher *publisher);

typedef struct PublisherMessage {
    const char *queue;
    const void *body; /* a serialized EventBatch */
    size_t size;
    /* Text headers "name", "value" ... of the message, 8 pairs at most; NULL for none. */
    const char *const *headers;
    size_t header_count; /* pairs */
    /* Out: OK = the broker has it on disk in a queue. FAILED_PRECONDITION (RETURNED) =
     * no such queue, or (REFUSED) = it made the broker close the channel, twice.
     * RESOURCE_EXHAUSTED (NACKED) = the queue is full. UNKNOWN = the connection broke
     * before the confirm: publish again. UNAVAILABLE = not sent. */
    Status status;
} PublisherMessage;

/* Publishes all and waits until each has its status. Returns OK if all are OK, else
 * the first failure. May block up to PUBLISHER_CONFIRM_S. */
Status publisher_publish(Publisher *publisher, PublisherMessage *const *messages, size_t count);

/* Connects if there is no connection, serves heartbeats, notices blocked and unblocked;
 * call at least every 15 s while idle. */
void publisher_idle(Publisher *publisher);

#endif
