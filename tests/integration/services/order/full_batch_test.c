/* full_batch_test.c - as many orders as a batch may have, each of as many lines as an order
 * may have, of the longest names and the largest numbers, through the use case, on the real
 * store and the real gate. Uses and empties database 6 of the server named by
 * JUMUN_TEST_REDIS_URL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/order/adapters/mysql_order_store.h"
#include "services/order/adapters/redis_stock_gate.h"
#include "services/order/app/place_orders.h"
#include "tests/integration/common/mysql/mysql_fixture.h"
#include "tests/support/outbox_reader.h"
#include "tests/support/redis_command.h"
#include "tests/support/service_schema.h"

enum {
    ORDERS = PLACE_ORDERS_MAX,
    LINES = ORDER_LINES_MAX,
    PRODUCTS = 128, /* more than an order names, so that each order names others */
    SPARE = 5,      /* units of each that nobody orders */
    NAME_CODE_POINTS = ORDER_NAME_MAX / 4,
};

#define FIRST_PRODUCT (ID_JSON_MAX - PRODUCTS)
#define ARENA_MAX     ((size_t)64 * 1024 * 1024)

typedef struct Item {
    PlaceOrder place;
    OrderLine lines[LINES];
    char key[REQUEST_KEY_MAX + 1];
} Item;

/* What places the batch, and what looks at it afterwards. */
static struct {
    PlaceOrders place;
    IdSource ids;
    Catalog catalog;
    Db *db;
    OrderStore *reader;
    Arena arena;
    Item items[ORDERS];
    Item repeats[ORDERS];
} world;

static char redis_url[512];
static char names[PRODUCTS][ORDER_NAME_MAX + 1];

/* -- what is ordered -- */

static size_t product_of(size_t order, size_t line)
{
    return (order + line) % PRODUCTS;
}

static uint32_t quantity_of(size_t order, size_t line)
{
    return ORDER_QUANTITY_MAX - (uint32_t)((7 * order + line) % 10);
}

static int64_t price_of(size_t product)
{
    return 1000000 + (int64_t)product;
}

static int64_t total_of(size_t order)
{
    int64_t total = 0;

    for (size_t j = 0; j < LINES; j++) {
        total += quantity_of(order, j) * price_of(product_of(order, j));
    }
    return total;
}

/* Units of the product in all orders, and how many orders name it. */
static int64_t units_of(size_t product, int64_t *ret_orders)
{
    int64_t units = 0;

    *ret_orders = 0;
    for (size_t i = 0; i < ORDERS; i++) {
        for (size_t j = 0; j < LINES; j++) {
            if (product_of(i, j) == product) {
                units += quantity_of(i, j);
                ++*ret_orders;
            }
        }
    }
    return units;
}

/* Of code points of four bytes, the last another one for each product. */
static void make_names(void)
{
    for (size_t p = 0; p < PRODUCTS; p++) {
        for (size_t i = 0; i < NAME_CODE_POINTS; i++) {
            memcpy(&names[p][4 * i], "\xF0\x9F\x8D\x80", 4);
        }
        names[p][ORDER_NAME_MAX - 2] = (char)(0x8C + p / 64);
        names[p][ORDER_NAME_MAX - 1] = (char)(0x80 + p % 64);
    }
}

static Status get_products(Catalog *catalog, Arena *arena, const ProductId *ids, size_t count,
                           CatalogProduct **ret_products, size_t *ret_count)
{
    int64_t orders;

    (void)catalog;
    *ret_products = arena_calloc(arena, count, sizeof **ret_products);
    EXPECT(*ret_products != NULL);
    for (size_t i = 0; i < count; i++) {
        size_t product = ids[i].value - FIRST_PRODUCT;

        EXPECT(product < PRODUCTS);
        (*ret_products)[i] = (CatalogProduct){ .id = ids[i],
                                               .name = names[product],
                                               .price = { price_of(product) },
                                               .available = units_of(product, &orders) + SPARE,
                                               .active = true };
    }
    *ret_count = count;
    return status_ok();
}

