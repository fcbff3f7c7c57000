/* topology.h - the queues of jumun, in one table.
 *
 *     <queue>              quorum, delivery limit, dead-letters to <queue>.dead
 *     <queue>.retry.1s/.10s/.60s   quorum with TTL, dead-letters back to <queue>
 *     <queue>.dead         quorum, kept until somebody replays
 *
 * Everything goes through the default exchange: the routing key is the queue's name. */
#ifndef JUMUN_COMMON_AMQP_TOPOLOGY_H
#define JUMUN_COMMON_AMQP_TOPOLOGY_H

#include <stddef.h>

#define QUEUE_PRODUCT_COMMANDS "product.commands"
#define QUEUE_PAYMENT_COMMANDS "payment.commands"
#define QUEUE_ORDER_REPLIES    "order.replies"

enum {
    QUEUE_COUNT = 3,
    QUEUE_LENGTH_MAX = 1000000, /* messages; beyond, publishers get a nack and wait */
    QUEUE_DELIVERY_LIMIT = 5,
    EVENT_BATCH_MAX = 32, /* events in one message */
    EVENT_MESSAGE_SIZE_MAX = 64 * 1024,
};

extern const char *const queue_names[QUEUE_COUNT];

#endif
