/* lease.h - who reads an outbox: one relay at a time, by a row in its schema.
 *
 * Table relay_lease(name, owner, fence, expires_at), database time. A lease lasts 10 s
 * and is renewed long before; a relay that stops gives it back. Each new owner raises the
 * fence, and whoever removes rows checks it in the same transaction: a relay that slept
 * through its lease can only repeat events, not remove what another one is moving. */
#ifndef JUMUN_RELAY_LEASE_H
#define JUMUN_RELAY_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/mysql/db.h"

enum {
    LEASE_TTL_S = 10,
    LEASE_RENEW_MS = 2500,
    LEASE_OWNER_SIZE = 65,
};

typedef struct Lease {
    const Clock *clock;
    char owner[LEASE_OWNER_SIZE]; /* this process and this lease, like no other */
    uint64_t fence;
    bool held;
    int64_t renew_at_us; /* monotonic */
} Lease;

void lease_init(Lease *lease, const Clock *clock);

/* Takes or renews the lease if that is due. FAILED_PRECONDITION (LEASE_TAKEN) while
 * another relay has it; any other failure leaves open who has it, and it is not held. */
Status lease_keep(Lease *lease, Db *db);

/* Inside a transaction: FAILED_PRECONDITION (LEASE_LOST) unless the lease is still ours;
 * it then stays so until the transaction ends. */
Status lease_check(const Lease *lease, Db *db);

/* Gives the lease back, so that another relay need not wait for its end. */
void lease_release(Lease *lease, Db *db);

#endif