static void make_items(Item items[ORDERS])
{
    static char token[ORDER_TOKEN_MAX + 1];

    memset(token, 't', ORDER_TOKEN_MAX);
    for (size_t i = 0; i < ORDERS; i++) {
        Item *item = &items[i];
        PlaceOrder *place = &item->place;

        *item = (Item){ 0 };
        EXPECT(id_source_next(&world.ids, &place->order.id.value));
        place->order.member.value = ID_JSON_MAX - i;
        place->order.payment_token = token;
        place->order.trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        place->order.lines = item->lines;
        place->order.line_count = LINES;
        for (size_t j = 0; j < LINES; j++) {
            item->lines[j] = (OrderLine){ .product = { FIRST_PRODUCT + product_of(i, j) },
                                          .quantity = quantity_of(i, j),
                                          .position = (uint32_t)j };
        }
        (void)snprintf(item->key, sizeof item->key, "%0*zu", REQUEST_KEY_MAX, i);
        place->key = (RequestKey){ place->order.member, item->key, { (uint8_t)i } };
        place->deadline_us = INT64_MAX;
    }
}

/* -- open, place, close -- */

static void begin(void)
{
    static const CatalogOps catalog_ops = { get_products };

    redis_empty(redis_url);
    make_names();
    world.db = fixture_open();
    service_schema_make(world.db, "order", "0001_init");
    id_source_init(&world.ids, clock_system(), 3);
    world.catalog.ops = &catalog_ops;
    world.place = (PlaceOrders){ .catalog = &world.catalog,
                                 .clock = clock_system(),
                                 .rules = { "KRW", 900 * US_PER_S, 1, 10 * US_PER_S } };
    arena_init(&world.place.arena, PLACE_ORDERS_ARENA_BLOCK, PLACE_ORDERS_ARENA_MAX);
    arena_init(&world.arena, PLACE_ORDERS_ARENA_BLOCK, ARENA_MAX);
    EXPECT(!status_failed(mysql_order_store_open(fixture_url(), &world.ids, &world.place.store)));
    EXPECT(!status_failed(mysql_order_store_open(fixture_url(), &world.ids, &world.reader)));
    EXPECT(
        !status_failed(order_redis_gate_open(redis_url, clock_system(), NULL, &world.place.gate)));
}

static void end(void)
{
    order_redis_gate_close(world.place.gate);
    mysql_order_store_close(world.place.store);
    mysql_order_store_close(world.reader);
    arena_deinit(&world.place.arena);
    arena_deinit(&world.arena);
    db_close(world.db);
    redis_empty(redis_url);
}

static void place(Item items[ORDERS])
{
    PlaceOrder *list[ORDERS];

    make_items(items);
    for (size_t i = 0; i < ORDERS; i++) {
        list[i] = &items[i].place;
    }
    place_orders(&world.place, list, ORDERS);
}

/* -- looking -- */

/* It is the order of that index, whole. */
static void expect_order(const Order *order, size_t index)
{
    EXPECT(order != NULL && order->id.value == world.items[index].place.order.id.value);
    EXPECT(order->state == ORDER_PENDING && order->member.value == ID_JSON_MAX - index);
    EXPECT(order->total.minor == total_of(index));
    EXPECT(order->line_count == LINES);
    for (size_t j = 0; j < LINES; j++) {
        const OrderLine *line = &order->lines[j];
        size_t product = product_of(index, j);

        EXPECT(line->product.value == FIRST_PRODUCT + product);
        EXPECT(strcmp(line->name, names[product]) == 0);
        EXPECT(line->quantity == quantity_of(index, j));
        EXPECT(line->unit_price.minor == price_of(product));
        EXPECT(line->line_total.minor == line->quantity * price_of(product));
    }
}

static void expect_answers(Item items[ORDERS], bool replayed)
{
    for (size_t i = 0; i < ORDERS; i++) {
        const PlaceOrder *place = &items[i].place;

        if (status_failed(place->status)) {
            (void)fprintf(stderr, "order %zu: %s %s\n", i, status_code_name(place->status.code),
                          place->status.name);
        }
        EXPECT(!status_failed(place->status));
        EXPECT(place->replayed == replayed);
        expect_order(&place->order, i);
    }
}

