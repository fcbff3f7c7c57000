/* The MySQL order store keeps the contract, and what only a database can promise: races
 * of two processes, rights, the audit's statements. */
#undef NDEBUG
#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/order/adapters/mysql_order_reads.h"
#include "services/order/adapters/mysql_order_store.h"
#include "tests/contract/services/order/order_store_contract.h"
#include "tests/integration/common/mysql/mysql_fixture.h"
#include "tests/support/service_schema.h"

static IdSource ids;

static void make_schema(void)
{
    Db *db = fixture_open();

    service_schema_make(db, "order", "0001_init");
    db_close(db);
}

static OrderStore *open_store(void)
{
    OrderStore *store = NULL;

    EXPECT(!status_failed(mysql_order_store_open(fixture_url(), &ids, &store)));
    return store;
}

/* The statements of shared/reliability.md, section 4, that look at order_db alone. */
static void expect_sound(void)
{
    static const char *const statements[] = {
        "SELECT COUNT(*) FROM (SELECT order_id FROM idempotency_key WHERE route = '/orders'"
        " AND order_id IS NOT NULL GROUP BY 1 HAVING COUNT(*) > 1) x",
        "SELECT COUNT(*) FROM (SELECT o.order_id FROM orders o JOIN (SELECT order_id,"
        " SUM(line_total) t, SUM(quantity*unit_price) u,"
        " SUM((quantity-refunded_quantity)*unit_price) k FROM orders_detail GROUP BY order_id) d"
        " USING (order_id) WHERE o.total <> d.t OR d.t <> d.u) x",
        "SELECT COUNT(*) FROM (SELECT order_id FROM orders_event GROUP BY order_id"
        " HAVING MIN(seq) <> 1 OR MAX(seq) <> COUNT(*)) x",
        "SELECT COUNT(*) FROM (SELECT order_id FROM (SELECT order_id, seq, from_status f,"
        " to_status t, LAG(to_status) OVER w p, LEAD(seq) OVER w n FROM orders_event"
        " WINDOW w AS (PARTITION BY order_id ORDER BY seq)) e JOIN orders o USING (order_id)"
        " WHERE NOT (f <=> p) OR (n IS NULL AND t <> o.status)) x",
        "SELECT COUNT(*) FROM orders o JOIN (SELECT order_id, MAX(seq) s FROM orders_event"
        " GROUP BY order_id) e USING (order_id) WHERE o.last_seq <> e.s OR o.version <> e.s",
        "SELECT COUNT(*) FROM orders WHERE status IN ('COMPLETED','CANCELLED','EXPIRED')"
        " AND payment_token IS NOT NULL",
    };
    Db *db = fixture_open();

    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        EXPECT(fixture_number(db, statements[i]) == 0);
    }
    db_close(db);
}

static const OrderStoreCase *current;

static void run_case(void)
{
    make_schema();
    OrderStore *store = open_store();
    OrderStore *other = open_store();
    current->run(store, other);
    mysql_order_store_close(store);
    mysql_order_store_close(other);
    expect_sound();
}

/* -- samples -- */

static const OrderRules rules = { "KRW", 900 * US_PER_S, 1, 10 * US_PER_S };

typedef struct Sample {
    OrderLine lines[2];
    Order order;
    RequestKey key;
    char text[32];
} Sample;

static NewOrder make_sample(Sample *sample, uint64_t id, uint64_t member, const char *key)
{
    for (size_t i = 0; i < 2; i++) {
        sample->lines[i] = (OrderLine){
            .product = { i + 1 }, .name = "tea", .quantity = 2, .unit_price = { 150 }
        };
    }
    sample->order = (Order){ .id = { id },
                             .member = { member },
                             .payment_token = "",
                             .trace_parent = "",
                             .lines = sample->lines,
                             .line_count = 2 };
    (void)snprintf(sample->text, sizeof sample->text, "%s", key);
    sample->key = (RequestKey){ { member }, sample->text, { 1 } };
    EXPECT(!status_failed(order_place(&sample->order, &rules, id_time_us(id))));
    return (NewOrder){ &sample->order, &sample->key };
}

