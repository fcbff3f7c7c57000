/* The contracts of ProductStore on MariaDB and of StockGate on Redis. */
#undef NDEBUG
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/redis/redis.h"
#include "services/product/adapters/mysql_product_store.h"
#include "services/product/adapters/redis_stock_gate.h"
#include "services/product/app/change_products.h"
#include "tests/contract/services/product/product_store_contract.h"
#include "tests/contract/services/product/stock_gate_contract.h"
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

static void put(void *context, ProductId product, int64_t units)
{
    char key[64];
    char number[32];

    (void)context;
    (void)snprintf(key, sizeof key, "stock:{%" PRIu64 "}", product.value);
    (void)snprintf(number, sizeof number, "%" PRId64, units);
    redis_do((const char *[]){ "SET", key, number }, 3);
}

static void the_contract_of_the_gate_holds(void)
{
    begin();
    stock_gate_contract(&(StockGateSubject){ gate, put, NULL });
    end();
}

static void the_gate_does_not_know_what_it_cannot_read(void)
{
    static const char *const spoiled[] = { "many", "", "1x", "99999999999999999999" };
    ProductId product = { 900719925474099 };

    begin();
    for (size_t i = 0; i < sizeof spoiled / sizeof spoiled[0]; i++) {
        bool known = true;
        int64_t units = 77;

        redis_do((const char *[]){ "SET", "stock:{900719925474099}", spoiled[i] }, 3);
        EXPECT(!status_failed(gate->ops->peek(gate, product, &known, &units)));
        EXPECT(!known);
        EXPECT(units == 77);
    }
    EXPECT(!status_failed(gate->ops->forget(gate, product)));
    end();
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(the_contract_holds),
        TEST(what_is_reserved_cannot_be_taken_off),
        TEST(the_contract_of_the_gate_holds),
        TEST(the_gate_does_not_know_what_it_cannot_read),
    };

    redis_url = getenv("JUMUN_TEST_REDIS_URL"); /* NOLINT(concurrency-mt-unsafe): no threads yet */
    if (redis_url == NULL) {
        printf("SKIPPED: JUMUN_TEST_REDIS_URL is not set\n");
        return 77;
    }
    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
