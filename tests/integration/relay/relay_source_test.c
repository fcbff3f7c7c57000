/* relay_source_test.c - the whole relay of one schema, on a real database and broker. */
#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/amqp/event_batch.h"
#include "common/amqp/topology.h"
#include "common/rpc/wake.h"
#include "relay/lease.h"
#include "relay/mysql_outbox.h"
#include "relay/source_thread.h"
#include "tests/integration/common/amqp/broker.h"

enum {
    URL_SIZE = 512,
    SQL_SIZE = 1024,
    SOON_MS = 20000,
    LOOK_MS = 5,
};

#define WAKE_URL "inproc://relay-source-test"

static Broker broker;
static Db *db; /* the test's own connection, in the schema */
static Metrics *metrics;
static char schema[64];
static char db_url[URL_SIZE];

static void run_sql(Db *on, const char *sql)
{
    Status status = db_run_script(on, sql);

    if (status_failed(status)) {
        fprintf(stderr, "%s: %s %s\n", sql, status.name, db_error(on));
        abort();
    }
}

static void open_schema(void)
{
    const char *url = getenv("JUMUN_TEST_MYSQL_URL");
    char sql[SQL_SIZE];
    Db *root = NULL;

    if (url == NULL) {
        puts("SKIPPED: JUMUN_TEST_MYSQL_URL is not set");
        exit(SKIPPED);
    }
    snprintf(schema, sizeof schema, "jumun_relay_test_%ld", (long)getpid());
    snprintf(db_url, sizeof db_url, "%s%s", url, schema);
    assert(!status_failed(db_open(url, &root)));
    snprintf(sql, sizeof sql, "CREATE DATABASE %s;", schema);
    run_sql(root, sql);
    db_close(root);
    assert(!status_failed(db_open(db_url, &db)));
    run_sql(db,
            "CREATE TABLE outbox (id BIGINT UNSIGNED NOT NULL PRIMARY KEY,"
            " queue VARCHAR(32) NOT NULL, events SMALLINT UNSIGNED NOT NULL, batch BLOB NOT NULL);"
            "CREATE TABLE relay_lease (name VARCHAR(32) NOT NULL PRIMARY KEY,"
            " owner VARCHAR(64) NOT NULL, fence BIGINT UNSIGNED NOT NULL,"
            " expires_at DATETIME(6) NOT NULL);");
}

static void close_schema(void)
{
    char sql[SQL_SIZE];

    snprintf(sql, sizeof sql, "DROP DATABASE %s;", schema);
    run_sql(db, sql);
    db_close(db);
}

/* The number in the first column of the only row. */
static Status read_number(void *context, const DbRow *row)
{
    *(uint64_t *)context = db_row_uint(row, 0);
    return status_ok();
}

static uint64_t count_rows(void)
{
    uint64_t count = 0;

    assert(
        !status_failed(db_query(db, "SELECT COUNT(*) FROM outbox", NULL, 0, read_number, &count)));
    return count;
}

static Status try_insert(Db *on, uint64_t id, const char *queue)
{
    char event[32];
    uint8_t batch[40];

    snprintf(event, sizeof event, "event-%" PRIu64, id);
    event_batch_put(batch, event, strlen(event));
    const DbValue params[] = { db_uint(id), db_text(queue),
                               db_bytes(batch, event_batch_size(strlen(event))) };
    return db_execute(on, "INSERT INTO outbox (id, queue, events, batch) VALUES (?, ?, 1, ?)",
                      params, 3, NULL);
}

static void insert(uint64_t id, const char *queue)
{
    assert(!status_failed(try_insert(db, id, queue)));
}

/* An id as a service would make it now. */
static uint64_t id_now(void)
{
    static uint64_t last;
    uint64_t id = id_floor(clock_wall_us(clock_system()));

    last = id > last ? id : last + 1;
    return last;
}

typedef bool Condition(const void *context);