/* -- two processes -- */

enum {
    RACES = 40,
    RACE_BATCH = 16
};

typedef struct Racer {
    uint64_t first_id;
    bool backwards;
    pthread_barrier_t *start;
    int wins;
} Racer;

static void *race(void *context)
{
    Racer *racer = context;
    OrderStore *store = open_store();
    Sample samples[RACE_BATCH];
    NewOrder orders[RACE_BATCH];

    for (uint64_t round = 0; round < RACES; round++) {
        for (size_t i = 0; i < RACE_BATCH; i++) {
            size_t at = racer->backwards ? RACE_BATCH - 1 - i : i;
            char key[32];

            (void)snprintf(key, sizeof key, "k-%d-%zu", (int)round, at);
            orders[i] = make_sample(&samples[i], racer->first_id + round * RACE_BATCH + i, 7, key);
        }
        (void)pthread_barrier_wait(racer->start);
        Status status = store->ops->append(store, orders, RACE_BATCH);
        EXPECT(!status_failed(status) || status.code == STATUS_ALREADY_EXISTS);
        racer->wins += !status_failed(status);
    }
    mysql_order_store_close(store);
    return NULL;
}

static void lets_one_of_two_processes_win_each_race(void)
{
    pthread_barrier_t start;
    pthread_t threads[2];
    uint64_t base = id_floor(clock_wall_us(clock_system()));
    Racer racers[] = { { base, false, &start, 0 }, { base + 100000, true, &start, 0 } };

    make_schema();
    pthread_barrier_init(&start, NULL, 2);
    for (size_t i = 0; i < 2; i++) {
        EXPECT(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
    }
    for (size_t i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&start);
    EXPECT(racers[0].wins + racers[1].wins == RACES);
    Db *db = fixture_open();
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM orders") == (int64_t)RACES * RACE_BATCH);
    EXPECT(fixture_number(db, "SELECT CAST(SUM(events) AS SIGNED) FROM outbox") ==
           (int64_t)RACES * RACE_BATCH);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM orders_detail") ==
           (int64_t)RACES * RACE_BATCH * 2);
    db_close(db);
    expect_sound();
}

/* -- rights, schema -- */

static void may_only_add_to_the_timeline(void)
{
    char url[512];
    char text[1024];
    Db *root = fixture_open();
    Sample sample;
    OrderStore *store = NULL;

    make_schema();
    (void)snprintf(text, sizeof text,
                   "CREATE OR REPLACE USER 'jumun_t_order'@'127.0.0.1';"
                   "GRANT SELECT, INSERT ON %s.orders_event TO 'jumun_t_order'@'127.0.0.1';"
                   "GRANT SELECT ON %s.schema_migration TO 'jumun_t_order'@'127.0.0.1';",
                   fixture_schema(), fixture_schema());
    fixture_run(root, text);
    static const char *const tables[] = { "orders", "orders_detail", "idempotency_key", "outbox",
                                          "inbox" };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        (void)snprintf(text, sizeof text,
                       "GRANT SELECT, INSERT, UPDATE, DELETE ON %s.%s TO"
                       " 'jumun_t_order'@'127.0.0.1';",
                       fixture_schema(), tables[i]);
        fixture_run(root, text);
    }
    fixture_url_of("jumun_t_order", url, sizeof url);
    EXPECT(!status_failed(mysql_order_store_open(url, &ids, &store)));
    NewOrder order = make_sample(&sample, id_floor(clock_wall_us(clock_system())), 7, "k");
    EXPECT(!status_failed(store->ops->append(store, &order, 1)));
    mysql_order_store_close(store);

    Db *db = NULL;
    EXPECT(!status_failed(db_open(url, &db)));
    Status status = db_execute(db, "UPDATE orders_event SET detail = 'x'", NULL, 0, NULL);
    EXPECT(status.code == STATUS_PERMISSION_DENIED);
    status = db_execute(db, "DELETE FROM orders_event", NULL, 0, NULL);
    EXPECT(status.code == STATUS_PERMISSION_DENIED);
    db_close(db);
    fixture_run(root, "DROP USER 'jumun_t_order'@'127.0.0.1';");
    db_close(root);
}

