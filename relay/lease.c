#include "relay/lease.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/runtime/log.h"

#define LEASE_NAME "outbox"

enum {
    HOST_SIZE = 32
};

void lease_init(Lease *lease, const Clock *clock)
{
    char host[HOST_SIZE] = "";
    uint64_t nonce = 0;

    memset(lease, 0, sizeof *lease);
    lease->clock = clock;
    lease->renew_at_us = INT64_MIN;
    if (gethostname(host, sizeof host - 1) != 0 ||
        getrandom(&nonce, sizeof nonce, 0) != (ssize_t)sizeof nonce) {
        nonce ^= (uint64_t)clock_wall_us(clock);
    }
    (void)snprintf(lease->owner, sizeof lease->owner, "%s-%ld-%016llx", host, (long)getpid(),
                   (unsigned long long)nonce);
}

/* The row as it is. */
typedef struct LeaseRow {
    bool exists;
    bool ours;
    bool expired;
    uint64_t fence;
    const char *owner; /* in: us */
} LeaseRow;

static Status read_row(void *context, const DbRow *row)
{
    LeaseRow *lease = context;

    lease->exists = true;
    lease->ours = strcmp(db_row_text(row, 0), lease->owner) == 0;
    lease->fence = db_row_uint(row, 1);
    lease->expired = db_row_int(row, 2) != 0;
    return status_ok();
}

static Status insert(Lease *lease, Db *db)
{
    DbValue params[] = { db_text(LEASE_NAME), db_text(lease->owner), db_int(LEASE_TTL_S) };

    lease->fence = 1;
    return db_execute(db,
                      "INSERT INTO relay_lease (name, owner, fence, expires_at)"
                      " VALUES (?, ?, 1, UTC_TIMESTAMP(6) + INTERVAL ? SECOND)",
                      params, 3, NULL);
}

static Status update(Lease *lease, Db *db, uint64_t fence)
{
    DbValue params[] = { db_text(lease->owner), db_uint(fence), db_int(LEASE_TTL_S),
                         db_text(LEASE_NAME) };

    lease->fence = fence;
    return db_execute(db,
                      "UPDATE relay_lease SET owner = ?, fence = ?,"
                      " expires_at = UTC_TIMESTAMP(6) + INTERVAL ? SECOND WHERE name = ?",
                      params, 4, NULL);
}

/* The transaction of lease_keep. */
static Status take(void *context, Db *db)
{
    Lease *lease = context;
    LeaseRow row = { .owner = lease->owner };
    DbValue name = db_text(LEASE_NAME);
    Status status = db_query(db,
                             "SELECT owner, fence, expires_at <= UTC_TIMESTAMP(6)"
                             " FROM relay_lease WHERE name = ? FOR UPDATE",
                             &name, 1, read_row, &row);

    if (status_failed(status)) {
        return status;
    }
    if (!row.exists) {
        return insert(lease, db);
    }
    if (row.ours) {
        return update(lease, db, row.fence);
    }
    if (row.expired) {
        return update(lease, db, row.fence + 1);
    }
    return status_make(STATUS_FAILED_PRECONDITION, "LEASE_TAKEN");
}

Status lease_keep(Lease *lease, Db *db)
{
    int64_t now_us = clock_monotonic_us(lease->clock);
    bool held_before = lease->held;
    Status status;

    if (lease->held && now_us < lease->renew_at_us) {
        return status_ok();
    }
    status = db_transact(db, take, lease);
    lease->held = !status_failed(status);
    lease->renew_at_us = now_us + LEASE_RENEW_MS * US_PER_MS;
    if (lease->held != held_before) {
        log_info(lease->held ? "relay.lease_taken" : "relay.lease_lost", "owner=%s fence=%llu",
                 lease->owner, (unsigned long long)lease->fence);
    }
    if (status.code == STATUS_ALREADY_EXISTS) {
        return status_make(STATUS_FAILED_PRECONDITION, "LEASE_TAKEN"); /* first by a hair */
    }
    return status;
}

static Status see_row(void *context, const DbRow *row)
{
    bool *seen = context;

    (void)row;
    *seen = true;
    return status_ok();
}

Status lease_check(const Lease *lease, Db *db)
{
    DbValue params[] = { db_text(LEASE_NAME), db_text(lease->owner), db_uint(lease->fence) };
    bool seen = false;
    Status status = db_query(db,
                             "SELECT 1 FROM relay_lease"
                             " WHERE name = ? AND owner = ? AND fence = ? FOR UPDATE",
                             params, 3, see_row, &seen);

    if (!status_failed(status) && !seen) {
        status = status_make(STATUS_FAILED_PRECONDITION, "LEASE_LOST");
    }
    return status;
}

void lease_release(Lease *lease, Db *db)
{
    DbValue params[] = { db_text(LEASE_NAME), db_text(lease->owner), db_uint(lease->fence) };

    if (!lease->held) {
        return;
    }
    lease->held = false;
    if (status_failed(db_execute(db,
                                 "UPDATE relay_lease SET expires_at = UTC_TIMESTAMP(6)"
                                 " WHERE name = ? AND owner = ? AND fence = ?",
                                 params, 3, NULL))) {
        log_warn("relay.lease_kept", "owner=%s", lease->owner);
    }
}
