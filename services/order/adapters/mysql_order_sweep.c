#include "services/order/adapters/mysql_order_sweep.h"

#include <stdlib.h>
#include <string.h>

#include "common/mysql/outbox.h"

enum {
    DUE_WINDOW = 10000, /* stalled orders sorted in one look */
    IDS_MAX = 1024,     /* in one IN list */
    PURGE_BITE = 1000,
    PURGE_BITES_MAX = 20, /* in one turn */
};

typedef struct Due {
    OrderId *ids;
    size_t count;
    size_t max;
} Due;

static Status add_due(void *context, const DbRow *row)
{
    Due *due = context;

    if (due->count < due->max) {
        due->ids[due->count++] = (OrderId){ db_row_uint(row, 0) };
    }
    return status_ok();
}

/* Open orders are few, and all others many: the planner, which knows only that a column
 * of few values is no good to search by, must be told how to find them, here and below.
 * Those that wait for their members (2) may be many too; only this query looks at them,
 * and only at those that are old enough. */
static const char over_sql[] = "(SELECT order_id FROM orders FORCE INDEX (orders_open)"
                               " WHERE `open` = 2 AND order_id < ?"
                               " AND hold_expires_at <= ? AND status IN (2, 4)"
                               " ORDER BY order_id LIMIT ?)"
                               " UNION ALL"
                               " (SELECT order_id FROM orders FORCE INDEX (orders_open)"
                               " WHERE `open` = 1 AND order_id < ?"
                               " AND hold_expires_at <= ? AND status IN (1, 2, 4)"
                               " ORDER BY order_id LIMIT ?) LIMIT ?";

/* When an order last moved its newest timeline row tells; repeats only touch updated_at.
 * The window bounds the sort; no order stays in it for long, since a repeat takes it out
 * for at least as long as it has waited. */
static const char stalled_sql[] =
    "SELECT order_id FROM (SELECT STRAIGHT_JOIN o.order_id, o.updated_at"
    " FROM orders o FORCE INDEX (orders_open)"
    " JOIN orders_event e ON e.order_id = o.order_id AND e.seq = o.last_seq"
    " WHERE o.`open` = 1 AND o.order_id < ? AND o.updated_at < ? AND o.status IN (1, 3, 6, 7)"
    " AND TIMESTAMPDIFF(MICROSECOND, o.updated_at, ?)"
    " >= LEAST(TIMESTAMPDIFF(MICROSECOND, e.at, o.updated_at), ?)"
    " AND TIMESTAMPDIFF(MICROSECOND, e.at, o.updated_at) >= ?"
    " ORDER BY o.order_id LIMIT ?) due ORDER BY updated_at, order_id LIMIT ?";

static Status query_due(Db *db, const OrderDue *due, Due *found)
{
    const DbValue over[] = { db_uint(due->id_below), db_time(due->before_us), db_uint(due->max),
                             db_uint(due->id_below), db_time(due->before_us), db_uint(due->max),
                             db_uint(due->max) };
    const DbValue stalled[] = {
        db_uint(due->id_below),
        db_time(due->before_us),
        db_time(due->now_us),
        db_int(ORDER_REPEAT_WAIT_MAX_US),
        db_int(due->event == ORDER_LOST ? ORDER_LOST_AFTER_US : INT64_MIN),
        db_uint(DUE_WINDOW),
        db_uint(due->max),
    };

    return due->event == ORDER_HOLD_OVER ? db_query(db, over_sql, over, 7, add_due, found)
                                         : db_query(db, stalled_sql, stalled, 7, add_due, found);
}

Status mysql_orders_find_due(Db *db, const OrderDue *due, OrderId *ret_ids, size_t *ret_count)
{
    Due found = { ret_ids, 0, due->max };
    Status status = query_due(db, due, &found);

    if (!status_failed(status)) {
        *ret_count = found.count;
    }
    return status;
}

typedef struct States {
    const OrderId *ids; /* in any order */
    OrderState *states;
    size_t count;
} States;

static Status add_state(void *context, const DbRow *row)
{
    States *states = context;

    for (size_t i = 0; i < states->count; i++) {
        if (states->ids[i].value == db_row_uint(row, 0)) {
            states->states[i] = (OrderState)db_row_uint(row, 1);
        }
    }
    return status_ok();
}

Status mysql_orders_find_states(Db *db, Arena *arena, const OrderId *ids, size_t count,
                                OrderState *ret_states)
{
    DbValue *params = arena_calloc(arena, IDS_MAX, sizeof *params);
    Status status = status_ok();

    if (params == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    memset(ret_states, 0, count * sizeof *ret_states);
    for (size_t done = 0; !status_failed(status) && done < count;) {
        size_t some = count - done < IDS_MAX ? count - done : IDS_MAX;
        States states = { &ids[done], &ret_states[done], some };

        for (size_t i = 0; i < some; i++) {
            params[i] = db_uint(ids[done + i].value);
        }
        status = db_query(db,
                          "SELECT order_id, CAST(status AS UNSIGNED) FROM orders"
                          " WHERE order_id IN ({?|,})",
                          params, some, add_state, &states);
        done += some;
    }
    return status;
}

typedef struct Units {
    const ProductId *products; /* sorted */
    int64_t *units;
    size_t count;
} Units;

static int compare_product(const void *left, const void *right)
{
    const ProductId *a = left;
    const ProductId *b = right;

    return (a->value > b->value) - (a->value < b->value);
}

static Status add_units(void *context, const DbRow *row)
{
    Units *units = context;
    ProductId product = { db_row_uint(row, 0) };
    const ProductId *found =
        bsearch(&product, units->products, units->count, sizeof product, compare_product);

    if (found != NULL) {
        units->units[found - units->products] = db_row_int(row, 1);
    }
    return status_ok();
}

/* Of all products: to look for some would cost more than to leave out the others here. */
Status mysql_orders_pending_units(Db *db, const ProductId *products, size_t count,
                                  int64_t *ret_units)
{
    Units units = { products, ret_units, count };

    memset(ret_units, 0, count * sizeof *ret_units);
    return db_query(db,
                    "SELECT STRAIGHT_JOIN d.product_id, CAST(SUM(d.quantity) AS SIGNED)"
                    " FROM orders o FORCE INDEX (orders_open)"
                    " JOIN orders_detail d ON d.order_id = o.order_id"
                    " WHERE o.`open` = 1 AND o.status = 1 GROUP BY d.product_id",
                    NULL, 0, add_units, &units);
}

Status mysql_orders_purge(Db *db, int64_t inbox_before_us, int64_t keys_before_us)
{
    const DbValue params[] = { db_time(keys_before_us), db_uint(PURGE_BITE) };
    uint64_t deleted = PURGE_BITE;
    Status status = status_ok();

    for (int i = 0; i < PURGE_BITES_MAX && deleted == PURGE_BITE && !status_failed(status); i++) {
        deleted = 0;
        status = inbox_purge(db, inbox_before_us, &deleted);
    }
    deleted = PURGE_BITE;
    for (int i = 0; i < PURGE_BITES_MAX && deleted == PURGE_BITE && !status_failed(status); i++) {
        deleted = 0;
        status = db_execute(db,
                            "DELETE FROM idempotency_key WHERE created_at < ?"
                            " ORDER BY created_at LIMIT ?",
                            params, 2, &deleted);
    }
    return status;
}
