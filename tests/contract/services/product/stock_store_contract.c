#include "tests/contract/services/product/stock_store_contract.h"

#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "services/product/app/apply_stock.h"

enum {
    ANSWERS_MAX = 2048,
    LINES_MAX = 4,
};

static OutboxAnswer answers[ANSWERS_MAX];
static uint64_t next_id = 1000;

/* A command and its lines. */
typedef struct Order {
    StockLine lines[LINES_MAX];
    StockCommand command;
} Order;

static uint64_t fresh(void)
{
    return next_id++;
}

static ProductId product_of(StockWorld *world, int64_t on_hand)
{
    ProductId product = { fresh() };

    world->put(world->context, product, on_hand);
    return product;
}

static void make(Order *order, StockCommandKind kind, uint64_t order_id)
{
    *order = (Order){
        .command = { .event = { fresh() }, .order = { order_id }, .kind = kind, .trace_parent = "" }
    };
    order->command.lines = order->lines;
}

static void add_line(Order *order, ProductId product, uint32_t quantity)
{
    order->lines[order->command.line_count++] =
        (StockLine){ .product = product, .quantity = quantity };
}

static void run(StockWorld *world, StockCommand *const *commands, size_t count)
{
    StockWork *work = stock_work_open();

    assert(work != NULL);
    apply_stock(world->store, work, commands, count);
    stock_work_close(work);
}

/* One command with one line. */
static Status run_one(StockWorld *world, StockCommandKind kind, uint64_t order_id,
                      ProductId product, uint32_t quantity)
{
    Order order;
    StockCommand *commands[] = { &order.command };

    make(&order, kind, order_id);
    add_line(&order, product, quantity);
    run(world, commands, 1);
    return order.command.status;
}

static size_t drain(StockWorld *world)
{
    return world->drain(world->context, answers, ANSWERS_MAX);
}

static void expect_answer(StockWorld *world, uint64_t order_id, const char *type)
{
    assert(drain(world) == 1);
    assert(answers[0].order.value == order_id);
    assert(strcmp(answers[0].type, type) == 0);
}

static void expect_stock(StockWorld *world, ProductId product, int64_t on_hand, int64_t reserved)
{
    Stock stock = world->stock(world->context, product);

    assert(stock.on_hand == on_hand);
    assert(stock.reserved == reserved);
}

static void a_reservation_takes_all_its_lines(StockWorld *world)
{
    ProductId first = product_of(world, 10);
    ProductId second = product_of(world, 5);
    uint64_t id = fresh();
    Order order;
    StockCommand *commands[] = { &order.command };

    make(&order, STOCK_RESERVE, id);
    add_line(&order, first, 3);
    add_line(&order, second, 5);
    run(world, commands, 1);

    assert(!status_failed(order.command.status));
    expect_answer(world, id, "stock.reserved");
    expect_stock(world, first, 10, 3);
    expect_stock(world, second, 5, 5);
    assert(world->held(world->context, (OrderId){ id }, second) == 5);
}

static void one_short_line_refuses_the_whole_order(StockWorld *world)
{
    ProductId plenty = product_of(world, 10);
    ProductId scarce = product_of(world, 2);
    uint64_t id = fresh();
    Order order;
    StockCommand *commands[] = { &order.command };

    make(&order, STOCK_RESERVE, id);
    add_line(&order, plenty, 1);
    add_line(&order, scarce, 3);
    run(world, commands, 1);

    expect_answer(world, id, "stock.rejected");
    assert(answers[0].item_count == 1);
    assert(answers[0].item_product == scarce.value);
    assert(answers[0].item_available == 2);
    expect_stock(world, plenty, 10, 0);
    expect_stock(world, scarce, 2, 0);
}

static void the_first_to_arrive_gets_the_last_unit(StockWorld *world)
{
    ProductId product = product_of(world, 2);
    uint64_t first = fresh();
    Order orders[3];
    StockCommand *commands[3];

    for (size_t i = 0; i < 3; i++) {
        make(&orders[i], STOCK_RESERVE, i == 0 ? first : fresh());
        add_line(&orders[i], product, 1);
        commands[2 - i] = &orders[i].command; /* the oldest order comes last */
    }
    run(world, commands, 3);

    assert(drain(world) == 3);
    assert(strcmp(answers[0].type, "stock.reserved") == 0);
    assert(strcmp(answers[1].type, "stock.reserved") == 0);
    assert(strcmp(answers[2].type, "stock.rejected") == 0);
    assert(answers[2].order.value == first);
    expect_stock(world, product, 2, 2);
}

