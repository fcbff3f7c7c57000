/* mysql_outbox.h - the OutboxSource over a service's schema. One thread.
 *
 * Removing is a checked range delete: `id BETWEEN first AND last` is kept if it took as
 * many rows as were published, and is otherwise rolled back and done by list. A row that
 * was committed inside the range meanwhile survives. Both check the lease. */
#ifndef JUMUN_RELAY_MYSQL_OUTBOX_H
#define JUMUN_RELAY_MYSQL_OUTBOX_H

#include "common/base/arena.h"
#include "common/mysql/db.h"
#include "relay/lease.h"
#include "relay/relay_ports.h"

enum {
    OUTBOX_BACKLOG_MAX = 10000 /* rows counted at most */
};

typedef struct MysqlOutbox {
    OutboxSource source; /* first */
    Db *db;
    const Lease *lease;
    Arena arena;    /* of the rows read last */
    uint64_t lists; /* removals that fell back to a list */
} MysqlOutbox;

/* db and lease are borrowed. */
void mysql_outbox_init(MysqlOutbox *outbox, Db *db, const Lease *lease);
void mysql_outbox_deinit(MysqlOutbox *outbox);

/* How many rows wait, OUTBOX_BACKLOG_MAX at most, and the lowest id; 0 if there is none. */
Status mysql_outbox_backlog(MysqlOutbox *outbox, uint64_t *ret_count, EventId *ret_lowest);

#endif
