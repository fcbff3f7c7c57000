/* mysql_order_rows.h - how orders look in the tables: what the store and the reads
 * share. Text is copied into the arena. */
#ifndef JUMUN_SERVICES_ORDER_ADAPTERS_MYSQL_ORDER_ROWS_H
#define JUMUN_SERVICES_ORDER_ADAPTERS_MYSQL_ORDER_ROWS_H

#include "common/base/arena.h"
#include "common/mysql/db.h"
#include "services/order/domain/order.h"

/* The columns that order_rows_add reads, in its order. */
#define ORDER_COLUMNS                                                                              \
    "order_id, member_id, CAST(status AS UNSIGNED), reason, total, currency, item_count, "         \
    "payment_status, payment_attempt, payment_token, trace_parent, hold_expires_at, "              \
    "created_at, updated_at, version, `open`"

/* What orders.open says: whom the order waits for (docs/adr/0017). NULL: nobody. The index
 * over it finds the few among the many that are over. */
enum {
    OPEN_FOR_SERVICE = 1,
    OPEN_FOR_MEMBER = 2,
    OPEN_FOR_REVIEW = 3, /* no longer open to the domain: nothing comes by itself */
};

/* Orders read by a query, in its order. */
typedef struct OrderRows {
    Arena *arena;
    Order *orders; /* room for max */
    size_t max;
    size_t count;
} OrderRows;

/* RESOURCE_EXHAUSTED if the arena is full. */
Status order_rows_init(OrderRows *rows, Arena *arena, size_t max);

/* A DbRowRun; its context is an OrderRows. */
Status order_rows_add(void *context, const DbRow *row);

/* Of rows sorted by id; NULL if it is not there. */
Order *order_rows_find(const OrderRows *rows, OrderId id);

/* Reads the lines of count (1..DB_ROWS_MAX) orders, sorted by id. */
Status order_lines_read(Db *db, Arena *arena, Order *const *orders, size_t count);

/* Reads orders with their lines: ret_orders[i] is ids[i]'s, or NULL. */
Status orders_read(Db *db, Arena *arena, const OrderId *ids, size_t count, Order **ret_orders);

/* The trace id within a traceparent, "" if there is none. */
const char *order_trace_id(Arena *arena, const char *trace_parent);

#endif
