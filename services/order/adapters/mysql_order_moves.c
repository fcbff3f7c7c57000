/* What orders have become, in the middle of the transaction that moves them: new states,
 * timeline rows, commands. */
#include "common/mysql/outbox.h"
#include "services/order/adapters/mysql_order_rows.h"
#include "services/order/adapters/mysql_order_writes.h"
#include "services/order/adapters/order_commands.h"

static Status out_of_memory(void)
{
    return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
}

typedef struct UpdateTable {
    size_t count;
    uint64_t *state;
    const char **reason;
    uint64_t *payment;
    uint64_t *attempt;
    const char **token;
    bool *no_token;
    int64_t *updated_at;
    uint64_t *version;
    int64_t *open;
    bool *closed;
    uint64_t *id;
} UpdateTable;

static bool allocate_update(Arena *arena, size_t count, UpdateTable *table)
{
    table->state = arena_calloc(arena, count, sizeof(uint64_t));
    table->reason = arena_calloc(arena, count, sizeof(char *));
    table->payment = arena_calloc(arena, count, sizeof(uint64_t));
    table->attempt = arena_calloc(arena, count, sizeof(uint64_t));
    table->token = arena_calloc(arena, count, sizeof(char *));
    table->no_token = arena_calloc(arena, count, sizeof(bool));
    table->updated_at = arena_calloc(arena, count, sizeof(int64_t));
    table->version = arena_calloc(arena, count, sizeof(uint64_t));
    table->open = arena_calloc(arena, count, sizeof(int64_t));
    table->closed = arena_calloc(arena, count, sizeof(bool));
    table->id = arena_calloc(arena, count, sizeof(uint64_t));
    return table->state != NULL && table->reason != NULL && table->payment != NULL &&
           table->attempt != NULL && table->token != NULL && table->no_token != NULL &&
           table->updated_at != NULL && table->version != NULL && table->open != NULL &&
           table->closed != NULL && table->id != NULL;
}

/* As orders.open says it; 0 for nobody. */
static int64_t waits_for(const Order *order)
{
    if (order->state == ORDER_NEEDS_REVIEW) {
        return OPEN_FOR_REVIEW;
    }
    if (!order->open) {
        return 0;
    }
    return order_state_waits_for_member(order->state) ? OPEN_FOR_MEMBER : OPEN_FOR_SERVICE;
}

static bool fill_update(const MysqlMoves *moves, UpdateTable *table)
{
    if (!allocate_update(moves->call->arena, moves->order_count + 1, table)) {
        return false;
    }
    for (size_t i = 0; i < moves->order_count; i++) {
        const Order *order = &moves->orders[i];
        size_t at = table->count;

        if (!moves->touched[i]) {
            continue;
        }
        table->state[at] = (uint64_t)order->state;
        table->reason[at] = order->reason;
        table->payment[at] = (uint64_t)order->payment;
        table->attempt[at] = order->payment_attempt;
        table->token[at] = order->payment_token;
        table->no_token[at] = order->payment_token[0] == '\0';
        table->updated_at[at] = order->updated_at_us;
        table->version[at] = order->version;
        table->open[at] = waits_for(order);
        table->closed[at] = table->open[at] == 0;
        table->id[at] = order->id.value;
        table->count++;
    }
    return true;
}

/* An update of rows that are there and locked, written as an insert: MariaDB runs a bulk
 * INSERT as one statement, but a bulk UPDATE once per row, at four times the cost. An
 * updated row counts 2; an inserted one would count 1 and be rolled back. */
static const char update_sql[] =
    "INSERT INTO orders (order_id, status, reason, payment_status, payment_attempt,"
    " payment_token, updated_at, version, `open`, last_seq, member_id, total, currency,"
    " item_count, trace_parent, hold_expires_at, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, '', 0, '', '2000-01-01', '2000-01-01')"
    " ON DUPLICATE KEY UPDATE status = VALUES(status), reason = VALUES(reason),"
    " payment_status = VALUES(payment_status), payment_attempt = VALUES(payment_attempt),"
    " payment_token = VALUES(payment_token), updated_at = VALUES(updated_at),"
    " version = VALUES(version), last_seq = VALUES(version), `open` = VALUES(`open`)";

static Status update_orders(const MysqlMoves *moves, Db *db)
{
    UpdateTable table = { 0 };
    uint64_t affected = 0;

    if (!fill_update(moves, &table)) {
        return out_of_memory();
    }
    if (table.count == 0) {
        return status_ok();
    }
    const DbColumn columns[] = {
        { DB_UINT, table.id, NULL, NULL },          { DB_UINT, table.state, NULL, NULL },
        { DB_BYTES, table.reason, NULL, NULL },     { DB_UINT, table.payment, NULL, NULL },
        { DB_UINT, table.attempt, NULL, NULL },     { DB_BYTES, table.token, NULL, table.no_token },
        { DB_TIME, table.updated_at, NULL, NULL },  { DB_UINT, table.version, NULL, NULL },
        { DB_INT, table.open, NULL, table.closed },
    };
    Status status = db_execute_bulk(db, update_sql, columns, sizeof columns / sizeof columns[0],
                                    table.count, &affected);
    if (!status_failed(status) && affected != 2 * table.count) {
        return status_make(STATUS_ABORTED, "ABORTED"); /* though they are locked */
    }
    return status;
}

