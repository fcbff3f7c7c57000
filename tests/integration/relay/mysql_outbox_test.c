/* mysql_outbox_test.c - the contract of OutboxSource on MariaDB, in a service's own schema. */
#include "relay/mysql_outbox.h"
#include "tests/contract/relay/outbox_source_contract.h"
#include "tests/integration/common/mysql/mysql_fixture.h"
#include "tests/support/service_schema.h"

static Db *other; /* the service's and the rival's connection */
static Db *db;
static MysqlOutbox outbox;
static Lease lease;

static void reset(void *context)
{
    (void)context;
    fixture_run(other, "DELETE FROM outbox; DELETE FROM relay_lease;");
    lease_init(&lease, clock_system());
    EXPECT(!status_failed(lease_keep(&lease, db)));
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
    other = fixture_open();
    db = fixture_open();
    service_schema_make(other, "payment", "0001_init");
    mysql_outbox_init(&outbox, db, &lease);
    outbox_source_contract(&(OutboxSubject){ &outbox.source, reset, insert, lose_lease, NULL });
    mysql_outbox_deinit(&outbox);
    db_close(db);
    db_close(other);
}

int main(void)
{
    static const FixtureTest tests[] = { TEST(the_contract_holds) };

    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