static void waits_for_a_schema_it_knows(void)
{
    OrderStore *store = open_store();
    Sample sample;

    NewOrder order = make_sample(&sample, id_floor(clock_wall_us(clock_system())), 7, "k");
    EXPECT(store->ops->append(store, &order, 1).code == STATUS_UNAVAILABLE);
    make_schema();
    EXPECT(!status_failed(store->ops->append(store, &order, 1)));
    mysql_order_store_close(store);
}

/* -- the sweep -- */

enum {
    PAST_FROM = 1000,
    UNPAID_FROM = 30000
};

/* Rows that the server has read for anybody. */
static int64_t rows_read(Db *db)
{
    return fixture_number(db, "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED)"
                              " FROM information_schema.GLOBAL_STATUS"
                              " WHERE VARIABLE_NAME LIKE 'HANDLER_READ%'");
}

/* Many copies of an order, with the ids from + 1 and on, in that state and so `open`. */
static void copy_order(Db *db, OrderId order, unsigned from, const char *state, int open)
{
    char sql[2048];

    (void)snprintf(
        sql, sizeof sql,
        "SET @order = %" PRIu64 ", @from = %u, @state = '%s';"
        "INSERT INTO orders SELECT @from + s.seq, member_id, @state, '', total, currency,"
        " item_count, 0, 0, NULL, '', hold_expires_at, created_at,"
        " updated_at - INTERVAL 1 MINUTE, 1, 1, %d"
        " FROM orders JOIN seq_1_to_20000 s WHERE order_id = @order;"
        "INSERT INTO orders_detail SELECT @from + s.seq, line_no, product_id, name,"
        " quantity, unit_price, line_total, 0, 0"
        " FROM orders_detail JOIN seq_1_to_20000 s WHERE order_id = @order;"
        "INSERT INTO orders_event SELECT @from + s.seq, 1, at, service, type,"
        " from_status, @state, '', ''"
        " FROM orders_event JOIN seq_1_to_20000 s WHERE order_id = @order;",
        order.value, from, state, open);
    fixture_run(db, sql);
}

/* Many orders that were open and are over now, as under load: an index entry of each is
 * still there, as a reader may want it. This misleads the planner. And as many that wait for
 * their members. */
static void make_crowd(Db *db, Db *reader, OrderId order)
{
    copy_order(db, order, PAST_FROM, "COMPLETED", 1);
    copy_order(db, order, UNPAID_FROM, "RESERVED", 2);
    fixture_run(db, "ANALYZE TABLE orders, orders_detail, orders_event;");
    fixture_run(reader, "START TRANSACTION WITH CONSISTENT SNAPSHOT;");
    fixture_run(db, "UPDATE orders SET `open` = NULL WHERE status = 'COMPLETED';");
}

