/* mysql_stock_store.c - a batch of stock commands in one transaction of a few bulk
 * statements. Lock order: stock rows by product id, then unique keys. */
#include "services/product/adapters/mysql_stock_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/mysql/db.h"
#include "common/mysql/outbox.h"
#include "services/product/adapters/product_schema.h"
#include "services/product/adapters/stock_answers.h"

enum {
    HISTORY_MAX = 8 * STOCK_BATCH_LINES_MAX, /* ledger entries looked up for a batch */
    ARENA_BLOCK = 256 * 1024,
    ARENA_MAX = 4 * 1024 * 1024,
};

static_assert((int)STOCK_BATCH_LINES_MAX <= (int)DB_ROWS_MAX, "all stock rows in one bulk");
static_assert((int)STOCK_BATCH_LINES_MAX <= (int)DB_PARAMS_MAX, "all product ids in one query");

/* The columns of the bulk statements. */
typedef struct Columns {
    uint64_t ids[DB_ROWS_MAX];
    uint64_t products[DB_ROWS_MAX];
    uint64_t orders[DB_ROWS_MAX];
    const char *types[DB_ROWS_MAX];
    uint64_t refund_nos[DB_ROWS_MAX];
    int64_t deltas[DB_ROWS_MAX];
    int64_t on_hand[DB_ROWS_MAX];
    const char *reasons[DB_ROWS_MAX];
    int64_t times[DB_ROWS_MAX];
} Columns;

typedef struct MysqlStockStore {
    StockStore store; /* first: a StockStore pointer is one of these */
    Db *db;
    IdSource *ids;
    const Clock *clock;
    bool schema_known;
    Arena arena; /* of one transaction */
    Stock stocks[STOCK_BATCH_LINES_MAX];
    LedgerEntry history[HISTORY_MAX];
    DbValue params[STOCK_BATCH_LINES_MAX];
    EventId events[STOCK_BATCH_MAX];
    bool event_seen[STOCK_BATCH_MAX];
    OutboxEvent answers[STOCK_BATCH_MAX];
    Columns columns;
} MysqlStockStore;

typedef struct Apply {
    MysqlStockStore *store;
    StockBatch *batch;
    StockDecide *decide;
    int64_t now_us;
} Apply;

static const char *const ledger_types[] = {
    [LEDGER_RECEIVE] = "RECEIVE", [LEDGER_ADJUST] = "ADJUST", [LEDGER_RESERVE] = "RESERVE",
    [LEDGER_RELEASE] = "RELEASE", [LEDGER_RETURN] = "RETURN",
};

static int compare_params(const void *left, const void *right)
{
    uint64_t a = ((const DbValue *)left)->natural;
    uint64_t b = ((const DbValue *)right)->natural;

    return (a > b) - (a < b);
}

static size_t sort_distinct(DbValue *params, size_t count)
{
    size_t kept = 0;

    qsort(params, count, sizeof params[0], compare_params);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || params[kept - 1].natural != params[i].natural) {
            params[kept++] = params[i];
        }
    }
    return kept;
}

static Status take_stock(void *context, const DbRow *row)
{
    StockBatch *batch = context;

    if (batch->stock_count == STOCK_BATCH_LINES_MAX) {
        return status_make(STATUS_INTERNAL, "INTERNAL");
    }
    batch->stocks[batch->stock_count++] = (Stock){
        .product = { db_row_uint(row, 0) },
        .on_hand = db_row_int(row, 1),
        .reserved = db_row_int(row, 2),
    };
    return status_ok();
}

static Status lock_stocks(Apply *apply)
{
    MysqlStockStore *store = apply->store;
    StockBatch *batch = apply->batch;
    size_t count = 0;

    for (size_t i = 0; i < batch->count; i++) {
        const StockCommand *command = batch->commands[i];
        for (size_t k = 0; k < command->line_count; k++) {
            store->params[count++] = db_uint(command->lines[k].product.value);
        }
    }
    count = sort_distinct(store->params, count);
    batch->stocks = store->stocks;
    batch->stock_count = 0;
    return db_query(store->db,
                    "SELECT product_id, on_hand, reserved FROM stock "
                    "WHERE product_id IN ({?|,}) ORDER BY product_id FOR UPDATE",
                    store->params, count, take_stock, batch);
}

static LedgerType type_of(const char *name)
{
    for (LedgerType type = LEDGER_RECEIVE; type < LEDGER_RETURN; type++) {
        if (strcmp(ledger_types[type], name) == 0) {
            return type;
        }
    }
    return LEDGER_RETURN;
}

