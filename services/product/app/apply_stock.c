/* apply_stock.c - see the header. Orders are found by a hash table of the batch. */
#include "services/product/app/apply_stock.h"

#include <assert.h>
#include <stdlib.h>

enum {
    TRIES_MAX = 4,                     /* one hopeful, the others careful */
    ORDER_SLOTS = 4 * STOCK_BATCH_MAX, /* a power of two */
};

/* An order of the batch and the head of its ledger entries. */
typedef struct OrderSlot {
    uint64_t order; /* 0: empty */
    LedgerEntry *ledger;
} OrderSlot;

struct StockWork {
    LedgerEntry entries[STOCK_ENTRIES_MAX];
};

StockWork *stock_work_open(void)
{
    return malloc(sizeof(StockWork));
}

void stock_work_close(StockWork *work)
{
    free(work);
}

/* Multiplicative hashing: neighbouring ids spread over the table. */
static size_t slot_of(uint64_t id)
{
    return (size_t)((id * UINT64_C(0x9E3779B97F4A7C15)) >> 40) & (ORDER_SLOTS - 1);
}

static OrderSlot *find_order(OrderSlot *slots, OrderId order)
{
    size_t at = slot_of(order.value);

    assert(order.value != 0);
    while (slots[at].order != 0 && slots[at].order != order.value) {
        at = (at + 1) & (ORDER_SLOTS - 1);
    }
    slots[at].order = order.value;
    return &slots[at];
}

static Stock *find_stock(const StockBatch *batch, ProductId product)
{
    size_t low = 0;
    size_t high = batch->stock_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (batch->stocks[middle].product.value < product.value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < batch->stock_count && batch->stocks[low].product.value == product.value;
    return found ? &batch->stocks[low] : NULL;
}

static void link_lines(const StockBatch *batch, const StockCommand *command)
{
    for (size_t i = 0; i < command->line_count; i++) {
        command->lines[i].stock = find_stock(batch, command->lines[i].product);
    }
}

/* In arrival order: who comes first gets the last unit. */
static void decide(StockBatch *batch)
{
    OrderSlot slots[ORDER_SLOTS] = { 0 };

    for (size_t i = 0; i < batch->count; i++) {
        (void)find_order(slots, batch->commands[i]->order);
    }
    for (size_t i = 0; i < batch->history_count; i++) {
        OrderSlot *slot = find_order(slots, batch->history[i].order);
        batch->history[i].next = slot->ledger;
        slot->ledger = &batch->history[i];
    }
    batch->entry_count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        StockCommand *command = batch->commands[i];
        size_t count = 0;

        if (command->seen) {
            command->status = status_ok();
            command->answer = STOCK_ANSWERS_NOTHING;
            continue;
        }
        link_lines(batch, command);
        stock_decide(command, &find_order(slots, command->order)->ledger,
                     &batch->entries[batch->entry_count], &count);
        batch->entry_count += count;
    }
}

/* Within a batch the second of two equal events has been seen. The table is of events
 * here: they are ids like orders. */
static void mark_repeated(StockCommand *const *commands, size_t count)
{
    OrderSlot slots[ORDER_SLOTS] = { 0 };
    LedgerEntry taken;

    for (size_t i = 0; i < count; i++) {
        OrderSlot *slot = find_order(slots, (OrderId){ commands[i]->event.value });
        commands[i]->seen = slot->ledger != NULL;
        slot->ledger = &taken;
    }
}

static Status apply_once(StockStore *store, StockWork *work, StockCommand *const *commands,
                         size_t count)
{
    for (int try = 0; try < TRIES_MAX; try++) {
        StockBatch batch = {
            .commands = commands,
            .count = count,
            .careful = try > 0,
            .entries = work->entries,
        };
        mark_repeated(commands, count);
        Status status = store->ops->apply(store, &batch, decide);
        if (status.code != STATUS_ALREADY_EXISTS) {
            return status;
        }
    }
    return status_make(STATUS_ABORTED, "ABORTED");
}

/* Could one command have sunk the batch? If not, splitting it would only repeat the
 * failure. */
static bool blames_a_command(Status status)
{
    return status.code == STATUS_INVALID_ARGUMENT || status.code == STATUS_FAILED_PRECONDITION ||
           status.code == STATUS_INTERNAL || status.code == STATUS_RESOURCE_EXHAUSTED;
}

/* How many commands from the first, at most `span`, have lines for one transaction. */
static size_t fitting(StockCommand *const *commands, size_t span)
{
    size_t lines = 0;
    size_t count = 0;

    while (count < span && lines + commands[count]->line_count <= STOCK_BATCH_LINES_MAX) {
        lines += commands[count++]->line_count;
    }
    assert(count > 0);
    return count;
}

void apply_stock(StockStore *store, StockWork *work, StockCommand *const *commands, size_t count)
{
    size_t done = 0;
    size_t span_max = count;

    assert(count <= STOCK_BATCH_MAX);
    while (done < count) {
        size_t left = count - done;
        size_t span = fitting(&commands[done], left < span_max ? left : span_max);
        Status status = apply_once(store, work, &commands[done], span);

        if (status_failed(status) && blames_a_command(status) && span > 1) {
            span_max = span / 2;
            continue;
        }
        for (size_t i = done; status_failed(status) && i < done + span; i++) {
            commands[i]->status = status;
        }
        done += span;
        if (status_failed(status)) {
            span_max = count;
        }
    }
}
