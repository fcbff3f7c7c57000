/* node_lease.h - leases a node number in the service's schema, so that two processes
 * never make the same id.
 *
 * Table node_lease(node, owner, expires_at), database time. A thread with its own
 * connection renews every 5 s; a lease ends after 30 s. The IdSource stops by itself
 * when the last renewal is too old by the monotonic clock, and goes on when a renewal
 * succeeds. After a restart another node, or the same after its lease has expired, is
 * taken, so a clock that stepped back meanwhile makes no id twice. */
#ifndef JUMUN_COMMON_MYSQL_NODE_LEASE_H
#define JUMUN_COMMON_MYSQL_NODE_LEASE_H

#include <stdbool.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/status.h"

/* Each service leases from its own 64 nodes: ids are unique over all services. */
typedef enum NodeRange {
    NODE_RANGE_ORDER = 0 * ID_NODES_PER_SERVICE,
    NODE_RANGE_PRODUCT = 1 * ID_NODES_PER_SERVICE,
    NODE_RANGE_PAYMENT = 2 * ID_NODES_PER_SERVICE,
    NODE_RANGE_MEMBER = 3 * ID_NODES_PER_SERVICE,
} NodeRange;

typedef struct NodeLease NodeLease;

/* Starts the thread and returns at once; the IdSource is made here and stays stale
 * until the first lease is got. Release on close frees the node for the next start. */
Status node_lease_open(const char *db_url, NodeRange range, const Clock *clock,
                       NodeLease **ret_lease);

/* Valid until close. */
IdSource *node_lease_ids(NodeLease *lease);

/* True while ids can be made. Any thread. */
bool node_lease_is_held(const NodeLease *lease);

/* NULL is ignored. */
void node_lease_close(NodeLease *lease);

#endif
