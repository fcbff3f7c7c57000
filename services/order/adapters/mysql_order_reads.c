#include "services/order/adapters/mysql_order_reads.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mysql/db.h"
#include "services/order/adapters/mysql_order_rows.h"
#include "services/order/adapters/order_schema.h"

enum {
    ENTRIES_FIRST = 8,
    ENTRIES_MAX = 10000, /* of one timeline */
};

/* Ids may run ahead of the clock, and clocks differ: created_at decides, the id only
 * bounds the search. */
#define ID_SLACK_US (60 * US_PER_S)
#define LATEST_US   INT64_C(253402300799000000) /* 9999-12-31T23:59:59Z */

/* Within what DATETIME can tell, so that adding slack stays in range, too. */
static int64_t upper_us(const OrderFilter *filter)
{
    return filter->to_us == 0 || filter->to_us > LATEST_US ? LATEST_US : filter->to_us;
}

typedef struct MysqlOrderReads {
    OrderReads port;
    Db *db;
    bool schema_known;
} MysqlOrderReads;

/* The connection, once its schema is one we know. */
static Status begin(OrderReads *reads, Db **ret_db)
{
    MysqlOrderReads *self = (MysqlOrderReads *)reads;

    *ret_db = self->db;
    return order_schema_check(self->db, &self->schema_known);
}

/* Reading may simply be done again: once, on a new connection. Not what was too slow, which
 * would be so again. */
static bool is_lost(const Db *db, Status status)
{
    return (status.code == STATUS_UNAVAILABLE || status.code == STATUS_UNKNOWN) && !db_is_up(db);
}

static Status answer(Status status)
{
    return status.code == STATUS_UNKNOWN ? status_make(STATUS_UNAVAILABLE, "UNAVAILABLE") : status;
}

static Status find(OrderReads *reads, Arena *arena, const OrderId *ids, size_t count,
                   Order **ret_orders)
{
    Db *db;
    Status status = begin(reads, &db);

    if (!status_failed(status)) {
        status = orders_read(db, arena, ids, count, ret_orders);
    }
    if (is_lost(db, status)) {
        status = orders_read(db, arena, ids, count, ret_orders);
    }
    return answer(status);
}

static const char *const list_own =
    "SELECT " ORDER_COLUMNS " FROM orders WHERE member_id = ? AND order_id BETWEEN ? AND ?"
    " AND created_at >= ? AND created_at < ? AND (? = 0 OR status = ?)"
    " ORDER BY order_id DESC LIMIT ?";

/* May look at very many orders to find a rare state, while others wait for their lists. */
static const char *const list_all =
    "/*M!100300 SET STATEMENT max_statement_time=1 FOR */ SELECT " ORDER_COLUMNS
    " FROM orders WHERE order_id BETWEEN ? AND ?"
    " AND created_at >= ? AND created_at < ? AND (? = 0 OR status = ?)"
    " ORDER BY order_id DESC LIMIT ?";

/* Orders in a state that they leave again, or that somebody has to look at, are few among
 * all; the order's state says which index finds them. */
static const char *const list_open =
    "SELECT " ORDER_COLUMNS " FROM orders FORCE INDEX (orders_open) WHERE `open` IN (1, 2, 3)"
    " AND order_id BETWEEN ? AND ? AND created_at >= ? AND created_at < ?"
    " AND (? = 0 OR status = ?) ORDER BY order_id DESC LIMIT ?";

static bool is_listed_as_open(OrderState state)
{
    return state == ORDER_NEEDS_REVIEW || (state != 0 && !order_state_is_final(state));
}

/* The ids that can match: the narrowest of all bounds; none if low > high. */
static void bound_ids(const OrderFilter *filter, uint64_t *ret_low, uint64_t *ret_high)
{
    uint64_t low = filter->from_us == 0 ? 0 : id_floor(filter->from_us - ID_SLACK_US);
    uint64_t high = filter->to_us == 0 ? UINT64_MAX : id_floor(upper_us(filter) + ID_SLACK_US);

    if (filter->below.value != 0 && filter->below.value - 1 < high) {
        high = filter->below.value - 1;
    }
    if (filter->only.value != 0) {
        low = low > filter->only.value ? low : filter->only.value;
        high = high < filter->only.value ? high : filter->only.value;
    }
    *ret_low = low;
    *ret_high = high;
}

