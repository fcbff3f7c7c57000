/* New orders: five tables, one bulk insert each, in one transaction. */
#include <stdlib.h>
#include <string.h>

#include "common/mysql/outbox.h"
#include "services/order/adapters/mysql_order_rows.h"
#include "services/order/adapters/mysql_order_writes.h"
#include "services/order/adapters/order_commands.h"

/* Columns of one bulk insert; arrays of `count` values. */
typedef struct OrderTable {
    uint64_t *id;
    uint64_t *member;
    int64_t *total;
    const char **currency;
    uint64_t *item_count;
    const char **token;
    bool *token_null;
    const char **trace_parent;
    const char **trace_id;
    int64_t *hold_expires_at;
    int64_t *created_at;
} OrderTable;

typedef struct KeyTable {
    uint64_t *member;
    const char **text;
    const char **hash;
    size_t *hash_size;
    uint64_t *order;
    int64_t *created_at;
} KeyTable;

typedef struct LineTable {
    size_t count;
    uint64_t *order;
    uint64_t *number;
    uint64_t *product;
    const char **name;
    uint64_t *quantity;
    int64_t *unit_price;
    int64_t *line_total;
} LineTable;

typedef struct Append {
    Arena *arena;
    const NewOrder *orders;
    size_t count;
    OrderTable table;
    KeyTable keys;
    LineTable lines;
    OutboxEvent *events;
} Append;

static Status out_of_memory(void)
{
    return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
}

static bool allocate_orders(Append *append)
{
    OrderTable *table = &append->table;
    size_t count = append->count;
    Arena *arena = append->arena;

    table->id = arena_calloc(arena, count, sizeof(uint64_t));
    table->member = arena_calloc(arena, count, sizeof(uint64_t));
    table->total = arena_calloc(arena, count, sizeof(int64_t));
    table->currency = arena_calloc(arena, count, sizeof(char *));
    table->item_count = arena_calloc(arena, count, sizeof(uint64_t));
    table->token = arena_calloc(arena, count, sizeof(char *));
    table->token_null = arena_calloc(arena, count, sizeof(bool));
    table->trace_parent = arena_calloc(arena, count, sizeof(char *));
    table->trace_id = arena_calloc(arena, count, sizeof(char *));
    table->hold_expires_at = arena_calloc(arena, count, sizeof(int64_t));
    table->created_at = arena_calloc(arena, count, sizeof(int64_t));
    append->events = arena_calloc(arena, count, sizeof *append->events);
    return table->id != NULL && table->member != NULL && table->total != NULL &&
           table->currency != NULL && table->item_count != NULL && table->token != NULL &&
           table->token_null != NULL && table->trace_parent != NULL && table->trace_id != NULL &&
           table->hold_expires_at != NULL && table->created_at != NULL && append->events != NULL;
}

static bool allocate_keys(Append *append)
{
    KeyTable *keys = &append->keys;
    size_t count = append->count;
    Arena *arena = append->arena;

    keys->member = arena_calloc(arena, count, sizeof(uint64_t));
    keys->text = arena_calloc(arena, count, sizeof(char *));
    keys->hash = arena_calloc(arena, count, sizeof(char *));
    keys->hash_size = arena_calloc(arena, count, sizeof(size_t));
    keys->order = arena_calloc(arena, count, sizeof(uint64_t));
    keys->created_at = arena_calloc(arena, count, sizeof(int64_t));
    return keys->member != NULL && keys->text != NULL && keys->hash != NULL &&
           keys->hash_size != NULL && keys->order != NULL && keys->created_at != NULL;
}

static bool allocate_lines(Append *append)
{
    LineTable *lines = &append->lines;
    Arena *arena = append->arena;
    size_t count = 0;

    for (size_t i = 0; i < append->count; i++) {
        count += append->orders[i].order->line_count;
    }
    lines->count = count;
    lines->order = arena_calloc(arena, count, sizeof(uint64_t));
    lines->number = arena_calloc(arena, count, sizeof(uint64_t));
    lines->product = arena_calloc(arena, count, sizeof(uint64_t));
    lines->name = arena_calloc(arena, count, sizeof(char *));
    lines->quantity = arena_calloc(arena, count, sizeof(uint64_t));
    lines->unit_price = arena_calloc(arena, count, sizeof(int64_t));
    lines->line_total = arena_calloc(arena, count, sizeof(int64_t));
    return lines->order != NULL && lines->number != NULL && lines->product != NULL &&
           lines->name != NULL && lines->quantity != NULL && lines->unit_price != NULL &&
           lines->line_total != NULL;
}

