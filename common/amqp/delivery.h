/* delivery.h - one message from the broker, read frame by frame. Internal.
 *
 * rabbitmq-c's own amqp_consume_message would allocate whatever size the broker
 * announces; here a body beyond EVENT_MESSAGE_SIZE_MAX is read past and not kept. */
#ifndef JUMUN_COMMON_AMQP_DELIVERY_H
#define JUMUN_COMMON_AMQP_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/amqp/amqp_link.h"
#include "common/base/arena.h"

#define HEADER_ATTEMPT "jumun-attempt" /* tries so far, as text */
#define HEADER_REASON  "jumun-reason"  /* why it is in <queue>.dead */

typedef struct Delivery {
    uint64_t tag;
    int64_t delivered_before; /* x-delivery-count of a quorum queue */
    unsigned attempt;         /* HEADER_ATTEMPT; 0 if there is none */
    const uint8_t *body;      /* in the arena; NULL if oversized */
    size_t size;
} Delivery;

typedef enum DeliveryResult {
    DELIVERY_GOT,
    DELIVERY_NONE, /* nothing within the time, or woken */
    DELIVERY_LOST, /* the link is lost, logged */
} DeliveryResult;

/* Waits for the next message, at most timeout_ms or until wake_fd is readable; one that
 * has begun to arrive is awaited longer. The arena must have EVENT_MESSAGE_SIZE_MAX left. */
DeliveryResult delivery_read(AmqpLink *link, Arena *arena, int timeout_ms, int wake_fd,
                             Delivery *ret_delivery);

#endif