/* Waits until it is so. */
static void expect_soon(Condition *condition, const void *context)
{
    for (int ms = 0; !condition(context); ms += LOOK_MS) {
        assert(ms < SOON_MS);
        poll(NULL, 0, LOOK_MS);
    }
}

static bool outbox_is_empty(const void *context)
{
    (void)context;
    return count_rows() == 0;
}

static bool thread_leads(const void *context)
{
    return source_thread_leads(context);
}

static bool thread_is_ready(const void *context)
{
    return source_thread_is_ready(context);
}

static bool counter_moved(const void *context)
{
    return counter_value(context) > 0;
}

static bool gauge_is_high(const void *context)
{
    return gauge_value(context) >= 100;
}

static SourceThread *start(const char *bus_url)
{
    SourceThread *thread = NULL;
    SourceOptions options = {
        .name = "order",
        .db_url = db_url,
        .bus_url = bus_url,
        .wake_urls = WAKE_URL,
        .clock = clock_system(),
        .metrics = metrics,
    };

    assert(!status_failed(source_thread_open(&options, &thread)));
    return thread;
}

static void set_up(void)
{
    run_sql(db, "DELETE FROM outbox; DELETE FROM relay_lease;");
    broker_purge(&broker);
    metrics = metrics_open();
}

static void tear_down(void)
{
    metrics_close(metrics);
}

/* Takes the next message and checks that it holds these events, in this order. */
static void expect_events(const char *queue, const uint64_t *ids, size_t count)
{
    static BrokerMessage message;
    EventSlice slices[EVENT_BATCH_MAX];
    size_t in_message = 0;

    broker_take(&broker, queue, &message);
    assert(event_batch_split(message.body, message.size, slices, &in_message));
    assert(in_message == count && message.persistent);
    for (size_t i = 0; i < count; i++) {
        char event[32];
        int length = snprintf(event, sizeof event, "event-%" PRIu64, ids[i]);

        assert(slices[i].size == (size_t)length);
        assert(memcmp(slices[i].bytes, event, slices[i].size) == 0);
    }
}

static void committed_rows_reach_their_queues_and_go(void)
{
    uint64_t ids[4];
    SourceThread *thread;

    set_up();
    for (size_t i = 0; i < 4; i++) {
        ids[i] = id_now();
    }
    insert(ids[0], QUEUE_PRODUCT_COMMANDS);
    insert(ids[1], QUEUE_PRODUCT_COMMANDS);
    insert(ids[2], QUEUE_PAYMENT_COMMANDS);
    insert(ids[3], QUEUE_PRODUCT_COMMANDS);
    thread = start(broker.url);
    expect_soon(thread_is_ready, thread);
    expect_soon(outbox_is_empty, NULL);
    expect_events(QUEUE_PRODUCT_COMMANDS, (uint64_t[]){ ids[0], ids[1], ids[3] }, 3);
    expect_events(QUEUE_PAYMENT_COMMANDS, &ids[2], 1);
    source_thread_close(thread);
    tear_down();
}

static void nudge_is_answered_before_the_next_poll(void)
{
    WakePublisher *wake = NULL;
    SourceThread *thread;

    set_up();
    assert(!status_failed(wake_publisher_open(WAKE_URL, &wake)));
    thread = start(broker.url);
    insert(id_now(), QUEUE_ORDER_REPLIES);
    expect_soon(outbox_is_empty, NULL); /* it leads, and the subscriber had time to dial */
    expect_soon(thread_is_ready, thread);
    for (int i = 0; i < 10; i++) {
        int64_t start_us = clock_monotonic_us(clock_system());

        insert(id_now(), QUEUE_ORDER_REPLIES);
        wake_publish(wake, NULL, 0);
        expect_soon(outbox_is_empty, NULL);
        assert(clock_monotonic_us(clock_system()) - start_us < 400 * US_PER_MS);
    }
    source_thread_close(thread);
    wake_publisher_close(wake);
    tear_down();
}

