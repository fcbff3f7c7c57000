/* The lease of a node number. One thread owns the connection: it takes a node, renews
 * it, and takes another should it have been lost. All times of the table are the
 * database's; only "is it surely still ours" is asked of the own monotonic clock, from
 * before the renewal was sent. */
#include "common/mysql/node_lease.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "common/mysql/db.h"
#include "common/runtime/log.h"

#define RENEW_US   (5 * US_PER_S)
#define RETRY_US   (250 * US_PER_MS)
#define SURELY_US  (20 * US_PER_S) /* of the 30 s of the statements */
#define OWNER_SIZE 65

enum {
    OWNER_RANDOM = 16, /* bytes */
    NO_NODE = -1,
};

static const char find_nodes[] =
    "SELECT node, owner, expires_at < NOW(6) FROM node_lease WHERE node BETWEEN ? AND ?"
    " ORDER BY expires_at";
static const char take_new[] = "INSERT INTO node_lease (node, owner, expires_at)"
                               " VALUES (?, ?, NOW(6) + INTERVAL 30 SECOND)";
static const char take_expired[] =
    "UPDATE node_lease SET owner = ?, expires_at = NOW(6) + INTERVAL 30 SECOND"
    " WHERE node = ? AND expires_at < NOW(6)";
static const char renew[] = "UPDATE node_lease SET expires_at = NOW(6) + INTERVAL 30 SECOND"
                            " WHERE node = ? AND owner = ?";
static const char give_back[] =
    "UPDATE node_lease SET owner = '', expires_at = NOW(6) WHERE node = ? AND owner = ?";

struct NodeLease {
    IdSource ids;
    const Clock *clock;
    uint32_t range;
    char owner[OWNER_SIZE];
    pthread_t thread;
    Db *db;   /* the thread's own, like node */
    int node; /* or NO_NODE */

    pthread_mutex_t lock; /* guards closing */
    pthread_cond_t wake;
    bool closing;
};

/* What the table says about the range. */
typedef struct Nodes {
    const char *owner;
    bool used[ID_NODES_PER_SERVICE];
    uint32_t range;
    uint32_t expired[ID_NODES_PER_SERVICE]; /* longest ago first */
    size_t expired_count;
    int own; /* a node with our name on it, from an attempt of unknown outcome */
} Nodes;

static Status note_node(void *context, const DbRow *row)
{
    Nodes *nodes = context;
    uint32_t node = (uint32_t)db_row_uint(row, 0);

    nodes->used[node - nodes->range] = true;
    if (strcmp(db_row_text(row, 1), nodes->owner) == 0) {
        nodes->own = (int)node;
    } else if (db_row_int(row, 2) != 0) {
        nodes->expired[nodes->expired_count++] = node;
    }
    return status_ok();
}

/* Executes one of the statements above; true if it took hold of its row. */
static bool affects_one(NodeLease *lease, const char *sql, const DbValue *params)
{
    uint64_t affected = 0;
    Status status = db_execute(lease->db, sql, params, 2, &affected);

    return !status_failed(status) && affected == 1;
}

/* A node that nobody ever had comes first, then the one that has been free longest: an
 * id made by the node's last owner is then old, even if a clock has stepped back. */
static int take_node(NodeLease *lease)
{
    Nodes nodes = { .owner = lease->owner, .range = lease->range, .own = NO_NODE };
    const DbValue owner = db_text(lease->owner);
    const DbValue range[] = { db_uint(lease->range),
                              db_uint(lease->range + ID_NODES_PER_SERVICE - 1) };

    if (status_failed(db_query(lease->db, find_nodes, range, 2, note_node, &nodes))) {
        return NO_NODE;
    }
    if (nodes.own != NO_NODE &&
        affects_one(lease, renew, (DbValue[]){ db_uint((uint64_t)nodes.own), owner })) {
        return nodes.own;
    }
    for (uint32_t i = 0; i < ID_NODES_PER_SERVICE && db_is_up(lease->db); i++) {
        uint32_t node = lease->range + i;
        if (!nodes.used[i] && affects_one(lease, take_new, (DbValue[]){ db_uint(node), owner })) {
            return (int)node;
        }
    }
    for (size_t i = 0; i < nodes.expired_count && db_is_up(lease->db); i++) {
        uint32_t node = nodes.expired[i];
        if (affects_one(lease, take_expired, (DbValue[]){ owner, db_uint(node) })) {
            return (int)node;
        }
    }
    return NO_NODE;
}

/* Says until when ids may be made. The node is written while the source is stale. */
static void make_valid(NodeLease *lease, int node, int64_t until_us)
{
    if (lease->node != node) {
        atomic_store(&lease->ids.node, (uint32_t)node);
        lease->node = node;
        log_info("node_lease.taken", "node=%d", node);
    }
    atomic_store(&lease->ids.valid_until_us, until_us);
}

