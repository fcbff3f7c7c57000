/* mysql_outbox_test.c - the contract of OutboxSource on MariaDB, in a service's own schema,
 * and what is committed meanwhile. */
#include <string.h>

#include "common/amqp/event_batch.h"
#include "relay/mysql_outbox.h"
#include "tests/contract/relay/outbox_source_contract.h"
#include "tests/integration/common/mysql/mysql_fixture.h"
#include "tests/integration/relay/outbox_rows.h"
#include "tests/support/service_schema.h"

static Db *other; /* the service's and the rival's connection */
static Db *db;
static MysqlOutbox outbox;
static Lease lease;

static void begin(void)
{
    other = fixture_open();
    db = fixture_open();
    service_schema_make(other, "payment", "0001_init");
    mysql_outbox_init(&outbox, db, &lease);
}

static void end(void)
{
    mysql_outbox_deinit(&outbox);
    db_close(db);
    db_close(other);
}

static void take_lease(void)
{
    lease_init(&lease, clock_system());
    EXPECT(!status_failed(lease_keep(&lease, db)));
}

/* -- the contract -- */

static void reset(void *context)
{
    (void)context;
    fixture_run(other, "DELETE FROM outbox; DELETE FROM relay_lease;");
    take_lease();
}

static void insert(void *context, const RelayRow *row)
{
    const DbValue params[] = { db_uint(row->id.value), db_text(row->queue), db_uint(row->events),
                               db_bytes(row->batch, row->size) };

    (void)context;
    EXPECT(!status_failed(
        db_execute(other, "INSERT INTO outbox (id, queue, events, batch) VALUES (?, ?, ?, ?)",
                   params, 4, NULL)));
}

static void lose_lease(void *context)
{
    Lease rival;

    (void)context;
    fixture_run(other, "UPDATE relay_lease SET expires_at = UTC_TIMESTAMP(6);"); /* it slept */
    lease_init(&rival, clock_system());
    EXPECT(!status_failed(lease_keep(&rival, other)));
}

static void the_contract_holds(void)
{
    begin();
    outbox_source_contract(&(OutboxSubject){ &outbox.source, reset, insert, lose_lease, NULL });
    end();
}

/* -- what only a database can get wrong -- */

static void put(uint64_t id, const char *queue)
{
    EXPECT(!status_failed(outbox_row_insert(other, id, queue)));
}

static void lease_that_moved_removes_nothing(void)
{
    Lease old;
    Lease new;
    EventId id = { 5 };
    Status status;

    begin();
    lease_init(&old, clock_system());
    lease_init(&new, clock_system());
    EXPECT(!status_failed(lease_keep(&old, db)));
    status = lease_keep(&new, db);
    EXPECT(strcmp(status.name, "LEASE_TAKEN") == 0 && !new.held);
    fixture_run(db, "UPDATE relay_lease SET expires_at = UTC_TIMESTAMP(6);"); /* it slept */
    EXPECT(!status_failed(lease_keep(&new, db)));
    EXPECT(new.fence == old.fence + 1);

    put(id.value, "q");
    outbox.lease = &old;
    status = outbox.source.ops->remove(&outbox.source, &id, 1);
    EXPECT(status.code == STATUS_FAILED_PRECONDITION && strcmp(status.name, "LEASE_LOST") == 0);
    EXPECT(outbox_rows(db) == 1);
    old = new;
    old.fence--; /* the same owner, in an earlier term */
    status = outbox.source.ops->remove(&outbox.source, &id, 1);
    EXPECT(strcmp(status.name, "LEASE_LOST") == 0 && outbox_rows(db) == 1);
    outbox.lease = &new;
    EXPECT(!status_failed(outbox.source.ops->remove(&outbox.source, &id, 1)));
    EXPECT(outbox_rows(db) == 0);
    end();
}

typedef struct Removal {
    MysqlOutbox *outbox;
    const EventId *ids;
    size_t count;
    uint64_t inside;
} Removal;

