/* Transactions: BEGIN, body, COMMIT, and how often to try again. */
#include <assert.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/mysql/db_internal.h"
#include "common/runtime/log.h"

enum {
    RUNS_MAX = 3,
};

#define PAUSE_US (5 * US_PER_MS) /* before the second run, at most; then twice that */

static Status say(Db *db, const char *sql)
{
    Status status = db_ready(db);

    return status_failed(status) ? status : db_run_text(db, sql, strlen(sql));
}

/* Tries a second connection if the first had died while idle. */
static Status begin(Db *db)
{
    int64_t started_us = clock_monotonic_us(clock_system());
    Status status = say(db, "BEGIN");

    if (status_failed(status) && db_may_repeat(db, started_us, true)) {
        status = say(db, "BEGIN");
    }
    if (!status_failed(status)) {
        db->in_transaction = true;
        db->doom = status_ok();
    }
    return status;
}

/* A connection that cannot even roll back is dropped, and the server does it. */
static void roll_back(Db *db)
{
    db->in_transaction = false;
    if (db->mysql != NULL && mysql_real_query(db->mysql, "ROLLBACK", strlen("ROLLBACK")) != 0) {
        db_drop(db);
    }
}

static Status commit(Db *db)
{
    db->in_transaction = false;
    if (mysql_real_query(db->mysql, "COMMIT", strlen("COMMIT")) == 0) {
        return status_ok();
    }
    /* Whatever the number says: COMMIT was sent, and its answer is not "done". */
    (void)db_fail(db, mysql_errno(db->mysql), mysql_error(db->mysql), "COMMIT");
    db_drop(db);
    return status_make(STATUS_UNKNOWN, "DATABASE_LOST");
}

static Status run(Db *db, DbTransaction *body, void *context)
{
    Status status = begin(db);

    if (status_failed(status)) {
        return status;
    }
    status = body(context, db);
    if (!status_failed(status)) {
        status = db->doom; /* in case body swallowed it */
    }
    if (status_failed(status)) {
        roll_back(db);
        return status;
    }
    return commit(db);
}

static void pause_before(int next_run)
{
    int64_t us = US_PER_MS + db_random(PAUSE_US * (next_run - 1));

    (void)nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

Status db_transact(Db *db, DbTransaction *body, void *context)
{
    assert(!db->in_transaction);
    for (int number = 1;; number++) {
        Status status = run(db, body, context);
        if (status.code != STATUS_ABORTED || number == RUNS_MAX) {
            return status;
        }
        pause_before(number + 1);
    }
}