static void fill_orders(Append *append)
{
    OrderTable *table = &append->table;

    for (size_t i = 0; i < append->count; i++) {
        const Order *order = append->orders[i].order;

        table->id[i] = order->id.value;
        table->member[i] = order->member.value;
        table->total[i] = order->total.minor;
        table->currency[i] = order->currency;
        table->item_count[i] = order->item_count;
        table->token[i] = order->payment_token;
        table->token_null[i] = order->payment_token[0] == '\0';
        table->trace_parent[i] = order->trace_parent;
        table->trace_id[i] = order_trace_id(append->arena, order->trace_parent);
        table->hold_expires_at[i] = order->hold_expires_at_us;
        table->created_at[i] = order->created_at_us;
    }
}

static int compare_keys(const void *left, const void *right)
{
    const NewOrder *a = *(const NewOrder *const *)left;
    const NewOrder *b = *(const NewOrder *const *)right;

    if (a->key->member.value != b->key->member.value) {
        return a->key->member.value < b->key->member.value ? -1 : 1;
    }
    return strcmp(a->key->text, b->key->text);
}

/* Sorted, so that two processes that store the same keys wait for each other in one
 * direction only. */
static bool fill_keys(Append *append)
{
    const NewOrder **sorted = arena_calloc(append->arena, append->count, sizeof *sorted);
    KeyTable *keys = &append->keys;

    if (sorted == NULL) {
        return false;
    }
    for (size_t i = 0; i < append->count; i++) {
        sorted[i] = &append->orders[i];
    }
    qsort(sorted, append->count, sizeof *sorted, compare_keys);
    for (size_t i = 0; i < append->count; i++) {
        keys->member[i] = sorted[i]->key->member.value;
        keys->text[i] = sorted[i]->key->text;
        keys->hash[i] = (const char *)sorted[i]->key->hash;
        keys->hash_size[i] = REQUEST_HASH_SIZE;
        keys->order[i] = sorted[i]->order->id.value;
        keys->created_at[i] = sorted[i]->order->created_at_us;
    }
    return true;
}

static void fill_lines(Append *append)
{
    LineTable *lines = &append->lines;
    size_t at = 0;

    for (size_t i = 0; i < append->count; i++) {
        const Order *order = append->orders[i].order;

        for (size_t j = 0; j < order->line_count; j++, at++) {
            lines->order[at] = order->id.value;
            lines->number[at] = j + 1;
            lines->product[at] = order->lines[j].product.value;
            lines->name[at] = order->lines[j].name;
            lines->quantity[at] = order->lines[j].quantity;
            lines->unit_price[at] = order->lines[j].unit_price.minor;
            lines->line_total[at] = order->lines[j].line_total.minor;
        }
    }
}

static Status fill_events(Append *append, IdSource *ids)
{
    for (size_t i = 0; i < append->count; i++) {
        const Order *order = append->orders[i].order;
        OutboxEvent *event = &append->events[i];

        Status status = order_command_event(append->arena, order, ORDER_ASKS_RESERVE,
                                            order->created_at_us, event);
        if (status_failed(status)) {
            return status;
        }
        if (!id_source_next(ids, &event->id.value)) {
            return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
        }
    }
    return status_ok();
}

static Status insert_keys(Db *db, const Append *append)
{
    const KeyTable *keys = &append->keys;
    const DbColumn columns[] = {
        { DB_UINT, keys->member, NULL, NULL },           { DB_BYTES, keys->text, NULL, NULL },
        { DB_BYTES, keys->hash, keys->hash_size, NULL }, { DB_UINT, keys->order, NULL, NULL },
        { DB_TIME, keys->created_at, NULL, NULL },
    };

    return db_execute_bulk(db,
                           "INSERT INTO idempotency_key"
                           " (member_id, method, route, req_key, body_hash, order_id, created_at)"
                           " VALUES (?, 'POST', '/orders', ?, ?, ?, ?)",
                           columns, sizeof columns / sizeof columns[0], append->count, NULL);
}