static void lose_node(NodeLease *lease)
{
    atomic_store(&lease->ids.valid_until_us, INT64_MIN);
    lease->node = NO_NODE;
}

/* Renews or takes the lease. False: try again soon. */
static bool step(NodeLease *lease)
{
    int64_t started_us = clock_monotonic_us(lease->clock);

    if (lease->node != NO_NODE) {
        const DbValue params[] = { db_uint((uint64_t)lease->node), db_text(lease->owner) };
        uint64_t affected = 0;
        if (status_failed(db_execute(lease->db, renew, params, 2, &affected))) {
            return false; /* perhaps still ours: the clock decides how long */
        }
        if (affected == 1) {
            make_valid(lease, lease->node, started_us + SURELY_US);
            return true;
        }
        log_warn("node_lease.lost", "node=%d", lease->node);
        lose_node(lease);
    }
    int node = take_node(lease);
    if (node == NO_NODE) {
        if (db_is_up(lease->db)) {
            log_warn("node_lease.none", "range=%u", lease->range);
        }
        return false;
    }
    make_valid(lease, node, started_us + SURELY_US);
    return true;
}

/* Waits; true if the lease is to be closed. */
static bool wait_for_close(NodeLease *lease, int64_t us)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nsec = until.tv_nsec + us % US_PER_S * 1000;
    until.tv_sec += (time_t)(us / US_PER_S + nsec / 1000000000);
    until.tv_nsec = (long)(nsec % 1000000000);

    pthread_mutex_lock(&lease->lock);
    int timed_out = 0;
    while (!lease->closing && timed_out == 0) {
        timed_out = pthread_cond_timedwait(&lease->wake, &lease->lock, &until);
    }
    bool closing = lease->closing;
    pthread_mutex_unlock(&lease->lock);
    return closing;
}

static void *lease_main(void *context)
{
    NodeLease *lease = context;

    while (!wait_for_close(lease, step(lease) ? RENEW_US : RETRY_US)) {
    }
    if (lease->node != NO_NODE) {
        const DbValue params[] = { db_uint((uint64_t)lease->node), db_text(lease->owner) };
        lose_node(lease);
        (void)db_execute(lease->db, give_back, params, 2, NULL);
    }
    return NULL;
}

/* The host for the operator, the rest so that no two are alike. */
static bool name_owner(NodeLease *lease)
{
    char host[32] = "";
    unsigned char random[OWNER_RANDOM];

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return false;
    }
    (void)gethostname(host, sizeof host - 1);
    int size = snprintf(lease->owner, sizeof lease->owner, "%.31s/", host);
    for (size_t i = 0; i < sizeof random; i++) {
        size += snprintf(lease->owner + size, sizeof lease->owner - (size_t)size, "%02x",
                         (unsigned)random[i]);
    }
    return true;
}

static bool start(NodeLease *lease)
{
    pthread_condattr_t monotonic;

    if (pthread_mutex_init(&lease->lock, NULL) != 0) {
        return false;
    }
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    bool started = pthread_cond_init(&lease->wake, &monotonic) == 0;
    pthread_condattr_destroy(&monotonic);
    if (started && pthread_create(&lease->thread, NULL, lease_main, lease) != 0) {
        pthread_cond_destroy(&lease->wake);
        started = false;
    }
    if (!started) {
        pthread_mutex_destroy(&lease->lock);
    }
    return started;
}

Status node_lease_open(const char *db_url, NodeRange range, const Clock *clock,
                       NodeLease **ret_lease)
{
    NodeLease *lease = calloc(1, sizeof *lease);
    Status status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");

    if (lease == NULL) {
        return status;
    }
    lease->clock = clock;
    lease->range = (uint32_t)range;
    lease->node = NO_NODE;
    id_source_init(&lease->ids, clock, lease->range);
    atomic_store(&lease->ids.valid_until_us, INT64_MIN);
    if (name_owner(lease)) {
        status = db_open(db_url, &lease->db);
    }
    if (!status_failed(status) && !start(lease)) {
        status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    if (status_failed(status)) {
        db_close(lease->db);
        free(lease);
        return status;
    }
    *ret_lease = lease;
    return status_ok();
}

IdSource *node_lease_ids(NodeLease *lease)
{
    return &lease->ids;
}

bool node_lease_is_held(const NodeLease *lease)
{
    return clock_monotonic_us(lease->clock) <= atomic_load(&lease->ids.valid_until_us);
}

void node_lease_close(NodeLease *lease)
{
    if (lease == NULL) {
        return;
    }
    pthread_mutex_lock(&lease->lock);
    lease->closing = true;
    pthread_cond_signal(&lease->wake);
    pthread_mutex_unlock(&lease->lock);
    pthread_join(lease->thread, NULL);
    pthread_cond_destroy(&lease->wake);
    pthread_mutex_destroy(&lease->lock);
    db_close(lease->db);
    free(lease);
}