static Status take_history(void *context, const DbRow *row)
{
    StockBatch *batch = context;

    if (batch->history_count == HISTORY_MAX) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    bool is_short = strcmp(db_row_text(row, 5), STOCK_REASON_SHORT) == 0;
    batch->history[batch->history_count++] = (LedgerEntry){
        .order = { db_row_uint(row, 0) },
        .product = { db_row_uint(row, 1) },
        .type = type_of(db_row_text(row, 2)),
        .refund_no = (uint32_t)db_row_uint(row, 3),
        .reserved_delta = db_row_int(row, 4),
        .reason = is_short ? STOCK_REASON_SHORT : "",
    };
    return status_ok();
}

/* A plain read: entries of an order are only written under the locks of its stock rows,
 * which are held, and READ COMMITTED shows what was committed before they were got. */
static Status find_history(Apply *apply)
{
    MysqlStockStore *store = apply->store;
    StockBatch *batch = apply->batch;
    size_t count = 0;

    batch->history = store->history;
    batch->history_count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->careful || batch->commands[i]->kind != STOCK_RESERVE) {
            store->params[count++] = db_uint(batch->commands[i]->order.value);
        }
    }
    count = sort_distinct(store->params, count);
    if (count == 0) {
        return status_ok();
    }
    return db_query(store->db,
                    "SELECT order_id, product_id, type, refund_no, reserved_delta, reason "
                    "FROM stock_ledger WHERE order_id IN ({?|,})",
                    store->params, count, take_history, batch);
}

static Status find_seen(Apply *apply)
{
    MysqlStockStore *store = apply->store;
    StockBatch *batch = apply->batch;

    if (!batch->careful) {
        return status_ok();
    }
    for (size_t i = 0; i < batch->count; i++) {
        store->events[i] = batch->commands[i]->event;
    }
    Status status = inbox_find(store->db, store->events, batch->count, store->event_seen);
    for (size_t i = 0; !status_failed(status) && i < batch->count; i++) {
        batch->commands[i]->seen = batch->commands[i]->seen || store->event_seen[i];
    }
    return status;
}

static bool has_effect(const StockCommand *command)
{
    return !command->seen && !status_failed(command->status);
}

static Status store_inbox(Apply *apply)
{
    MysqlStockStore *store = apply->store;
    size_t count = 0;

    for (size_t i = 0; i < apply->batch->count; i++) {
        if (has_effect(apply->batch->commands[i])) {
            store->events[count++] = apply->batch->commands[i]->event;
        }
    }
    return count == 0 ? status_ok() : inbox_append(store->db, store->events, count, apply->now_us);
}

static Status store_stocks(Apply *apply)
{
    MysqlStockStore *store = apply->store;
    Columns *columns = &store->columns;
    size_t count = 0;
    uint64_t affected = 0;

    for (size_t i = 0; i < apply->batch->stock_count; i++) {
        const Stock *stock = &apply->batch->stocks[i];
        if (stock->change != 0) {
            columns->products[count] = stock->product.value;
            columns->on_hand[count] = stock->on_hand;
            columns->deltas[count++] = stock->reserved;
        }
    }
    if (count == 0) {
        return status_ok();
    }
    const DbColumn bulk[] = {
        { .type = DB_UINT, .values = columns->products },
        { .type = DB_INT, .values = columns->on_hand },
        { .type = DB_INT, .values = columns->deltas },
    };
    /* An update of locked rows written as an insert: MariaDB runs a bulk INSERT as one
     * statement, but a bulk UPDATE once per row. An updated row counts 2. */
    Status status = db_execute_bulk(store->db,
                                    "INSERT INTO stock (product_id, on_hand, reserved) "
                                    "VALUES (?, ?, ?) "
                                    "ON DUPLICATE KEY UPDATE reserved = VALUES(reserved)",
                                    bulk, sizeof bulk / sizeof bulk[0], count, &affected);
    if (!status_failed(status) && affected != 2 * count) {
        return status_make(STATUS_INTERNAL, "BOOKS_DIFFER");
    }
    return status;
}