static void finds_what_is_due_without_reading_what_is_over_or_waits_for_its_member(void)
{
    enum {
        TURNS = 10,
        ROWS_MAX = 10000 /* half of a single look at all */
    };
    static const OrderEvent kinds[] = { ORDER_HOLD_OVER, ORDER_LOST, ORDER_STALLED };
    Sample sample;
    ProductId products[] = { { 1 }, { 2 }, { 3 } };
    int64_t units[3];
    OrderId found[8];
    int64_t now_us = clock_wall_us(clock_system());

    make_schema();
    OrderStore *store = open_store();
    NewOrder order = make_sample(&sample, id_floor(now_us), 7, "k");
    EXPECT(!status_failed(store->ops->append(store, &order, 1)));
    Db *db = fixture_open();
    Db *reader = fixture_open();
    make_crowd(db, reader, order.order->id);
    int64_t before = rows_read(db);
    for (int turn = 0; turn < TURNS; turn++) {
        EXPECT(!status_failed(store->ops->pending_units(store, products, 3, units)));
        EXPECT(units[0] == 2 && units[1] == 2 && units[2] == 0);
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            /* Of holds only those are looked at that are old enough. */
            uint64_t below = kinds[i] == ORDER_HOLD_OVER ? UNPAID_FROM : UINT64_MAX;
            OrderDue due = { kinds[i], now_us - 10 * US_PER_S, below, 8, now_us };
            size_t count = 0;
            EXPECT(!status_failed(store->ops->find_due(store, &due, found, &count)));
            EXPECT(count == 0);
        }
    }
    EXPECT(rows_read(db) - before < ROWS_MAX);
    db_close(reader);
    db_close(db);
    mysql_order_store_close(store);
}

/* -- reads -- */

static void lists_and_tells_only_what_the_reader_may_see(void)
{
    Sample samples[6];
    NewOrder orders[6];
    Arena arena;
    OrderReads *reads = NULL;
    Order *found = NULL;
    OrderEntry *entries = NULL;
    size_t count = 0;
    int64_t now_us = clock_wall_us(clock_system()) / US_PER_S * US_PER_S;
    OrderReader seven = { { 7 }, false };
    OrderReader admin = { { 1 }, true };

    make_schema();
    arena_init(&arena, (size_t)64 * 1024, (size_t)1024 * 1024);
    OrderStore *store = open_store();
    for (size_t i = 0; i < 6; i++) {
        char key[8];

        (void)snprintf(key, sizeof key, "k%zu", i);
        orders[i] =
            make_sample(&samples[i], id_floor(now_us + (int64_t)i * US_PER_S), i < 4 ? 7 : 8, key);
    }
    EXPECT(!status_failed(store->ops->append(store, orders, 6)));
    EXPECT(!status_failed(mysql_order_reads_open(fixture_url(), &reads)));

    OrderFilter filter = { .limit = 3 };
    EXPECT(!status_failed(reads->ops->list(reads, &arena, &seven, &filter, &found, &count)));
    EXPECT(count == 3 && found[0].id.value == samples[3].order.id.value);
    EXPECT(found[2].id.value == samples[1].order.id.value && found[0].item_count == 4);
    filter.below = found[2].id;
    EXPECT(!status_failed(reads->ops->list(reads, &arena, &seven, &filter, &found, &count)));
    EXPECT(count == 1 && found[0].id.value == samples[0].order.id.value);
    filter = (OrderFilter){ .limit = 100 };
    EXPECT(!status_failed(reads->ops->list(reads, &arena, &admin, &filter, &found, &count)));
    EXPECT(count == 6);
    filter.from_us = now_us + 1 * US_PER_S;
    filter.to_us = now_us + 5 * US_PER_S;
    EXPECT(!status_failed(reads->ops->list(reads, &arena, &admin, &filter, &found, &count)));
    EXPECT(count == 4 && found[0].id.value == samples[4].order.id.value);
    const int64_t far_us[] = { INT64_C(6156000000000000), INT64_MAX }; /* 2165, and never */
    for (size_t i = 0; i < 2; i++) {
        filter = (OrderFilter){ .limit = 100, .to_us = far_us[i] };
        EXPECT(!status_failed(reads->ops->list(reads, &arena, &admin, &filter, &found, &count)));
        EXPECT(count == 6);
        filter = (OrderFilter){ .limit = 100, .from_us = far_us[i] };
        EXPECT(!status_failed(reads->ops->list(reads, &arena, &admin, &filter, &found, &count)));
        EXPECT(count == 0);
    }
    filter = (OrderFilter){ .limit = 100, .state = ORDER_COMPLETED };
    EXPECT(!status_failed(reads->ops->list(reads, &arena, &admin, &filter, &found, &count)));
    EXPECT(count == 0);
    filter = (OrderFilter){ .limit = 100, .only = samples[5].order.id };
    EXPECT(!status_failed(reads->ops->list(reads, &arena, &seven, &filter, &found, &count)));
    EXPECT(count == 0);
    EXPECT(!status_failed(reads->ops->list(reads, &arena, &admin, &filter, &found, &count)));
    EXPECT(count == 1);

    OrderId id = samples[5].order.id;
    EXPECT(!status_failed(reads->ops->timeline(reads, &arena, &seven, id, &entries, &count)));
    EXPECT(count == 0);
    EXPECT(!status_failed(reads->ops->timeline(reads, &arena, &admin, id, &entries, &count)));
    EXPECT(count == 1 && entries[0].seq == 1 && entries[0].from == 0);
    EXPECT(entries[0].to == ORDER_PENDING && strcmp(entries[0].type, "order.placed") == 0);
    EXPECT(entries[0].at_us == samples[5].order.created_at_us);
    mysql_order_reads_close(reads);
    mysql_order_store_close(store);
    arena_deinit(&arena);
}

