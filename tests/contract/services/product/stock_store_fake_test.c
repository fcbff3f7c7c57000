/* The contract of StockStore over the fake, and what happens when its calls fail: nothing
 * is lost, doubled or oversold, however the consumer repeats. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "services/product/app/apply_stock.h"
#include "tests/contract/services/product/stock_store_contract.h"
#include "tests/support/fake_stock_store.h"

enum {
    ORDERS = 8
};

static void put(void *context, ProductId product, int64_t on_hand)
{
    fake_stock_store_put(context, product, on_hand);
}

static Stock stock_of(void *context, ProductId product)
{
    Stock *stock = fake_stock_store_find(context, product);

    assert(stock != NULL);
    return *stock;
}

static int64_t held(void *context, OrderId order, ProductId product)
{
    FakeStockStore *fake = context;
    int64_t sum = 0;

    for (size_t i = 0; i < fake->entry_count; i++) {
        if (fake->entries[i].order.value == order.value &&
            fake->entries[i].product.value == product.value) {
            sum += fake->entries[i].reserved_delta;
        }
    }
    return sum;
}

static size_t drain(void *context, OutboxAnswer *ret_answers, size_t max)
{
    static const char *const types[] = {
        [STOCK_ANSWERS_RESERVED] = "stock.reserved",
        [STOCK_ANSWERS_REJECTED] = "stock.rejected",
        [STOCK_ANSWERS_RELEASED] = "stock.released",
    };
    FakeStockStore *fake = context;
    size_t count = fake->answer_count;

    assert(count <= max);
    for (size_t i = 0; i < count; i++) {
        const FakeStockAnswer *answer = &fake->answers[i];
        ret_answers[i] = (OutboxAnswer){
            .order = answer->order,
            .item_count = answer->short_count,
            .item_product = answer->first_short.value,
            .item_available = answer->first_available,
        };
        (void)snprintf(ret_answers[i].type, sizeof ret_answers[i].type, "%s",
                       types[answer->answer]);
    }
    fake->answer_count = 0;
    return count;
}

typedef struct Batch {
    StockLine lines[ORDERS];
    StockCommand orders[ORDERS];
    StockCommand *commands[ORDERS];
} Batch;

/* Orders for one unit each of a product with half as many. */
static void make_batch(FakeStockStore *fake, Batch *batch)
{
    fake_stock_store_put(fake, (ProductId){ 1 }, ORDERS / 2);
    for (size_t i = 0; i < ORDERS; i++) {
        batch->lines[i] = (StockLine){ .product = { 1 }, .quantity = 1 };
        batch->orders[i] = (StockCommand){
            .event = { 100 + i },
            .order = { 200 + i },
            .kind = STOCK_RESERVE,
            .lines = &batch->lines[i],
            .line_count = 1,
        };
        batch->commands[i] = &batch->orders[i];
    }
}

/* What the consumer does: run again what did not succeed. */
static void run_until_done(FakeStockStore *fake, StockWork *work, Batch *batch)
{
    for (int round = 0; round < 4; round++) {
        StockCommand *left[ORDERS];
        size_t count = 0;
        for (size_t i = 0; i < ORDERS; i++) {
            if (round == 0 || status_failed(batch->orders[i].status)) {
                left[count++] = batch->commands[i];
            }
        }
        apply_stock(&fake->store, work, left, count);
    }
}

static void expect_done_once(FakeStockStore *fake, const Batch *batch)
{
    for (size_t i = 0; i < ORDERS; i++) {
        assert(!status_failed(batch->orders[i].status));
    }
    assert(fake->stocks[0].reserved == ORDERS / 2);
    assert(fake->entry_count == ORDERS);
    assert(fake->inbox_count == ORDERS);
    assert(fake->answer_count == ORDERS);
}

static void sweep(StatusCode code, bool after)
{
    StockWork *work = stock_work_open();
    bool fired = true;

    for (size_t n = 1; fired; n++) {
        FakeStockStore *fake = fake_stock_store_open();
        Batch batch;
        make_batch(fake, &batch);
        fake->fault = (PortFault){
            .fail_at = n,
            .after = after,
            .status = status_make(code, "TEST"),
        };
        run_until_done(fake, work, &batch);
        expect_done_once(fake, &batch);
        fired = fake->fault.calls >= n;
        fake_stock_store_close(fake);
    }
    stock_work_close(work);
}

static void every_call_may_fail_once(void)
{
    sweep(STATUS_UNAVAILABLE, false);
    sweep(STATUS_ABORTED, false);
    sweep(STATUS_UNKNOWN, false);
    sweep(STATUS_UNKNOWN, true);
    sweep(STATUS_INTERNAL, false);
}

static void a_failure_of_the_whole_is_everybodys(void)
{
    FakeStockStore *fake = fake_stock_store_open();
    StockWork *work = stock_work_open();
    Batch batch;

    make_batch(fake, &batch);
    fake->fault = (PortFault){ .fail_at = 1, .status = { STATUS_UNAVAILABLE, "TEST" } };
    apply_stock(&fake->store, work, batch.commands, ORDERS);
    for (size_t i = 0; i < ORDERS; i++) {
        assert(batch.orders[i].status.code == STATUS_UNAVAILABLE);
    }
    assert(fake->fault.calls == 1); /* not split: it would only repeat */
    stock_work_close(work);
    fake_stock_store_close(fake);
}

static void one_poison_order_stands_alone(void)
{
    for (size_t culprit = 0; culprit < ORDERS; culprit++) {
        FakeStockStore *fake = fake_stock_store_open();
        StockWork *work = stock_work_open();
        Batch batch;

        make_batch(fake, &batch);
        fake->poison = batch.orders[culprit].order;
        apply_stock(&fake->store, work, batch.commands, ORDERS);
        for (size_t i = 0; i < ORDERS; i++) {
            StatusCode expected = i == culprit ? STATUS_INTERNAL : STATUS_OK;
            assert(batch.orders[i].status.code == expected);
        }
        assert(fake->stocks[0].reserved == ORDERS / 2);
        assert(fake->answer_count == ORDERS - 1);
        stock_work_close(work);
        fake_stock_store_close(fake);
    }
}

int main(void)
{
    FakeStockStore *fake = fake_stock_store_open();
    StockWorld world = { &fake->store, fake, put, stock_of, held, drain };

    stock_store_contract(&world);
    fake_stock_store_close(fake);
    every_call_may_fail_once();
    a_failure_of_the_whole_is_everybodys();
    one_poison_order_stands_alone();
    return 0;
}
