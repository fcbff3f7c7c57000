/* The contract of StockStore on MariaDB, and two consumers that compete. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "jumun/event/v1/event.pb-c.h"
#include "services/product/adapters/mysql_stock_store.h"
#include "services/product/app/apply_stock.h"
#include "tests/contract/services/product/stock_store_contract.h"
#include "tests/integration/common/mysql/mysql_fixture.h"
#include "tests/support/outbox_reader.h"
#include "tests/support/service_schema.h"

static Db *db;
static IdSource ids;

static StockStore *open_store(void)
{
    StockStore *store = NULL;

    EXPECT(!status_failed(mysql_stock_store_open(fixture_url(), &ids, clock_system(), &store)));
    return store;
}

static void begin(void)
{
    db = fixture_open();
    service_schema_make(db, "product", "0001_init");
    id_source_init(&ids, clock_system(), 64);
}

static void put(void *context, ProductId product, int64_t on_hand)
{
    const DbValue values[] = { db_uint(product.value), db_int(on_hand) };

    (void)context;
    EXPECT(!status_failed(
        db_execute(db, "INSERT INTO stock (product_id, on_hand, reserved) VALUES (?, ?, 0)", values,
                   2, NULL)));
}

static Status take_stock(void *context, const DbRow *row)
{
    Stock *stock = context;

    stock->on_hand = db_row_int(row, 0);
    stock->reserved = db_row_int(row, 1);
    return status_ok();
}

static Stock stock_of(void *context, ProductId product)
{
    const DbValue id = db_uint(product.value);
    Stock stock = { .product = product, .on_hand = -1 };

    (void)context;
    EXPECT(!status_failed(db_query(db, "SELECT on_hand, reserved FROM stock WHERE product_id = ?",
                                   &id, 1, take_stock, &stock)));
    return stock;
}

static int64_t held(void *context, OrderId order, ProductId product)
{
    const DbValue values[] = { db_uint(order.value), db_uint(product.value) };

    (void)context;
    return fixture_number_of(db,
                             "SELECT CAST(SUM(reserved_delta) AS SIGNED) FROM stock_ledger "
                             "WHERE order_id = ? AND product_id = ?",
                             values, 2);
}

typedef struct Drain {
    OutboxAnswer *answers;
    size_t count;
    size_t max;
} Drain;

static Status take_answer(void *context, const char *queue, const Jumun__Event__V1__Event *event)
{
    Drain *drain = context;
    OutboxAnswer *answer = &drain->answers[drain->count++];

    EXPECT(drain->count <= drain->max);
    EXPECT(strcmp(queue, "order.replies") == 0);
    *answer = (OutboxAnswer){ .order = { event->order_id } };
    (void)snprintf(answer->type, sizeof answer->type, "%s", event->type);
    if (strcmp(event->type, "stock.rejected") == 0) {
        Jumun__Event__V1__StockRejected *rejected =
            jumun__event__v1__stock_rejected__unpack(NULL, event->payload.len, event->payload.data);
        EXPECT(rejected != NULL);
        answer->item_count = rejected->n_items;
        answer->item_product = rejected->n_items > 0 ? rejected->items[0]->product_id : 0;
        answer->item_available = rejected->n_items > 0 ? rejected->items[0]->available : 0;
        jumun__event__v1__stock_rejected__free_unpacked(rejected, NULL);
    }
    return status_ok();
}

static size_t drain(void *context, OutboxAnswer *ret_answers, size_t max)
{
    Drain taken = { ret_answers, 0, max };

    (void)context;
    EXPECT(!status_failed(outbox_drain(db, take_answer, &taken)));
    return taken.count;
}

/* I1 and I3: the books add up. */
static void expect_sound_books(void)
{
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM stock WHERE on_hand < 0 OR reserved < 0 OR "
                              "reserved > on_hand") == 0);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM stock s LEFT JOIN (SELECT product_id, "
                              "SUM(reserved_delta) r FROM stock_ledger GROUP BY product_id) l "
                              "USING (product_id) WHERE s.reserved <> COALESCE(l.r, 0)") == 0);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM (SELECT order_id FROM stock_ledger WHERE "
                              "order_id IS NOT NULL GROUP BY order_id, product_id HAVING "
                              "SUM(reserved_delta) < 0) x") == 0);
}