static void a_release_gives_back_once(StockWorld *world)
{
    ProductId product = product_of(world, 10);
    uint64_t id = fresh();

    assert(!status_failed(run_one(world, STOCK_RESERVE, id, product, 4)));
    expect_answer(world, id, "stock.reserved");
    assert(!status_failed(run_one(world, STOCK_RELEASE, id, product, 4)));
    expect_answer(world, id, "stock.released");
    expect_stock(world, product, 10, 0);

    assert(!status_failed(run_one(world, STOCK_RELEASE, id, product, 4)));
    expect_answer(world, id, "stock.released");
    expect_stock(world, product, 10, 0);
    assert(world->held(world->context, (OrderId){ id }, product) == 0);
}

static void a_release_of_a_refused_order_gives_nothing(StockWorld *world)
{
    ProductId product = product_of(world, 1);
    uint64_t id = fresh();

    assert(!status_failed(run_one(world, STOCK_RESERVE, id, product, 2)));
    expect_answer(world, id, "stock.rejected");
    assert(!status_failed(run_one(world, STOCK_RELEASE, id, product, 2)));
    expect_answer(world, id, "stock.released");
    expect_stock(world, product, 1, 0);
}

static void a_release_that_overtakes_leaves_a_tombstone(StockWorld *world)
{
    ProductId product = product_of(world, 10);
    uint64_t id = fresh();

    assert(!status_failed(run_one(world, STOCK_RELEASE, id, product, 4)));
    expect_answer(world, id, "stock.released");
    assert(!status_failed(run_one(world, STOCK_RESERVE, id, product, 4)));
    expect_answer(world, id, "stock.rejected");
    expect_stock(world, product, 10, 0);
}

static void reserve_and_release_may_share_a_batch(StockWorld *world)
{
    ProductId product = product_of(world, 1);
    uint64_t id = fresh();
    Order orders[3];
    StockCommand *commands[3];

    make(&orders[0], STOCK_RESERVE, id);
    make(&orders[1], STOCK_RELEASE, id);
    make(&orders[2], STOCK_RESERVE, fresh());
    for (size_t i = 0; i < 3; i++) {
        add_line(&orders[i], product, 1);
        commands[i] = &orders[i].command;
    }
    run(world, commands, 3);

    assert(drain(world) == 3);
    assert(strcmp(answers[0].type, "stock.reserved") == 0);
    assert(strcmp(answers[1].type, "stock.released") == 0);
    assert(strcmp(answers[2].type, "stock.reserved") == 0);
    expect_stock(world, product, 1, 1);
}

static void ten_deliveries_have_one_effect(StockWorld *world)
{
    ProductId product = product_of(world, 10);
    uint64_t id = fresh();
    Order order;
    StockCommand *commands[] = { &order.command };

    make(&order, STOCK_RESERVE, id);
    add_line(&order, product, 4);
    for (int i = 0; i < 10; i++) {
        run(world, commands, 1);
        assert(!status_failed(order.command.status));
    }
    expect_answer(world, id, "stock.reserved");
    expect_stock(world, product, 10, 4);
}

static void one_event_twice_in_a_batch_has_one_effect(StockWorld *world)
{
    ProductId product = product_of(world, 10);
    uint64_t id = fresh();
    Order orders[2];
    StockCommand *commands[2];

    for (size_t i = 0; i < 2; i++) {
        make(&orders[i], STOCK_RESERVE, id);
        add_line(&orders[i], product, 4);
        commands[i] = &orders[i].command;
    }
    orders[1].command.event = orders[0].command.event;
    run(world, commands, 2);

    assert(!status_failed(orders[1].command.status));
    expect_answer(world, id, "stock.reserved");
    expect_stock(world, product, 10, 4);
}

static void a_command_sent_again_is_answered_again(StockWorld *world)
{
    ProductId product = product_of(world, 4);
    uint64_t id = fresh();
    uint64_t refused = fresh();

    for (int i = 0; i < 3; i++) {
        assert(!status_failed(run_one(world, STOCK_RESERVE, id, product, 3)));
        expect_answer(world, id, "stock.reserved");
        assert(!status_failed(run_one(world, STOCK_RESERVE, refused, product, 2)));
        expect_answer(world, refused, "stock.rejected");
        assert(answers[0].item_count == 1);
        assert(answers[0].item_available == 1);
    }
    expect_stock(world, product, 4, 3);
}

