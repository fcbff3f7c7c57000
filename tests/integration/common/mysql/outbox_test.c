/* Outbox and inbox rows, in the transaction that wants them. */
#include <stdio.h>
#include <string.h>

#include "common/mysql/outbox.h"
#include "jumun/event/v1/event.pb-c.h"
#include "tests/integration/common/mysql/mysql_fixture.h"
#include "tests/support/outbox_reader.h"

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

enum {
    MANY = 1500, /* more than one bulk */
};

static const char create[] =
    "CREATE TABLE outbox (id BIGINT UNSIGNED PRIMARY KEY,"
    " queue VARCHAR(32) CHARACTER SET ascii NOT NULL,"
    " events SMALLINT UNSIGNED NOT NULL, batch BLOB NOT NULL);"
    "CREATE TABLE inbox (event_id BIGINT UNSIGNED PRIMARY KEY, at DATETIME(6) NOT NULL);";

static OutboxEvent event_of(uint64_t id, const ProtobufCMessage *payload)
{
    return (OutboxEvent){ .id = { id },
                          .queue = "product.commands",
                          .type = "stock.release",
                          .order = { id + 1 },
                          .seq = 3,
                          .at_us = 1764066030123456,
                          .trace_parent = TRACE,
                          .payload = payload };
}

static void expect_message(const Jumun__Event__V1__Event *message, uint64_t id)
{
    EXPECT(message != NULL);
    EXPECT(message->id == id && message->order_id == id + 1 && message->seq == 3);
    EXPECT(strcmp(message->type, "stock.release") == 0);
    EXPECT(strcmp(message->traceparent, TRACE) == 0);
    EXPECT(message->at_us == 1764066030123456);

    Jumun__Event__V1__StockRelease *release =
        jumun__event__v1__stock_release__unpack(NULL, message->payload.len, message->payload.data);
    EXPECT(release != NULL && strcmp(release->reason, "EXPIRED") == 0);
    jumun__event__v1__stock_release__free_unpacked(release, NULL);
}

static Status expect_event(void *context, const char *queue, const Jumun__Event__V1__Event *event)
{
    uint64_t *id = context;

    EXPECT(strcmp(queue, "product.commands") == 0);
    EXPECT(event->order_id == *id + 1);
    expect_message(event, *id);
    ++*id;
    return status_ok();
}

typedef struct Append {
    Arena arena;
    const OutboxEvent *events;
    size_t count;
    Status then; /* of the body, after the append */
} Append;

static Status append(void *context, Db *db)
{
    Append *work = context;
    Status status = outbox_append(db, &work->arena, work->events, work->count);

    return status_failed(status) ? status : work->then;
}

static void init_append(Append *work, const OutboxEvent *events, size_t count)
{
    *work = (Append){ .events = events, .count = count, .then = status_ok() };
    arena_init(&work->arena, 65536, (size_t)8 * 1024 * 1024);
}

static void outbox_rows_hold_every_event_whole_and_in_order(void)
{
    static OutboxEvent events[MANY];
    Jumun__Event__V1__StockRelease release;
    Append work;
    uint64_t next = 1;
    Db *db = fixture_open();

    jumun__event__v1__stock_release__init(&release);
    release.reason = (char[]){ "EXPIRED" };
    for (size_t i = 0; i < MANY; i++) {
        events[i] = event_of(i + 1, &release.base);
    }
    fixture_run(db, create);
    init_append(&work, events, MANY);
    EXPECT(!status_failed(db_transact(db, append, &work)));
    EXPECT(!status_failed(outbox_read(db, expect_event, &next)));
    EXPECT(next == MANY + 1);
    EXPECT(fixture_number(db, "SELECT MAX(events) FROM outbox") == OUTBOX_EVENTS_MAX);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM outbox") < MANY / OUTBOX_EVENTS_MAX + 3);
    arena_deinit(&work.arena);
    db_close(db);
}

static void outbox_rows_go_with_their_transaction(void)
{
    OutboxEvent events[] = { event_of(1, NULL), event_of(2, NULL) };
    Append work;
    Db *db = fixture_open();

    events[1].trace_parent = NULL;
    fixture_run(db, create);
    init_append(&work, events, 2);
    work.then = status_make(STATUS_NOT_FOUND, "CHANGED_MY_MIND");
    EXPECT(db_transact(db, append, &work).code == STATUS_NOT_FOUND);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM outbox") == 0);
    work.then = status_ok();
    EXPECT(!status_failed(db_transact(db, append, &work)));
    EXPECT(fixture_number(db, "SELECT events FROM outbox") == 2);
    work.count = 0;
    EXPECT(!status_failed(db_transact(db, append, &work)));
    arena_deinit(&work.arena);
    db_close(db);
}

static void each_queue_has_its_own_rows(void)
{
    OutboxEvent events[] = { event_of(1, NULL), event_of(2, NULL), event_of(3, NULL) };
    Append work;
    Db *db = fixture_open();

    events[1].queue = "payment.commands";
    fixture_run(db, create);
    init_append(&work, events, 3);
    EXPECT(!status_failed(db_transact(db, append, &work)));
    EXPECT(fixture_number(db, "SELECT events FROM outbox WHERE queue = 'product.commands'") == 2);
    EXPECT(fixture_number(db, "SELECT id FROM outbox WHERE queue = 'payment.commands'") == 2);
    arena_deinit(&work.arena);
    db_close(db);
}