static void expect_stored(void)
{
    OrderId ids[ORDERS];
    Order *found[ORDERS];

    for (size_t i = 0; i < ORDERS; i++) {
        ids[i] = world.items[i].place.order.id;
    }
    arena_reset(&world.arena);
    EXPECT(!status_failed(
        world.reader->ops->find_orders(world.reader, &world.arena, ids, ORDERS, found)));
    for (size_t i = 0; i < ORDERS; i++) {
        expect_order(found[i], i);
    }
    EXPECT(fixture_number(world.db, "SELECT COUNT(*) FROM orders") == ORDERS);
    EXPECT(fixture_number(world.db, "SELECT COUNT(*) FROM orders_detail") == ORDERS * LINES);
    EXPECT(fixture_number(world.db, "SELECT COUNT(*) FROM orders_event") == ORDERS);
    EXPECT(fixture_number(world.db, "SELECT COUNT(*) FROM idempotency_key") == ORDERS);
}

static size_t index_of(uint64_t order_id)
{
    size_t index = 0;

    while (index < ORDERS && world.items[index].place.order.id.value != order_id) {
        index++;
    }
    EXPECT(index < ORDERS);
    return index;
}

static Status tick_off(void *context, const char *queue, const Jumun__Event__V1__Event *event)
{
    int *counts = context;
    size_t index = index_of(event->order_id);
    Jumun__Event__V1__StockReserve *reserve =
        jumun__event__v1__stock_reserve__unpack(NULL, event->payload.len, event->payload.data);

    counts[index]++;
    EXPECT(strcmp(queue, "product.commands") == 0 && strcmp(event->type, "stock.reserve") == 0);
    EXPECT(reserve != NULL && reserve->n_lines == LINES);
    for (size_t j = 0; j < LINES; j++) {
        EXPECT(reserve->lines[j]->product_id == FIRST_PRODUCT + product_of(index, j));
        EXPECT(reserve->lines[j]->quantity == quantity_of(index, j));
    }
    jumun__event__v1__stock_reserve__free_unpacked(reserve, NULL);
    return status_ok();
}

static void expect_one_event_an_order(void)
{
    int counts[ORDERS] = { 0 };

    EXPECT(!status_failed(outbox_read(world.db, tick_off, counts)));
    for (size_t i = 0; i < ORDERS; i++) {
        EXPECT(counts[i] == 1);
    }
}

/* The gate holds the units of every line, and would sell the rest. */
static void expect_held(void)
{
    GateView views[PRODUCTS];
    StockGate *gate = world.place.gate;

    for (size_t p = 0; p < PRODUCTS; p++) {
        views[p] = (GateView){ .product = { FIRST_PRODUCT + p } };
    }
    arena_reset(&world.arena);
    EXPECT(
        !status_failed(gate->ops->inspect(gate, &world.arena, (OrderId){ 0 }, 0, views, PRODUCTS)));
    for (size_t p = 0; p < PRODUCTS; p++) {
        int64_t orders;

        (void)units_of(p, &orders);
        EXPECT(views[p].known && views[p].units == SPARE && views[p].young == orders);
    }
}

/* -- the tests -- */

static void a_full_batch_is_stored_whole_with_one_event_an_order(void)
{
    begin();
    place(world.items);
    expect_answers(world.items, false);
    expect_stored();
    expect_one_event_an_order();
    expect_held();
    end();
}

static void a_full_batch_that_comes_again_gets_the_same_answers_and_leaves_nothing(void)
{
    begin();
    place(world.items);
    place(world.repeats);
    expect_answers(world.repeats, true);
    expect_stored();
    expect_one_event_an_order();
    expect_held();
    end();
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(a_full_batch_is_stored_whole_with_one_event_an_order),
        TEST(a_full_batch_that_comes_again_gets_the_same_answers_and_leaves_nothing),
    };
    const char *redis = getenv("JUMUN_TEST_REDIS_URL"); /* NOLINT(concurrency-mt-unsafe) */

    if (redis == NULL || redis[0] == '\0') {
        printf("SKIPPED: JUMUN_TEST_REDIS_URL is not set\n");
        return 77;
    }
    (void)snprintf(redis_url, sizeof redis_url, "%s/6", redis);
    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