static Status insert_orders(Db *db, const Append *append)
{
    const OrderTable *table = &append->table;
    const DbColumn columns[] = {
        { DB_UINT, table->id, NULL, NULL },
        { DB_UINT, table->member, NULL, NULL },
        { DB_INT, table->total, NULL, NULL },
        { DB_BYTES, table->currency, NULL, NULL },
        { DB_UINT, table->item_count, NULL, NULL },
        { DB_BYTES, table->token, NULL, table->token_null },
        { DB_BYTES, table->trace_parent, NULL, NULL },
        { DB_TIME, table->hold_expires_at, NULL, NULL },
        { DB_TIME, table->created_at, NULL, NULL },
        { DB_TIME, table->created_at, NULL, NULL },
    };

    return db_execute_bulk(
        db,
        "INSERT INTO orders"
        " (order_id, member_id, status, reason, total, currency, item_count, payment_status,"
        " payment_attempt, payment_token, trace_parent, hold_expires_at, created_at, updated_at,"
        " version, last_seq, `open`)"
        " VALUES (?, ?, 1, '', ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, 1, 1, 1)",
        columns, sizeof columns / sizeof columns[0], append->count, NULL);
}

static Status insert_lines(Db *db, const Append *append)
{
    const LineTable *lines = &append->lines;
    Status status = status_ok();

    for (size_t done = 0; !status_failed(status) && done < lines->count;) {
        size_t count = lines->count - done < DB_ROWS_MAX ? lines->count - done : DB_ROWS_MAX;
        const DbColumn columns[] = {
            { DB_UINT, &lines->order[done], NULL, NULL },
            { DB_UINT, &lines->number[done], NULL, NULL },
            { DB_UINT, &lines->product[done], NULL, NULL },
            { DB_BYTES, &lines->name[done], NULL, NULL },
            { DB_UINT, &lines->quantity[done], NULL, NULL },
            { DB_INT, &lines->unit_price[done], NULL, NULL },
            { DB_INT, &lines->line_total[done], NULL, NULL },
        };

        status = db_execute_bulk(
            db,
            "INSERT INTO orders_detail"
            " (order_id, line_no, product_id, name, quantity, unit_price, line_total)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            columns, sizeof columns / sizeof columns[0], count, NULL);
        done += count;
    }
    return status;
}

static Status insert_timeline(Db *db, const Append *append)
{
    const OrderTable *table = &append->table;
    const DbColumn columns[] = {
        { DB_UINT, table->id, NULL, NULL },
        { DB_TIME, table->created_at, NULL, NULL },
        { DB_BYTES, table->trace_id, NULL, NULL },
    };

    return db_execute_bulk(
        db,
        "INSERT INTO orders_event"
        " (order_id, seq, at, service, type, from_status, to_status, detail, trace_id)"
        " VALUES (?, 1, ?, '" ORDER_PLACED_SERVICE "', '" ORDER_PLACED_TYPE "', NULL, 1, '', ?)",
        columns, sizeof columns / sizeof columns[0], append->count, NULL);
}

/* The keys come first: a request stored meanwhile then costs the least. */
static Status store(void *context, Db *db)
{
    Append *append = context;

    Status status = insert_keys(db, append);
    if (!status_failed(status)) {
        status = insert_orders(db, append);
    }
    if (!status_failed(status)) {
        status = insert_lines(db, append);
    }
    if (!status_failed(status)) {
        status = insert_timeline(db, append);
    }
    if (!status_failed(status)) {
        status = outbox_append(db, append->arena, append->events, append->count);
    }
    return status;
}

Status mysql_orders_append(Db *db, IdSource *ids, Arena *arena, const NewOrder *orders,
                           size_t count)
{
    Append append = { .arena = arena, .orders = orders, .count = count };

    if (!allocate_orders(&append) || !allocate_keys(&append) || !allocate_lines(&append) ||
        !fill_keys(&append)) {
        return out_of_memory();
    }
    fill_orders(&append);
    fill_lines(&append);
    Status status = fill_events(&append, ids);
    if (status_failed(status)) {
        return status;
    }
    return db_transact(db, store, &append);
}