static Status insert_entries(Apply *apply, const LedgerEntry *entries, size_t count)
{
    MysqlStockStore *store = apply->store;
    Columns *columns = &store->columns;

    for (size_t i = 0; i < count; i++) {
        if (!id_source_next(store->ids, &columns->ids[i])) {
            return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
        }
        columns->products[i] = entries[i].product.value;
        columns->orders[i] = entries[i].order.value;
        columns->types[i] = ledger_types[entries[i].type];
        columns->refund_nos[i] = entries[i].refund_no;
        columns->deltas[i] = entries[i].reserved_delta;
        columns->reasons[i] = entries[i].reason;
        columns->times[i] = apply->now_us;
    }
    const DbColumn bulk[] = {
        { .type = DB_UINT, .values = columns->ids },
        { .type = DB_UINT, .values = columns->products },
        { .type = DB_UINT, .values = columns->orders },
        { .type = DB_BYTES, .values = columns->types },
        { .type = DB_UINT, .values = columns->refund_nos },
        { .type = DB_INT, .values = columns->deltas },
        { .type = DB_BYTES, .values = columns->reasons },
        { .type = DB_TIME, .values = columns->times },
    };
    return db_execute_bulk(store->db,
                           "INSERT INTO stock_ledger (id, product_id, order_id, type, refund_no, "
                           "on_hand_delta, reserved_delta, reason, at) "
                           "VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?)",
                           bulk, sizeof bulk / sizeof bulk[0], count, NULL);
}

static Status store_entries(Apply *apply)
{
    Status status = status_ok();
    size_t count = apply->batch->entry_count;

    for (size_t done = 0; !status_failed(status) && done < count; done += DB_ROWS_MAX) {
        size_t left = count - done;
        status = insert_entries(apply, &apply->batch->entries[done],
                                left < DB_ROWS_MAX ? left : DB_ROWS_MAX);
    }
    return status;
}

static Status store_answers(Apply *apply)
{
    MysqlStockStore *store = apply->store;
    size_t count = 0;

    for (size_t i = 0; i < apply->batch->count; i++) {
        const StockCommand *command = apply->batch->commands[i];
        OutboxEvent *answer = &store->answers[count];
        if (!has_effect(command) || command->answer == STOCK_ANSWERS_NOTHING) {
            continue;
        }
        if (!stock_answer_make(command, &store->arena, answer)) {
            return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
        }
        if (!id_source_next(store->ids, &answer->id.value)) {
            return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
        }
        answer->at_us = apply->now_us;
        count++;
    }
    return outbox_append(store->db, &store->arena, store->answers, count);
}

static Status apply_body(void *context, Db *db)
{
    typedef Status Stage(Apply * apply);
    static Stage *const before[] = { lock_stocks, find_history, find_seen };
    static Stage *const after[] = { store_inbox, store_stocks, store_entries, store_answers };
    Apply *apply = context;
    Status status = status_ok();

    (void)db;
    arena_reset(&apply->store->arena);
    for (size_t i = 0; !status_failed(status) && i < sizeof before / sizeof before[0]; i++) {
        status = before[i](apply);
    }
    if (status_failed(status)) {
        return status;
    }
    apply->decide(apply->batch);
    for (size_t i = 0; !status_failed(status) && i < sizeof after / sizeof after[0]; i++) {
        status = after[i](apply);
    }
    return status;
}

static Status apply(StockStore *base, StockBatch *batch, StockDecide *decide)
{
    MysqlStockStore *store = (MysqlStockStore *)base;
    Apply context = { store, batch, decide, clock_wall_us(store->clock) };

    assert(batch->count <= STOCK_BATCH_MAX);
    Status status = product_schema_check(store->db, &store->schema_known);
    return status_failed(status) ? status : db_transact(store->db, apply_body, &context);
}

static Status purge(StockStore *base, int64_t before_us, uint64_t *ret_deleted)
{
    return inbox_purge(((MysqlStockStore *)base)->db, before_us, ret_deleted);
}

static const StockStoreOps ops = { apply, purge };

Status mysql_stock_store_open(const char *url, IdSource *ids, const Clock *clock,
                              StockStore **ret_store)
{
    MysqlStockStore *store = calloc(1, sizeof *store);

    if (store == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    store->store.ops = &ops;
    store->ids = ids;
    store->clock = clock;
    arena_init(&store->arena, ARENA_BLOCK, ARENA_MAX);
    Status status = db_open(url, &store->db);
    if (status_failed(status)) {
        mysql_stock_store_close(&store->store);
        return status;
    }
    *ret_store = &store->store;
    return status_ok();
}

void mysql_stock_store_close(StockStore *store)
{
    MysqlStockStore *opened = (MysqlStockStore *)store;

    if (opened == NULL) {
        return;
    }
    db_close(opened->db);
    arena_deinit(&opened->arena);
    free(opened);
}