typedef struct EventTable {
    size_t count;
    uint64_t *order;
    uint64_t *seq;
    int64_t *at;
    const char **service;
    const char **type;
    uint64_t *from;
    uint64_t *to;
    const char **detail;
    const char **trace_id;
} EventTable;

static bool allocate_events(Arena *arena, size_t count, EventTable *table)
{
    table->order = arena_calloc(arena, count, sizeof(uint64_t));
    table->seq = arena_calloc(arena, count, sizeof(uint64_t));
    table->at = arena_calloc(arena, count, sizeof(int64_t));
    table->service = arena_calloc(arena, count, sizeof(char *));
    table->type = arena_calloc(arena, count, sizeof(char *));
    table->from = arena_calloc(arena, count, sizeof(uint64_t));
    table->to = arena_calloc(arena, count, sizeof(uint64_t));
    table->detail = arena_calloc(arena, count, sizeof(char *));
    table->trace_id = arena_calloc(arena, count, sizeof(char *));
    return table->order != NULL && table->seq != NULL && table->at != NULL &&
           table->service != NULL && table->type != NULL && table->from != NULL &&
           table->to != NULL && table->detail != NULL && table->trace_id != NULL;
}

static void add_rows(const MysqlAdvance *call, const OrderStep *step, EventTable *table)
{
    const OrderOutcome *outcome = &step->outcome;
    const char *trace =
        step->trace_parent[0] != '\0' ? step->trace_parent : step->order->trace_parent;
    const char *trace_id = outcome->move_count > 0 ? order_trace_id(call->arena, trace) : "";

    for (size_t i = 0; i < outcome->move_count; i++) {
        const OrderMove *move = &outcome->moves[i];
        size_t at = table->count++;

        table->order[at] = step->order_id.value;
        table->seq[at] = step->order->version - outcome->move_count + 1 + i;
        table->at[at] = call->decision->now_us;
        table->service[at] = order_event_service(move->event);
        table->type[at] = order_event_type(move->event);
        table->from[at] = (uint64_t)move->from;
        table->to[at] = (uint64_t)move->to;
        table->detail[at] = i == 0 ? step->news.detail : step->order->reason;
        table->trace_id[at] = trace_id;
    }
}

static Status insert_rows(Db *db, const EventTable *table)
{
    Status status = status_ok();

    for (size_t done = 0; !status_failed(status) && done < table->count;) {
        size_t count = table->count - done < DB_ROWS_MAX ? table->count - done : DB_ROWS_MAX;
        const DbColumn columns[] = {
            { DB_UINT, &table->order[done], NULL, NULL },
            { DB_UINT, &table->seq[done], NULL, NULL },
            { DB_TIME, &table->at[done], NULL, NULL },
            { DB_BYTES, &table->service[done], NULL, NULL },
            { DB_BYTES, &table->type[done], NULL, NULL },
            { DB_UINT, &table->from[done], NULL, NULL },
            { DB_UINT, &table->to[done], NULL, NULL },
            { DB_BYTES, &table->detail[done], NULL, NULL },
            { DB_BYTES, &table->trace_id[done], NULL, NULL },
        };

        status = db_execute_bulk(
            db,
            "INSERT INTO orders_event"
            " (order_id, seq, at, service, type, from_status, to_status, detail, trace_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            columns, sizeof columns / sizeof columns[0], count, NULL);
        done += count;
    }
    return status;
}

static Status insert_timeline(const MysqlMoves *moves, Db *db)
{
    const MysqlAdvance *call = moves->call;
    EventTable table = { 0 };

    if (!allocate_events(call->arena, call->count * ORDER_MOVES_MAX, &table)) {
        return out_of_memory();
    }
    for (size_t i = 0; i < call->count; i++) {
        if (call->steps[i]->order != NULL) {
            add_rows(call, call->steps[i], &table);
        }
    }
    return insert_rows(db, &table);
}

static Status send_commands(const MysqlMoves *moves, Db *db)
{
    const MysqlAdvance *call = moves->call;
    OutboxEvent *events = arena_calloc(call->arena, call->count, sizeof *events);
    size_t count = 0;

    if (events == NULL) {
        return out_of_memory();
    }
    for (size_t i = 0; i < call->count; i++) {
        const OrderStep *step = call->steps[i];

        if (step->order == NULL || step->outcome.command == ORDER_ASKS_NOTHING) {
            continue;
        }
        OutboxEvent *event = &events[count++];
        Status status = order_command_event(call->arena, step->order, step->outcome.command,
                                            call->decision->now_us, event);
        if (status_failed(status)) {
            return status;
        }
        if (!id_source_next(call->ids, &event->id.value)) {
            return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
        }
    }
    return outbox_append(db, call->arena, events, count);
}

Status mysql_moves_store(Db *db, const MysqlMoves *moves)
{
    Status status = update_orders(moves, db);

    if (!status_failed(status)) {
        status = insert_timeline(moves, db);
    }
    if (!status_failed(status)) {
        status = send_commands(moves, db);
    }
    return status;
}