static Status run_list(Db *db, const OrderReader *reader, const OrderFilter *filter,
                       OrderRows *rows)
{
    uint64_t low;
    uint64_t high;

    bound_ids(filter, &low, &high);
    const DbValue params[] = {
        db_uint(reader->member.value),
        db_uint(low),
        db_uint(high),
        db_time(filter->from_us),
        db_time(upper_us(filter)),
        db_uint((uint64_t)filter->state),
        db_uint((uint64_t)filter->state),
        db_uint(filter->limit),
    };
    const size_t count = sizeof params / sizeof params[0];

    if (low > high) {
        return status_ok();
    }
    if (!reader->sees_all) {
        return db_query(db, list_own, params, count, order_rows_add, rows);
    }
    return is_listed_as_open(filter->state)
               ? db_query(db, list_open, &params[1], count - 1, order_rows_add, rows)
               : db_query(db, list_all, &params[1], count - 1, order_rows_add, rows);
}

static Status list(OrderReads *reads, Arena *arena, const OrderReader *reader,
                   const OrderFilter *filter, Order **ret_orders, size_t *ret_count)
{
    OrderRows rows;
    Db *db;
    Status status = begin(reads, &db);

    if (status_failed(status)) {
        return answer(status);
    }
    status = order_rows_init(&rows, arena, filter->limit);
    if (status_failed(status)) {
        return status;
    }
    status = run_list(db, reader, filter, &rows);
    if (is_lost(db, status)) {
        rows.count = 0;
        status = run_list(db, reader, filter, &rows);
    }
    if (!status_failed(status)) {
        *ret_orders = rows.orders;
        *ret_count = rows.count;
    }
    return answer(status);
}

/* -- timeline -- */

typedef struct Entries {
    Arena *arena;
    OrderEntry *all;
    size_t count;
    size_t room;
} Entries;

static const char *copy_text(Arena *arena, const DbRow *row, unsigned column)
{
    const char *text = db_row_text(row, column);

    return arena_copy(arena, text, strlen(text));
}

static Status add_entry(void *context, const DbRow *row)
{
    Entries *entries = context;

    if (entries->count == entries->room) {
        size_t room = entries->room == 0 ? ENTRIES_FIRST : entries->room * 2;
        OrderEntry *all =
            room > ENTRIES_MAX ? NULL : arena_calloc(entries->arena, room, sizeof *all);
        if (all == NULL) {
            return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
        }
        if (entries->count > 0) {
            memcpy(all, entries->all, entries->count * sizeof *all);
        }
        entries->all = all;
        entries->room = room;
    }
    OrderEntry *entry = &entries->all[entries->count];
    *entry = (OrderEntry){
        .seq = (uint32_t)db_row_uint(row, 0),
        .at_us = db_row_time(row, 1),
        .service = copy_text(entries->arena, row, 2),
        .type = copy_text(entries->arena, row, 3),
        .from = db_row_is_null(row, 4) ? (OrderState)0 : (OrderState)db_row_uint(row, 4),
        .to = (OrderState)db_row_uint(row, 5),
        .detail = copy_text(entries->arena, row, 6),
        .trace_id = copy_text(entries->arena, row, 7),
    };
    if (entry->service == NULL || entry->type == NULL || entry->detail == NULL ||
        entry->trace_id == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    entries->count++;
    return status_ok();
}

static const char *const timeline_of =
    "SELECT e.seq, e.at, e.service, e.type, CAST(e.from_status AS UNSIGNED),"
    " CAST(e.to_status AS UNSIGNED), e.detail, e.trace_id"
    " FROM orders o JOIN orders_event e ON e.order_id = o.order_id"
    " WHERE o.order_id = ? AND (? = 1 OR o.member_id = ?) ORDER BY e.seq";

static Status timeline(OrderReads *reads, Arena *arena, const OrderReader *reader, OrderId id,
                       OrderEntry **ret_entries, size_t *ret_count)
{
    Entries entries = { .arena = arena };
    const DbValue params[] = { db_uint(id.value), db_uint(reader->sees_all ? 1 : 0),
                               db_uint(reader->member.value) };

    Db *db;
    Status status = begin(reads, &db);
    if (!status_failed(status)) {
        status = db_query(db, timeline_of, params, 3, add_entry, &entries);
    }
    if (is_lost(db, status)) {
        entries.count = 0;
        status = db_query(db, timeline_of, params, 3, add_entry, &entries);
    }
    if (!status_failed(status)) {
        *ret_entries = entries.all;
        *ret_count = entries.count;
    }
    return answer(status);
}

static const OrderReadsOps ops = { .find = find, .list = list, .timeline = timeline };

Status mysql_order_reads_open(const char *url, OrderReads **ret_reads)
{
    MysqlOrderReads *self = calloc(1, sizeof *self);

    if (self == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    self->port.ops = &ops;
    Status status = db_open(url, &self->db);
    if (status_failed(status)) {
        mysql_order_reads_close(&self->port);
        return status;
    }
    *ret_reads = &self->port;
    return status;
}

void mysql_order_reads_close(OrderReads *reads)
{
    MysqlOrderReads *self = (MysqlOrderReads *)reads;

    if (self == NULL) {
        return;
    }
    db_close(self->db);
    free(self);
}
