/* amqp_link.h - one connection to the broker, with its topology and its reconnect.
 * Internal to common/amqp: the only header here that shows rabbitmq-c.
 *
 * A link belongs to one thread. It has one channel. Whoever meets an error it cannot
 * answer calls amqp_link_lose; the next amqp_link_connect makes a new connection, not
 * sooner than the back-off (0.1 .. 2 s) allows. Heartbeats (30 s) are served inside
 * amqp_link_read and by amqp_link_heartbeat: call one of them at least every 15 s. */
#ifndef JUMUN_COMMON_AMQP_AMQP_LINK_H
#define JUMUN_COMMON_AMQP_AMQP_LINK_H

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#endif
#include <stdbool.h>
#include <stdint.h>

#include "common/base/status.h"

enum {
    AMQP_LINK_CHANNEL = 1,
    AMQP_LINK_HEARTBEAT_S = 30,
    AMQP_LINK_BACKOFF_MIN_MS = 100,
    AMQP_LINK_BACKOFF_MAX_MS = 2000,
    QUEUE_NAME_SIZE = 64, /* with its suffix and NUL */
};

typedef struct AmqpLink {
    char *url; /* cut into `info` */
    struct amqp_connection_info info;
    amqp_connection_state_t state; /* NULL while there is no connection */
    int64_t connected_at_us;       /* monotonic, like the others */
    int64_t retry_at_us;
    int64_t backoff_us;
} AmqpLink;

/* INVALID_ARGUMENT (CONFIG) if url is malformed. Does not connect. */
Status amqp_link_open(const char *url, AmqpLink **ret_link);

/* Says goodbye if there is a connection. NULL is ignored. */
void amqp_link_close(AmqpLink *link);

/* Connects, opens the channel and declares the topology, if not done already. May block
 * for seconds. UNAVAILABLE (BROKER_DOWN) if that fails or is too early. */
Status amqp_link_connect(AmqpLink *link);

/* Opens the channel again after the broker has closed it. False: the link is lost. */
bool amqp_link_reopen_channel(AmqpLink *link);

/* Drops the connection, logs why. */
void amqp_link_lose(AmqpLink *link, const char *why);

/* Waits for the next frame, at most timeout_ms or until wake_fd (-1: none) is readable.
 * Returns AMQP_STATUS_OK, AMQP_STATUS_TIMEOUT also when woken, or another error: the
 * link must then be lost. The frame before becomes invalid. */
int amqp_link_read(AmqpLink *link, int timeout_ms, int wake_fd, amqp_frame_t *ret_frame);

/* Sends a heartbeat without reading anything. False: the connection is broken. */
bool amqp_link_heartbeat(AmqpLink *link);

/* Declares all queues on the channel. False: the broker refused, lose the link. */
bool topology_declare(amqp_connection_state_t state);

/* True if the queue is one of the topology, with any suffix. */
bool topology_has(const char *queue);

/* "order.replies" and ".dead". */
void queue_name_with(const char *queue, const char *suffix, char ret_name[static QUEUE_NAME_SIZE]);

/* ".retry.1s" for attempt 0, and so on; the last for all beyond. */
const char *queue_retry_suffix(unsigned attempt);

#endif