static void rows_stay_within_their_column(void)
{
    static char reason[16000];
    static OutboxEvent events[8];
    Jumun__Event__V1__StockRelease release;
    Append work;
    Db *db = fixture_open();

    (void)memset(reason, 'x', sizeof reason - 1);
    jumun__event__v1__stock_release__init(&release);
    release.reason = reason;
    for (size_t i = 0; i < 8; i++) {
        events[i] = event_of(i + 1, &release.base);
    }
    fixture_run(db, create);
    init_append(&work, events, 8);
    EXPECT(!status_failed(db_transact(db, append, &work)));
    EXPECT(fixture_number(db, "SELECT MAX(events) FROM outbox") == 3);
    EXPECT(fixture_number(db, "SELECT CAST(SUM(events) AS SIGNED) FROM outbox") == 8);
    arena_deinit(&work.arena);
    db_close(db);
}

static void an_event_too_large_for_its_column_is_refused(void)
{
    static char reason[20000];
    Jumun__Event__V1__StockRelease release;
    Append work;
    Db *db = fixture_open();

    (void)memset(reason, 'x', sizeof reason - 1);
    jumun__event__v1__stock_release__init(&release);
    release.reason = reason;
    OutboxEvent events[] = { event_of(1, NULL), event_of(2, &release.base) };
    fixture_run(db, create);
    init_append(&work, events, 2);
    EXPECT(db_transact(db, append, &work).code == STATUS_INVALID_ARGUMENT);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM outbox") == 0);
    arena_deinit(&work.arena);
    db_close(db);
}

typedef struct Hear {
    EventId events[MANY];
    size_t count;
} Hear;

static Status hear(void *context, Db *db)
{
    const Hear *heard = context;

    return inbox_append(db, heard->events, heard->count, 1764066030123456);
}

static void an_event_enters_the_inbox_once(void)
{
    static Hear heard = { .count = MANY };
    static bool seen[MANY];
    Hear repeat = { .events = { { 5000 }, { 77 }, { 5001 } }, .count = 3 };
    Db *db = fixture_open();

    for (size_t i = 0; i < MANY; i++) {
        heard.events[i].value = i;
    }
    fixture_run(db, create);
    EXPECT(!status_failed(db_transact(db, hear, &heard)));
    EXPECT(db_transact(db, hear, &repeat).code == STATUS_ALREADY_EXISTS);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM inbox") == MANY);
    EXPECT(!status_failed(inbox_find(db, repeat.events, 3, seen)));
    EXPECT(!seen[0] && seen[1] && !seen[2]);
    for (size_t i = 0; i < MANY; i++) { /* every second one is known */
        heard.events[i].value = i * 2;
    }
    EXPECT(!status_failed(inbox_find(db, heard.events, MANY, seen)));
    for (size_t i = 0; i < MANY; i++) {
        EXPECT(seen[i] == (i * 2 < MANY));
    }
    db_close(db);
}

static void the_same_event_twice_in_one_call_is_a_duplicate_too(void)
{
    Hear heard = { .events = { { 1 }, { 2 }, { 1 } }, .count = 3 };
    Db *db = fixture_open();

    fixture_run(db, create);
    EXPECT(db_transact(db, hear, &heard).code == STATUS_ALREADY_EXISTS);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM inbox") == 0);
    db_close(db);
}

static void purging_takes_the_old_rows_a_thousand_at_a_time(void)
{
    const int64_t now_us = INT64_C(1764066030000000);
    EventId events[DB_ROWS_MAX];
    EventId late[] = { { id_floor(now_us - 100 * US_PER_S) } };
    EventId fresh[] = { { id_floor(now_us) } };
    Db *db = fixture_open();
    uint64_t deleted = 0;

    for (size_t i = 0; i < DB_ROWS_MAX; i++) {
        events[i].value = id_floor(now_us - 90 * US_PER_S) + i;
    }
    fixture_run(db, create);
    EXPECT(!status_failed(inbox_append(db, events, DB_ROWS_MAX, now_us - 80 * US_PER_S)));
    EXPECT(!status_failed(inbox_append(db, late, 1, now_us))); /* made long before it came */
    EXPECT(!status_failed(inbox_append(db, fresh, 1, now_us)));
    EXPECT(!status_failed(inbox_purge(db, now_us - 85 * US_PER_S, &deleted)));
    EXPECT(deleted == 0);
    EXPECT(!status_failed(inbox_purge(db, now_us - 60 * US_PER_S, &deleted)));
    EXPECT(deleted == 1000);
    EXPECT(!status_failed(inbox_purge(db, now_us - 60 * US_PER_S, &deleted)));
    EXPECT(deleted == 24);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM inbox") == 2);
    db_close(db);
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(outbox_rows_hold_every_event_whole_and_in_order),
        TEST(each_queue_has_its_own_rows),
        TEST(rows_stay_within_their_column),
        TEST(outbox_rows_go_with_their_transaction),
        TEST(an_event_too_large_for_its_column_is_refused),
        TEST(an_event_enters_the_inbox_once),
        TEST(the_same_event_twice_in_one_call_is_a_duplicate_too),
        TEST(purging_takes_the_old_rows_a_thousand_at_a_time),
    };

    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
