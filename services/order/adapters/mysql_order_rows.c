#include "services/order/adapters/mysql_order_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINES_FIRST = 4, /* room for an order's lines at first */
    TRACE_ID_START = 3,
    TRACE_ID_SIZE = 32,
    TRACE_PARENT_SIZE = 55,
};

static Status out_of_memory(void)
{
    return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
}

Status order_rows_init(OrderRows *rows, Arena *arena, size_t max)
{
    *rows = (OrderRows){ .arena = arena, .max = max };
    rows->orders = arena_calloc(arena, max, sizeof *rows->orders);
    return rows->orders == NULL ? out_of_memory() : status_ok();
}

/* NULL when the arena is full. */
static const char *copy_text(Arena *arena, const DbRow *row, unsigned column)
{
    const char *text = db_row_text(row, column);

    return text[0] == '\0' ? "" : arena_copy(arena, text, strlen(text));
}

Status order_rows_add(void *context, const DbRow *row)
{
    OrderRows *rows = context;

    assert(rows->count < rows->max);
    Order *order = &rows->orders[rows->count];
    *order = (Order){
        .id = { db_row_uint(row, 0) },
        .member = { db_row_uint(row, 1) },
        .state = (OrderState)db_row_uint(row, 2),
        .reason = copy_text(rows->arena, row, 3),
        .total = { db_row_int(row, 4) },
        .currency = copy_text(rows->arena, row, 5),
        .item_count = (uint32_t)db_row_uint(row, 6),
        .payment = (OrderPaymentState)db_row_uint(row, 7),
        .payment_attempt = (uint32_t)db_row_uint(row, 8),
        .payment_token = copy_text(rows->arena, row, 9),
        .trace_parent = copy_text(rows->arena, row, 10),
        .hold_expires_at_us = db_row_time(row, 11),
        .created_at_us = db_row_time(row, 12),
        .updated_at_us = db_row_time(row, 13),
        .version = (uint32_t)db_row_uint(row, 14),
        .open = !db_row_is_null(row, 15) && db_row_int(row, 15) != OPEN_FOR_REVIEW,
    };
    if (order->reason == NULL || order->currency == NULL || order->payment_token == NULL ||
        order->trace_parent == NULL) {
        return out_of_memory();
    }
    rows->count++;
    return status_ok();
}

static int compare_order(const void *key, const void *element)
{
    const OrderId *id = key;
    const Order *order = element;

    return (id->value > order->id.value) - (id->value < order->id.value);
}

Order *order_rows_find(const OrderRows *rows, OrderId id)
{
    if (rows->count == 0) {
        return NULL;
    }
    return bsearch(&id, rows->orders, rows->count, sizeof *rows->orders, compare_order);
}

/* -- lines -- */

typedef struct LineRows {
    Arena *arena;
    Order *const *orders; /* sorted by id, as the rows are */
    size_t count;
    size_t at;
    size_t room; /* of orders[at]->lines */
} LineRows;

static bool make_room(LineRows *rows, Order *order)
{
    if (order->line_count < rows->room) {
        return true;
    }
    size_t room = rows->room == 0 ? LINES_FIRST : rows->room * 2;
    OrderLine *lines = arena_calloc(rows->arena, room, sizeof *lines);
    if (lines == NULL) {
        return false;
    }
    if (order->line_count > 0) {
        memcpy(lines, order->lines, order->line_count * sizeof *lines);
    }
    order->lines = lines;
    rows->room = room;
    return true;
}

static Status add_line(void *context, const DbRow *row)
{
    LineRows *rows = context;
    uint64_t id = db_row_uint(row, 0);

    while (rows->at < rows->count && rows->orders[rows->at]->id.value != id) {
        rows->at++;
        rows->room = 0;
    }
    assert(rows->at < rows->count);
    Order *order = rows->orders[rows->at];
    const char *name = copy_text(rows->arena, row, 2);
    if (name == NULL || !make_room(rows, order)) {
        return out_of_memory();
    }
    order->lines[order->line_count] = (OrderLine){
        .product = { db_row_uint(row, 1) },
        .name = name,
        .quantity = (uint32_t)db_row_uint(row, 3),
        .unit_price = { db_row_int(row, 4) },
        .line_total = { db_row_int(row, 5) },
        .position = (uint32_t)order->line_count,
    };
    order->line_count++;
    return status_ok();
}

Status order_lines_read(Db *db, Arena *arena, Order *const *orders, size_t count)
{
    LineRows rows = { .arena = arena, .orders = orders, .count = count };
    DbValue *params = arena_calloc(arena, count, sizeof *params);

    if (params == NULL) {
        return out_of_memory();
    }
    for (size_t i = 0; i < count; i++) {
        params[i] = db_uint(orders[i]->id.value);
        orders[i]->lines = NULL;
        orders[i]->line_count = 0;
    }
    return db_query(db,
                    "SELECT order_id, product_id, name, quantity, unit_price, line_total"
                    " FROM orders_detail WHERE order_id IN ({?|,}) ORDER BY order_id, line_no",
                    params, count, add_line, &rows);
}

/* -- orders -- */

Status orders_read(Db *db, Arena *arena, const OrderId *ids, size_t count, Order **ret_orders)
{
    OrderRows rows;
    DbValue *params = arena_calloc(arena, count, sizeof *params);
    Order **list = arena_calloc(arena, count, sizeof *list);

    Status status = order_rows_init(&rows, arena, count);
    if (params == NULL || list == NULL || status_failed(status)) {
        return out_of_memory();
    }
    for (size_t i = 0; i < count; i++) {
        params[i] = db_uint(ids[i].value);
    }
    status = db_query(
        db, "SELECT " ORDER_COLUMNS " FROM orders WHERE order_id IN ({?|,}) ORDER BY order_id",
        params, count, order_rows_add, &rows);
    for (size_t i = 0; i < rows.count; i++) {
        list[i] = &rows.orders[i];
    }
    if (!status_failed(status) && rows.count > 0) {
        status = order_lines_read(db, arena, list, rows.count);
    }
    if (status_failed(status)) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        ret_orders[i] = order_rows_find(&rows, ids[i]);
    }
    return status;
}

const char *order_trace_id(Arena *arena, const char *trace_parent)
{
    if (strlen(trace_parent) != TRACE_PARENT_SIZE) {
        return "";
    }
    const char *id = arena_copy(arena, trace_parent + TRACE_ID_START, TRACE_ID_SIZE);
    return id == NULL ? "" : id;
}
