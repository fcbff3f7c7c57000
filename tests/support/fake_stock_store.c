#include "tests/support/fake_stock_store.h"

#include <assert.h>
#include <stdlib.h>

Stock *fake_stock_store_find(FakeStockStore *fake, ProductId product)
{
    for (size_t i = 0; i < fake->stock_count; i++) {
        if (fake->stocks[i].product.value == product.value) {
            return &fake->stocks[i];
        }
    }
    return NULL;
}

void fake_stock_store_put(FakeStockStore *fake, ProductId product, int64_t on_hand)
{
    assert(fake->stock_count < FAKE_STOCKS_MAX);
    fake->stocks[fake->stock_count++] = (Stock){ .product = product, .on_hand = on_hand };
}

static int compare_stocks(const void *left, const void *right)
{
    uint64_t a = ((const Stock *)left)->product.value;
    uint64_t b = ((const Stock *)right)->product.value;

    return (a > b) - (a < b);
}

static bool has_stock(const StockBatch *batch, ProductId product)
{
    for (size_t i = 0; i < batch->stock_count; i++) {
        if (batch->stocks[i].product.value == product.value) {
            return true;
        }
    }
    return false;
}

static void take_stocks(FakeStockStore *fake, StockBatch *batch, const StockCommand *command)
{
    for (size_t k = 0; k < command->line_count; k++) {
        Stock *stock = fake_stock_store_find(fake, command->lines[k].product);
        if (stock != NULL && !has_stock(batch, stock->product)) {
            batch->stocks[batch->stock_count++] = *stock;
        }
    }
}

static void take_history(FakeStockStore *fake, StockBatch *batch, OrderId order)
{
    for (size_t i = 0; i < batch->history_count; i++) {
        if (batch->history[i].order.value == order.value) {
            return; /* another command of the order came before */
        }
    }
    for (size_t i = 0; i < fake->entry_count; i++) {
        if (fake->entries[i].order.value == order.value) {
            batch->history[batch->history_count++] = fake->entries[i];
        }
    }
}

static bool in_inbox(const FakeStockStore *fake, EventId event)
{
    for (size_t i = 0; i < fake->inbox_count; i++) {
        if (fake->inbox[i].value == event.value) {
            return true;
        }
    }
    return false;
}

static void read(FakeStockStore *fake, StockBatch *batch)
{
    batch->stocks = fake->work_stocks;
    batch->history = fake->work_history;
    batch->stock_count = 0;
    batch->history_count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        StockCommand *command = batch->commands[i];
        take_stocks(fake, batch, command);
        if (batch->careful || command->kind != STOCK_RESERVE) {
            take_history(fake, batch, command->order);
        }
        if (batch->careful && in_inbox(fake, command->event)) {
            command->seen = true;
        }
    }
    qsort(batch->stocks, batch->stock_count, sizeof(Stock), compare_stocks);
}

static bool has_effect(const StockCommand *command)
{
    return !command->seen && !status_failed(command->status);
}

/* The unique keys. */
static bool collides(const FakeStockStore *fake, const StockBatch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (has_effect(batch->commands[i]) && in_inbox(fake, batch->commands[i]->event)) {
            return true;
        }
    }
    for (size_t i = 0; i < batch->entry_count; i++) {
        const LedgerEntry *entry = &batch->entries[i];
        for (size_t k = 0; k < fake->entry_count; k++) {
            const LedgerEntry *known = &fake->entries[k];
            if (known->order.value == entry->order.value &&
                known->product.value == entry->product.value && known->type == entry->type &&
                known->refund_no == entry->refund_no) {
                return true;
            }
        }
    }
    return false;
}

static void append_answer(FakeStockStore *fake, const StockCommand *command)
{
    FakeStockAnswer *answer = &fake->answers[fake->answer_count++];

    *answer = (FakeStockAnswer){ .order = command->order, .answer = command->answer };
    if (command->answer != STOCK_ANSWERS_REJECTED) {
        return;
    }
    for (size_t k = 0; k < command->line_count; k++) {
        if (command->lines[k].is_short && answer->short_count++ == 0) {
            answer->first_short = command->lines[k].product;
            answer->first_available = command->lines[k].available;
        }
    }
}

static void write(FakeStockStore *fake, const StockBatch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (has_effect(batch->commands[i])) {
            fake->inbox[fake->inbox_count++] = batch->commands[i]->event;
        }
        if (has_effect(batch->commands[i]) && batch->commands[i]->answer != STOCK_ANSWERS_NOTHING) {
            append_answer(fake, batch->commands[i]);
        }
    }
    for (size_t i = 0; i < batch->stock_count; i++) {
        Stock *stock = fake_stock_store_find(fake, batch->stocks[i].product);
        stock->reserved += batch->stocks[i].change;
        assert(stock->reserved >= 0 && stock->reserved <= stock->on_hand);
    }
    for (size_t i = 0; i < batch->entry_count; i++) {
        fake->entries[fake->entry_count] = batch->entries[i];
        fake->entries[fake->entry_count++].next = NULL;
    }
}

static bool holds_poison(const FakeStockStore *fake, const StockBatch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (fake->poison.value != 0 && batch->commands[i]->order.value == fake->poison.value) {
            return true;
        }
    }
    return false;
}

static Status apply(StockStore *base, StockBatch *batch, StockDecide *decide)
{
    FakeStockStore *fake = (FakeStockStore *)base;

    if (port_fault_before(&fake->fault)) {
        return fake->fault.status;
    }
    if (holds_poison(fake, batch)) {
        return status_make(STATUS_INTERNAL, "INTERNAL");
    }
    read(fake, batch);
    decide(batch);
    if (collides(fake, batch)) {
        return status_make(STATUS_ALREADY_EXISTS, "DUPLICATE");
    }
    write(fake, batch);
    return port_fault_after(&fake->fault) ? fake->fault.status : status_ok();
}

static Status purge(StockStore *base, int64_t before_us, uint64_t *ret_deleted)
{
    (void)base;
    (void)before_us;
    *ret_deleted = 0;
    return status_ok();
}

FakeStockStore *fake_stock_store_open(void)
{
    static const StockStoreOps ops = { apply, purge };
    FakeStockStore *fake = calloc(1, sizeof *fake);

    assert(fake != NULL);
    fake->store.ops = &ops;
    return fake;
}

void fake_stock_store_close(FakeStockStore *fake)
{
    free(fake);
}