static void row_with_an_unknown_queue_stays_raises_the_metric_and_blocks_nobody(void)
{
    const Counter *returned;
    SourceThread *thread;
    uint64_t id;

    set_up();
    returned = metrics_counter(metrics, "relay_returned_total", "", "schema=\"order\"");
    insert(id_now(), "no.such.queue");
    id = id_now();
    insert(id, QUEUE_ORDER_REPLIES);
    thread = start(broker.url);
    expect_events(QUEUE_ORDER_REPLIES, &id, 1);
    expect_soon(counter_moved, returned);
    source_thread_close(thread);
    assert(count_rows() == 1);
    tear_down();
}

static void rows_of_a_full_queue_stay_until_there_is_room(void)
{
    const Counter *nacked;
    SourceThread *thread;

    set_up();
    nacked = metrics_counter(metrics, "relay_nacked_total", "", "schema=\"order\"");
    broker_declare_short(&broker, "test.relay.full", 1);
    for (int i = 0; i < 3; i++) { /* it notices late that it is full */
        broker_publish(&broker, "test.relay.full", "x", 1, NULL);
    }
    insert(id_now(), "test.relay.full");
    thread = start(broker.url);
    expect_soon(counter_moved, nacked);
    assert(count_rows() == 1);
    assert(amqp_queue_purge(broker.link->state, AMQP_LINK_CHANNEL,
                            amqp_cstring_bytes("test.relay.full")) != NULL);
    expect_soon(outbox_is_empty, NULL);
    assert(broker_count(&broker, "test.relay.full") == 1);
    source_thread_close(thread);
    broker_delete(&broker, "test.relay.full");
    tear_down();
}

/* The gap: an id that was made earlier is committed later. */
typedef struct Slow {
    uint64_t id;
    uint64_t faster_id;
} Slow;

static Status insert_slowly(void *context, Db *on)
{
    const Slow *slow = context;
    Status status = try_insert(on, slow->id, QUEUE_ORDER_REPLIES);

    if (!status_failed(status)) {
        insert(slow->faster_id, QUEUE_ORDER_REPLIES); /* another connection, committed */
        expect_events(QUEUE_ORDER_REPLIES, &slow->faster_id, 1);
    }
    return status;
}

static void row_committed_behind_a_higher_one_is_not_skipped(void)
{
    Slow slow = { id_now(), id_now() };
    SourceThread *thread;
    Db *other = NULL;

    set_up();
    assert(!status_failed(db_open(db_url, &other)));
    thread = start(broker.url);
    assert(!status_failed(db_transact(other, insert_slowly, &slow)));
    expect_events(QUEUE_ORDER_REPLIES, &slow.id, 1);
    expect_soon(outbox_is_empty, NULL);
    source_thread_close(thread);
    db_close(other);
    tear_down();
}

static void rows_survive_a_broken_broker_connection(void)
{
    SourceThread *thread;

    set_up();
    const Gauge *pending = metrics_gauge(metrics, "outbox_pending", "", "schema=\"order\"");
    thread = start(broker.proxied_url);
    expect_soon(thread_leads, thread);
    tcp_proxy_hold(broker.proxy, true);
    for (int i = 0; i < 100; i++) {
        insert(id_now(), QUEUE_ORDER_REPLIES);
    }
    tcp_proxy_cut(broker.proxy);
    expect_soon(gauge_is_high, pending); /* whoever is on call sees it */
    assert(count_rows() == 100);
    tcp_proxy_hold(broker.proxy, false);
    expect_soon(outbox_is_empty, NULL);
    source_thread_close(thread);
    assert(broker_count(&broker, QUEUE_ORDER_REPLIES) >= 100 / EVENT_BATCH_MAX);
    tear_down();
}

static void second_relay_stands_by_and_takes_over(void)
{
    SourceThread *first;
    SourceThread *second;

    set_up();
    first = start(broker.url);
    expect_soon(thread_leads, first);
    second = start(broker.url);
    expect_soon(thread_is_ready, second);
    assert(!source_thread_leads(second));
    source_thread_close(first);
    expect_soon(thread_leads, second);
    insert(id_now(), QUEUE_ORDER_REPLIES);
    expect_soon(outbox_is_empty, NULL);
    source_thread_close(second);
    tear_down();
}

