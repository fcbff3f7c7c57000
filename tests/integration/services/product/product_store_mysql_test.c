/* The contracts of ProductStore on MariaDB and of StockGate on Redis. */
#undef NDEBUG
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/redis/redis.h"
#include "services/product/adapters/mysql_product_store.h"
#include "services/product/adapters/redis_stock_gate.h"
#include "services/product/app/change_products.h"
#include "tests/contract/services/product/product_store_contract.h"
#include "tests/integration/common/mysql/mysql_fixture.h"
#include "tests/support/service_schema.h"

static const char *redis_url;
static Db *db;
static IdSource ids;
static ProductStore *store;
static StockGate *gate;

static void begin(void)
{
    db = fixture_open();
    service_schema_make(db, "product", "0001_init");
    id_source_init(&ids, clock_system(), 64);
    EXPECT(!status_failed(mysql_product_store_open(fixture_url(), &ids, clock_system(), &store)));
    EXPECT(!status_failed(redis_stock_gate_open(redis_url, &gate)));
}

static void end(void)
{
    redis_stock_gate_close(gate);
    mysql_product_store_close(store);
    db_close(db);
}

static void the_contract_holds(void)
{
    begin();
    product_store_contract(store, gate);
    /* I3: the ledger tells how much there is. */
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM stock s LEFT JOIN (SELECT product_id, "
                              "SUM(on_hand_delta) h FROM stock_ledger GROUP BY product_id) l "
                              "USING (product_id) WHERE s.on_hand <> COALESCE(l.h, 0)") == 0);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM product p LEFT JOIN stock s USING (product_id) "
                              "WHERE s.product_id IS NULL") == 0);
    end();
}

static void what_is_reserved_cannot_be_taken_off(void)
{
    const RequestKey no_key = { .size = 0 };
    Product product = { .id = { 7 }, .name = "held", .price = { 5 }, .on_hand = 5 };
    unsigned faults;

    begin();
    Catalog catalog = { store, gate };
    EXPECT(!status_failed(create_product(&catalog, &product, &no_key, &faults)));
    fixture_run(db, "UPDATE stock SET reserved = 3 WHERE product_id = 7;");
    EXPECT(decrease_stock(&catalog, product.id, 3, &no_key, &product, &faults).code ==
           STATUS_FAILED_PRECONDITION);
    EXPECT(!status_failed(decrease_stock(&catalog, product.id, 2, &no_key, &product, &faults)));
    EXPECT(product.on_hand == 3);
    EXPECT(product.reserved == 3);
    end();
}

static void redis_do(const char *const *words, size_t count)
{
    Redis *redis = NULL;
    const RedisReply *replies;
    size_t reply_count;

    EXPECT(!status_failed(redis_open(redis_url, 1000, &redis)));
    redis_append(redis, count, words, NULL);
    EXPECT(!status_failed(redis_run(redis, &replies, &reply_count)));
    redis_close(redis);
}

static void the_gate_is_read_and_forgotten(void)
{
    ProductId product = { 900719925474099 };
    const char *set[] = { "SET", "stock:{900719925474099}", "-3" };
    const char *spoil[] = { "SET", "stock:{900719925474099}", "many" };
    bool known = true;
    int64_t units = 0;

    begin();
    EXPECT(!status_failed(gate->ops->forget(gate, product)));
    EXPECT(!status_failed(gate->ops->peek(gate, product, &known, &units)));
    EXPECT(!known);
    redis_do(set, 3);
    EXPECT(!status_failed(gate->ops->peek(gate, product, &known, &units)));
    EXPECT(known);
    EXPECT(units == -3);
    redis_do(spoil, 3);
    EXPECT(!status_failed(gate->ops->peek(gate, product, &known, &units)));
    EXPECT(!known);
    EXPECT(!status_failed(gate->ops->forget(gate, product)));
    end();
}

static void on_abort(int number)
{
    (void)number;
    fixture_failed("contract", 0, "assertion");
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(the_contract_holds),
        TEST(what_is_reserved_cannot_be_taken_off),
        TEST(the_gate_is_read_and_forgotten),
    };

    redis_url = getenv("JUMUN_TEST_REDIS_URL"); /* NOLINT(concurrency-mt-unsafe): no threads yet */
    if (redis_url == NULL) {
        printf("SKIPPED: JUMUN_TEST_REDIS_URL is not set\n");
        return 77;
    }
    (void)signal(SIGABRT, on_abort);
    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