static void the_refusal_stands_when_stock_comes_back(StockWorld *world)
{
    ProductId product = product_of(world, 1);
    uint64_t holder = fresh();
    uint64_t refused = fresh();

    assert(!status_failed(run_one(world, STOCK_RESERVE, holder, product, 1)));
    assert(!status_failed(run_one(world, STOCK_RESERVE, refused, product, 1)));
    assert(!status_failed(run_one(world, STOCK_RELEASE, holder, product, 1)));
    assert(drain(world) == 3);
    assert(!status_failed(run_one(world, STOCK_RESERVE, refused, product, 1)));
    expect_answer(world, refused, "stock.rejected");
    expect_stock(world, product, 1, 0);
}

static void an_unknown_product_fails_alone(StockWorld *world)
{
    ProductId product = product_of(world, 10);
    uint64_t good = fresh();
    Order orders[3];
    StockCommand *commands[3];

    for (size_t i = 0; i < 3; i++) {
        make(&orders[i], STOCK_RESERVE, i == 2 ? good : fresh());
        add_line(&orders[i], i == 1 ? (ProductId){ fresh() } : product, 1);
        commands[i] = &orders[i].command;
    }
    run(world, commands, 3);

    assert(!status_failed(orders[0].command.status));
    assert(orders[1].command.status.code == STATUS_NOT_FOUND);
    assert(!status_failed(orders[2].command.status));
    assert(drain(world) == 2);
    expect_stock(world, product, 10, 2);

    /* Parked, not forgotten: once there is such a product, a replay works. */
    world->put(world->context, orders[1].lines[0].product, 1);
    run(world, &commands[1], 1);
    expect_answer(world, orders[1].command.order.value, "stock.reserved");
}

static void returns_add_up(StockWorld *world)
{
    ProductId product = product_of(world, 10);
    uint64_t id = fresh();
    Order orders[3];
    StockCommand *commands[3];

    assert(!status_failed(run_one(world, STOCK_RESERVE, id, product, 5)));
    expect_answer(world, id, "stock.reserved");
    for (size_t i = 0; i < 3; i++) {
        make(&orders[i], STOCK_RETURN, id);
        orders[i].command.refund_no = i == 2 ? 2 : 1;
        add_line(&orders[i], product, 2);
        commands[i] = &orders[i].command;
    }
    run(world, commands, 3);
    assert(drain(world) == 0);
    expect_stock(world, product, 10, 1);

    make(&orders[0], STOCK_RETURN, id);
    orders[0].command.refund_no = 3;
    add_line(&orders[0], product, 2);
    run(world, commands, 1);
    assert(orders[0].command.status.code == STATUS_FAILED_PRECONDITION);
    expect_stock(world, product, 10, 1);
}

static void a_full_batch_fits(StockWorld *world)
{
    static Order orders[STOCK_BATCH_MAX];
    static StockCommand *commands[STOCK_BATCH_MAX];
    ProductId products[8];

    for (size_t i = 0; i < 8; i++) {
        products[i] = product_of(world, 100);
    }
    for (size_t i = 0; i < STOCK_BATCH_MAX; i++) {
        make(&orders[i], STOCK_RESERVE, fresh());
        for (size_t k = 0; k < LINES_MAX; k++) { /* more lines than one transaction takes */
            add_line(&orders[i], products[(i % 2) * 4 + k], 1);
        }
        commands[i] = &orders[i].command;
    }
    run(world, commands, STOCK_BATCH_MAX);
    assert(drain(world) == STOCK_BATCH_MAX);
    size_t reserved = 0;
    for (size_t i = 0; i < STOCK_BATCH_MAX; i++) {
        reserved += strcmp(answers[i].type, "stock.reserved") == 0 ? 1 : 0;
    }
    assert(reserved == 200);
    expect_stock(world, products[0], 100, 100);
    expect_stock(world, products[7], 100, 100);
}

void stock_store_contract(StockWorld *world)
{
    static const struct Case {
        const char *name;
        void (*run)(StockWorld *world);
    } cases[] = {
#define CASE(name) { #name, name }
        CASE(a_reservation_takes_all_its_lines),
        CASE(one_short_line_refuses_the_whole_order),
        CASE(the_first_to_arrive_gets_the_last_unit),
        CASE(a_release_gives_back_once),
        CASE(a_release_of_a_refused_order_gives_nothing),
        CASE(a_release_that_overtakes_leaves_a_tombstone),
        CASE(reserve_and_release_may_share_a_batch),
        CASE(ten_deliveries_have_one_effect),
        CASE(one_event_twice_in_a_batch_has_one_effect),
        CASE(a_command_sent_again_is_answered_again),
        CASE(the_refusal_stands_when_stock_comes_back),
        CASE(an_unknown_product_fails_alone),
        CASE(returns_add_up),
        CASE(a_full_batch_fits),
#undef CASE
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        printf("%s\n", cases[i].name);
        (void)fflush(stdout);
        cases[i].run(world);
    }
}