static void lease_of_a_dead_relay_ends_by_itself(void)
{
    SourceThread *thread;

    set_up();
    run_sql(db, "INSERT INTO relay_lease VALUES"
                " ('outbox', 'dead', 7, UTC_TIMESTAMP(6) + INTERVAL 2 SECOND);");
    insert(id_now(), QUEUE_ORDER_REPLIES);
    thread = start(broker.url);
    expect_soon(thread_is_ready, thread);
    assert(!source_thread_leads(thread) && count_rows() == 1);
    expect_soon(thread_leads, thread);
    expect_soon(outbox_is_empty, NULL);
    source_thread_close(thread);
    tear_down();
}

/* The tests below use the parts by themselves. */

static void lease_that_moved_removes_nothing(void)
{
    static MysqlOutbox outbox;
    Lease old;
    Lease new;
    EventId id = { 5 };
    Status status;

    set_up();
    lease_init(&old, clock_system());
    lease_init(&new, clock_system());
    assert(!status_failed(lease_keep(&old, db)));
    status = lease_keep(&new, db);
    assert(strcmp(status.name, "LEASE_TAKEN") == 0 && !new.held);
    run_sql(db, "UPDATE relay_lease SET expires_at = UTC_TIMESTAMP(6);"); /* it slept */
    assert(!status_failed(lease_keep(&new, db)));
    assert(new.fence == old.fence + 1);

    insert(id.value, "q");
    mysql_outbox_init(&outbox, db, &old);
    status = outbox.source.ops->remove(&outbox.source, &id, 1);
    assert(status.code == STATUS_FAILED_PRECONDITION && strcmp(status.name, "LEASE_LOST") == 0);
    assert(count_rows() == 1);
    old = new;
    old.fence--; /* the same owner, in an earlier term */
    status = outbox.source.ops->remove(&outbox.source, &id, 1);
    assert(strcmp(status.name, "LEASE_LOST") == 0 && count_rows() == 1);
    outbox.lease = &new;
    assert(!status_failed(outbox.source.ops->remove(&outbox.source, &id, 1)));
    assert(count_rows() == 0);
    mysql_outbox_deinit(&outbox);
    tear_down();
}

static void released_lease_is_free_at_once(void)
{
    Lease old;
    Lease new;

    set_up();
    lease_init(&old, clock_system());
    lease_init(&new, clock_system());
    assert(!status_failed(lease_keep(&old, db)));
    lease_release(&old, db);
    assert(!status_failed(lease_keep(&new, db)));
    tear_down();
}

typedef struct Removal {
    MysqlOutbox *outbox;
    const EventId *ids;
    size_t count;
    uint64_t inside;
} Removal;

static void row_that_was_committed_inside_the_range_survives(void)
{
    static MysqlOutbox outbox;
    static RelayRow rows[RELAY_BATCH_MAX];
    const OutboxRange all = { .paused_count = 0 };
    const EventId published[] = { { 10 }, { 30 }, { 40 } };
    size_t count = 0;
    Lease lease;

    set_up();
    lease_init(&lease, clock_system());
    assert(!status_failed(lease_keep(&lease, db)));
    mysql_outbox_init(&outbox, db, &lease);
    insert(10, "q");
    insert(30, "q");
    insert(40, "q");
    assert(!status_failed(outbox.source.ops->read(&outbox.source, &all, rows, &count)));
    assert(count == 3 && rows[0].id.value == 10 && rows[2].id.value == 40);
    insert(20, "q");
    assert(!status_failed(outbox.source.ops->remove(&outbox.source, published, 3)));
    assert(outbox.lists == 1 && count_rows() == 1);
    assert(!status_failed(outbox.source.ops->read(&outbox.source, &all, rows, &count)));
    assert(count == 1 && rows[0].id.value == 20 && strcmp(rows[0].queue, "q") == 0);
    assert(rows[0].events == 1 && rows[0].size == event_batch_size(8) &&
           memcmp((const char *)rows[0].batch + 2, "event-20", 8) == 0);
    mysql_outbox_deinit(&outbox);
    tear_down();
}