static void the_contract_holds(void)
{
    begin();
    StockStore *store = open_store();
    StockWorld world = { store, NULL, put, stock_of, held, drain };

    stock_store_contract(&world);
    expect_sound_books();
    mysql_stock_store_close(store);
    db_close(db);
}

enum {
    CONSUMER_ORDERS = 200,
    CONSUMERS = 3,
    UNITS = 150,
};

/* All consumers get all orders, as if each message had been delivered to each. */
static void *consume(void *context)
{
    StockStore *store = open_store();
    StockWork *work = stock_work_open();
    uint64_t shift = *(const uint64_t *)context;

    for (size_t done = 0; done < CONSUMER_ORDERS; done += 20) {
        StockLine lines[20][2];
        StockCommand commands[20];
        StockCommand *pointers[20];
        for (size_t i = 0; i < 20; i++) {
            uint64_t number = (done + i + shift) % CONSUMER_ORDERS;
            lines[i][0] = (StockLine){ .product = { 1 }, .quantity = 1 };
            lines[i][1] = (StockLine){ .product = { 2 }, .quantity = 1 };
            commands[i] = (StockCommand){ .event = { 1000 + number },
                                          .order = { 5000 + number },
                                          .kind = STOCK_RESERVE,
                                          .lines = lines[i],
                                          .line_count = 2,
                                          .trace_parent = "" };
            pointers[i] = &commands[i];
        }
        size_t left = 20;
        while (left > 0) {
            apply_stock(store, work, pointers, left);
            size_t kept = 0;
            for (size_t i = 0; i < left; i++) {
                if (status_failed(pointers[i]->status)) {
                    EXPECT(pointers[i]->status.code == STATUS_ABORTED);
                    pointers[kept++] = pointers[i];
                }
            }
            left = kept;
        }
    }
    stock_work_close(work);
    mysql_stock_store_close(store);
    return NULL;
}

static void three_consumers_never_oversell_nor_repeat(void)
{
    uint64_t shifts[CONSUMERS] = { 0, 7, 100 };

    begin();
    put(NULL, (ProductId){ 1 }, UNITS);
    put(NULL, (ProductId){ 2 }, CONSUMER_ORDERS);
    fixture_run_together(consume, shifts, CONSUMERS);
    EXPECT(stock_of(NULL, (ProductId){ 1 }).reserved == UNITS);
    EXPECT(stock_of(NULL, (ProductId){ 2 }).reserved == UNITS);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM inbox") == CONSUMER_ORDERS);
    EXPECT(fixture_number(db, "SELECT CAST(SUM(events) AS SIGNED) FROM outbox") == CONSUMER_ORDERS);
    EXPECT(outbox_count(db, "stock.reserved") == UNITS);
    expect_sound_books();
    db_close(db);
}

static void a_schema_that_is_not_known_keeps_commands_waiting(void)
{
    StockLine line = { .product = { 1 }, .quantity = 1 };
    StockCommand command = { .event = { 1 },
                             .order = { 1 },
                             .kind = STOCK_RESERVE,
                             .lines = &line,
                             .line_count = 1,
                             .trace_parent = "" };
    StockCommand *commands[] = { &command };

    begin();
    fixture_run(db,
                "INSERT INTO schema_migration (version, name, checksum) VALUES (2, 'next', 0);");
    StockStore *store = open_store();
    StockWork *work = stock_work_open();
    apply_stock(store, work, commands, 1);
    EXPECT(command.status.code == STATUS_UNAVAILABLE);
    fixture_run(db, "DELETE FROM schema_migration WHERE version = 2;");
    apply_stock(store, work, commands, 1);
    EXPECT(command.status.code == STATUS_NOT_FOUND);
    stock_work_close(work);
    mysql_stock_store_close(store);
    db_close(db);
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(the_contract_holds),
        TEST(three_consumers_never_oversell_nor_repeat),
        TEST(a_schema_that_is_not_known_keeps_commands_waiting),
    };
    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