static void row_that_was_committed_inside_the_range_survives(void)
{
    static RelayRow rows[RELAY_BATCH_MAX];
    const OutboxRange all = { .paused_count = 0 };
    const EventId published[] = { { 10 }, { 30 }, { 40 } };
    size_t count = 0;

    begin();
    take_lease();
    put(10, "q");
    put(30, "q");
    put(40, "q");
    EXPECT(!status_failed(outbox.source.ops->read(&outbox.source, &all, rows, &count)));
    EXPECT(count == 3 && rows[0].id.value == 10 && rows[2].id.value == 40);
    put(20, "q");
    EXPECT(!status_failed(outbox.source.ops->remove(&outbox.source, published, 3)));
    EXPECT(outbox.lists == 1 && outbox_rows(db) == 1);
    EXPECT(!status_failed(outbox.source.ops->read(&outbox.source, &all, rows, &count)));
    EXPECT(count == 1 && rows[0].id.value == 20 && strcmp(rows[0].queue, "q") == 0);
    EXPECT(rows[0].events == 1 && rows[0].size == event_batch_size(8) &&
           memcmp((const char *)rows[0].batch + 2, "event-20", 8) == 0);
    end();
}

static Status remove_around_open_row(void *context, Db *on)
{
    const Removal *removal = context;
    Status status = outbox_row_insert(on, removal->inside, "q");

    if (!status_failed(status)) {
        OutboxSource *source = &removal->outbox->source;
        EXPECT(!status_failed(source->ops->remove(source, removal->ids, removal->count)));
    }
    return status;
}

static void row_of_an_open_transaction_inside_the_range_survives(void)
{
    const EventId ids[] = { { 10 }, { 30 } };
    Removal removal = { &outbox, ids, 2, 20 };

    begin();
    take_lease();
    put(10, "q");
    put(30, "q");
    EXPECT(!status_failed(db_transact(other, remove_around_open_row, &removal)));
    EXPECT(outbox.lists == 1 && outbox_rows(db) == 1);
    end();
}

static void whole_batch_goes_by_range_and_paused_queues_are_left_out(void)
{
    static RelayRow rows[RELAY_BATCH_MAX];
    static EventId ids[RELAY_BATCH_MAX];
    OutboxRange range = { .floor = { 101 }, .paused = { "x", "y" }, .paused_count = 2 };
    size_t count = 0;
    uint64_t waiting = 0;
    EventId lowest = { 0 };

    begin();
    take_lease();
    for (uint64_t id = 100; id < 100 + RELAY_BATCH_MAX + 10; id++) {
        put(id, "q");
    }
    put(9000, "x");
    put(9001, "y");
    EXPECT(!status_failed(mysql_outbox_backlog(&outbox, &waiting, &lowest)));
    EXPECT(waiting == RELAY_BATCH_MAX + 12 && lowest.value == 100);
    EXPECT(!status_failed(outbox.source.ops->read(&outbox.source, &range, rows, &count)));
    EXPECT(count == RELAY_BATCH_MAX && rows[0].id.value == 101);
    for (size_t i = 0; i < count; i++) {
        ids[i] = rows[i].id;
    }
    EXPECT(!status_failed(outbox.source.ops->remove(&outbox.source, ids, count)));
    EXPECT(outbox.lists == 0 && outbox_rows(db) == 12);
    range.floor.value = 0;
    EXPECT(!status_failed(outbox.source.ops->read(&outbox.source, &range, rows, &count)));
    EXPECT(count == 10);
    end();
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(the_contract_holds),
        TEST(lease_that_moved_removes_nothing),
        TEST(row_that_was_committed_inside_the_range_survives),
        TEST(row_of_an_open_transaction_inside_the_range_survives),
        TEST(whole_batch_goes_by_range_and_paused_queues_are_left_out),
    };

    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