static Status remove_around_open_row(void *context, Db *on)
{
    const Removal *removal = context;
    Status status = try_insert(on, removal->inside, "q");

    if (!status_failed(status)) {
        OutboxSource *source = &removal->outbox->source;
        assert(!status_failed(source->ops->remove(source, removal->ids, removal->count)));
    }
    return status;
}

static void row_of_an_open_transaction_inside_the_range_survives(void)
{
    static MysqlOutbox outbox;
    const EventId ids[] = { { 10 }, { 30 } };
    Removal removal = { &outbox, ids, 2, 20 };
    Db *other = NULL;
    Lease lease;

    set_up();
    assert(!status_failed(db_open(db_url, &other)));
    lease_init(&lease, clock_system());
    assert(!status_failed(lease_keep(&lease, db)));
    mysql_outbox_init(&outbox, db, &lease);
    insert(10, "q");
    insert(30, "q");
    assert(!status_failed(db_transact(other, remove_around_open_row, &removal)));
    assert(outbox.lists == 1 && count_rows() == 1);
    mysql_outbox_deinit(&outbox);
    db_close(other);
    tear_down();
}

static void whole_batch_goes_by_range_and_paused_queues_are_left_out(void)
{
    static MysqlOutbox outbox;
    static RelayRow rows[RELAY_BATCH_MAX];
    static EventId ids[RELAY_BATCH_MAX];
    OutboxRange range = { .floor = { 101 }, .paused = { "x", "y" }, .paused_count = 2 };
    size_t count = 0;
    uint64_t waiting = 0;
    EventId lowest = { 0 };
    Lease lease;

    set_up();
    lease_init(&lease, clock_system());
    assert(!status_failed(lease_keep(&lease, db)));
    mysql_outbox_init(&outbox, db, &lease);
    for (uint64_t id = 100; id < 100 + RELAY_BATCH_MAX + 10; id++) {
        insert(id, "q");
    }
    insert(9000, "x");
    insert(9001, "y");
    assert(!status_failed(mysql_outbox_backlog(&outbox, &waiting, &lowest)));
    assert(waiting == RELAY_BATCH_MAX + 12 && lowest.value == 100);
    assert(!status_failed(outbox.source.ops->read(&outbox.source, &range, rows, &count)));
    assert(count == RELAY_BATCH_MAX && rows[0].id.value == 101);
    for (size_t i = 0; i < count; i++) {
        ids[i] = rows[i].id;
    }
    assert(!status_failed(outbox.source.ops->remove(&outbox.source, ids, count)));
    assert(outbox.lists == 0 && count_rows() == 12);
    range.floor.value = 0;
    assert(!status_failed(outbox.source.ops->read(&outbox.source, &range, rows, &count)));
    assert(count == 10);
    mysql_outbox_deinit(&outbox);
    tear_down();
}

int main(void)
{
    broker_open(&broker);
    open_schema();
    whole_batch_goes_by_range_and_paused_queues_are_left_out();
    row_that_was_committed_inside_the_range_survives();
    row_of_an_open_transaction_inside_the_range_survives();
    lease_that_moved_removes_nothing();
    released_lease_is_free_at_once();
    committed_rows_reach_their_queues_and_go();
    nudge_is_answered_before_the_next_poll();
    row_with_an_unknown_queue_stays_raises_the_metric_and_blocks_nobody();
    rows_of_a_full_queue_stay_until_there_is_room();
    row_committed_behind_a_higher_one_is_not_skipped();
    rows_survive_a_broken_broker_connection();
    second_relay_stands_by_and_takes_over();
    lease_of_a_dead_relay_ends_by_itself();
    close_schema();
    broker_close(&broker);
    puts("ok");
    return 0;
}