static void lists_the_few_orders_in_an_open_state_and_those_to_look_at(void)
{
    Sample samples[3];
    NewOrder orders[3];
    Arena arena;
    OrderReads *reads = NULL;
    Order *found = NULL;
    size_t count = 0;
    int64_t now_us = clock_wall_us(clock_system());
    OrderReader admin = { { 1 }, true };

    make_schema();
    arena_init(&arena, (size_t)64 * 1024, (size_t)1024 * 1024);
    OrderStore *store = open_store();
    Db *db = fixture_open();
    for (size_t i = 0; i < 3; i++) {
        char key[8];

        (void)snprintf(key, sizeof key, "k%zu", i);
        orders[i] = make_sample(&samples[i], id_floor(now_us + (int64_t)i * US_PER_S), 7, key);
    }
    EXPECT(!status_failed(store->ops->append(store, orders, 3)));
    fixture_run(db,
                "UPDATE orders SET status = 'NEEDS_REVIEW', `open` = 3 ORDER BY order_id LIMIT 1;");
    EXPECT(!status_failed(mysql_order_reads_open(fixture_url(), &reads)));

    OrderFilter filter = { .limit = 100, .state = ORDER_PENDING };
    EXPECT(!status_failed(reads->ops->list(reads, &arena, &admin, &filter, &found, &count)));
    EXPECT(count == 2 && found[0].id.value == samples[2].order.id.value && found[0].open);
    filter.state = ORDER_NEEDS_REVIEW;
    EXPECT(!status_failed(reads->ops->list(reads, &arena, &admin, &filter, &found, &count)));
    EXPECT(count == 1 && found[0].id.value == samples[0].order.id.value && !found[0].open);
    filter.state = ORDER_RESERVED;
    EXPECT(!status_failed(reads->ops->list(reads, &arena, &admin, &filter, &found, &count)));
    EXPECT(count == 0);
    mysql_order_reads_close(reads);
    mysql_order_store_close(store);
    db_close(db);
    arena_deinit(&arena);
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(lets_one_of_two_processes_win_each_race),
        TEST(may_only_add_to_the_timeline),
        TEST(waits_for_a_schema_it_knows),
        TEST(lists_the_few_orders_in_an_open_state_and_those_to_look_at),
        TEST(finds_what_is_due_without_reading_what_is_over_or_waits_for_its_member),
        TEST(lists_and_tells_only_what_the_reader_may_see),
    };
    int result = 0;

    id_source_init(&ids, clock_system(), 3);
    for (size_t i = 0; result == 0 && i < order_store_case_count; i++) {
        FixtureTest test = { order_store_cases[i].name, run_case };

        current = &order_store_cases[i];
        result = fixture_main(&test, 1);
    }
    return result != 0 ? result : fixture_main(tests, sizeof tests / sizeof tests[0]);
}
