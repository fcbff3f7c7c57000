/* Orders that hear something: lock, decide, store, in one transaction.
 *
 * The transaction may run again from the start, after a deadlock or without the events
 * that the inbox turned out to know, so each run begins by forgetting the last. */
#include <assert.h>
#include <stdlib.h>

#include "common/mysql/outbox.h"
#include "services/order/adapters/mysql_order_rows.h"
#include "services/order/adapters/mysql_order_writes.h"

typedef struct Run {
    const MysqlAdvance *call;
    bool *seen;     /* of each step: its event was heard before */
    OrderRows rows; /* the locked orders, sorted by id */
    bool *touched;  /* theirs: to be stored */
} Run;

static Status out_of_memory(void)
{
    return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
}

static Status begin(Run *run)
{
    const MysqlAdvance *call = run->call;

    for (size_t i = 0; i < call->count; i++) {
        OrderStep *step = call->steps[i];

        step->status = status_ok();
        step->outcome = (OrderOutcome){ 0 };
        step->order = NULL;
    }
    run->touched = arena_calloc(call->arena, call->count, sizeof *run->touched);
    Status status = order_rows_init(&run->rows, call->arena, call->count);
    return run->touched == NULL ? out_of_memory() : status;
}

/* -- lock and decide -- */

static int compare_params(const void *left, const void *right)
{
    const DbValue *a = left;
    const DbValue *b = right;

    return (a->natural > b->natural) - (a->natural < b->natural);
}

static Status lock_orders(Run *run, Db *db)
{
    const MysqlAdvance *call = run->call;
    DbValue *ids = arena_calloc(call->arena, call->count, sizeof *ids);
    size_t count = 0;
    size_t distinct = 0;

    if (ids == NULL) {
        return out_of_memory();
    }
    for (size_t i = 0; i < call->count; i++) {
        if (!run->seen[i]) {
            ids[count++] = db_uint(call->steps[i]->order_id.value);
        }
    }
    qsort(ids, count, sizeof *ids, compare_params);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || ids[i].natural != ids[distinct - 1].natural) {
            ids[distinct++] = ids[i];
        }
    }
    if (distinct == 0) {
        return status_ok();
    }
    return db_query(db,
                    "SELECT " ORDER_COLUMNS " FROM orders WHERE order_id IN ({?|,})"
                    " ORDER BY order_id FOR UPDATE",
                    ids, distinct, order_rows_add, &run->rows);
}

/* Each step in its turn. What it leaves behind is copied: the next step of the same
 * order moves on from there. */
static Status decide(Run *run)
{
    const MysqlAdvance *call = run->call;

    for (size_t i = 0; i < call->count; i++) {
        OrderStep *step = call->steps[i];
        Order *order = run->seen[i] ? NULL : order_rows_find(&run->rows, step->order_id);

        if (run->seen[i]) {
            continue;
        }
        if (order == NULL) {
            step->status = status_make(STATUS_NOT_FOUND, "ORDER_NOT_FOUND");
            continue;
        }
        call->decision->decide(call->decision->context, step, order);
        if (status_failed(step->status) || !step->outcome.touched) {
            continue;
        }
        Order *copy = arena_alloc(call->arena, sizeof *copy);
        if (copy == NULL) {
            return out_of_memory();
        }
        *copy = *order;
        step->order = copy;
        run->touched[order - run->rows.orders] = true;
    }
    return status_ok();
}

/* -- inbox -- */

typedef struct Events {
    EventId *ids;
    size_t *steps; /* whose they are */
    size_t count;
} Events;

/* The events of steps that came out well, or of those that did not. */
static Status list_events(const Run *run, bool failed, Events *ret_events)
{
    const MysqlAdvance *call = run->call;
    Events events = {
        .ids = arena_calloc(call->arena, call->count, sizeof *events.ids),
        .steps = arena_calloc(call->arena, call->count, sizeof *events.steps),
    };

    if (events.ids == NULL || events.steps == NULL) {
        return out_of_memory();
    }
    for (size_t i = 0; i < call->count; i++) {
        const OrderStep *step = call->steps[i];

        if (!run->seen[i] && step->event_id.value != 0 && status_failed(step->status) == failed) {
            events.steps[events.count] = i;
            events.ids[events.count++] = step->event_id;
        }
    }
    *ret_events = events;
    return status_ok();
}

/* A refused event that was heard before has simply come twice. */
static Status forgive_heard(Run *run, Db *db)
{
    Events events;
    Status status = list_events(run, true, &events);

    if (status_failed(status) || events.count == 0) {
        return status;
    }
    bool *heard = arena_calloc(run->call->arena, events.count, sizeof *heard);
    if (heard == NULL) {
        return out_of_memory();
    }
    status = inbox_find(db, events.ids, events.count, heard);
    for (size_t i = 0; !status_failed(status) && i < events.count; i++) {
        if (heard[i]) {
            run->call->steps[events.steps[i]]->status = status_ok();
            run->seen[events.steps[i]] = true;
        }
    }
    return status;
}

static Status remember(Run *run, Db *db)
{
    Events events;
    Status status = list_events(run, false, &events);

    if (status_failed(status) || events.count == 0) {
        return status;
    }
    return inbox_append(db, events.ids, events.count, run->call->decision->now_us);
}

/* After ALREADY_EXISTS: marks what the inbox knows. False if it knows nothing new, so
 * that something else must be the matter. */
static Status mark_seen(Run *run, Db *db, bool *ret_any)
{
    const MysqlAdvance *call = run->call;
    EventId *ids = arena_calloc(call->arena, call->count, sizeof *ids);
    bool *seen = arena_calloc(call->arena, call->count, sizeof *seen);
    bool any = false;

    if (ids == NULL || seen == NULL) {
        return out_of_memory();
    }
    for (size_t i = 0; i < call->count; i++) {
        ids[i] = call->steps[i]->event_id;
    }
    Status status = inbox_find(db, ids, call->count, seen);
    for (size_t i = 0; !status_failed(status) && i < call->count; i++) {
        if (seen[i] && ids[i].value != 0 && !run->seen[i]) {
            run->seen[i] = true;
            any = true;
        }
    }
    *ret_any = any;
    return status;
}

/* An event that comes twice in one batch is heard once. */
static void mark_twins(Run *run)
{
    const MysqlAdvance *call = run->call;

    for (size_t i = 1; i < call->count; i++) {
        uint64_t id = call->steps[i]->event_id.value;

        for (size_t j = 0; id != 0 && j < i && !run->seen[i]; j++) {
            run->seen[i] = call->steps[j]->event_id.value == id;
        }
    }
}

/* -- lines -- */

static bool needs_lines(const OrderStep *step)
{
    OrderCommand command = step->outcome.command;

    return step->order != NULL &&
           (command == ORDER_ASKS_RESERVE || command == ORDER_ASKS_RELEASE ||
            (step->outcome.move_count > 0 && order_state_is_final(step->order->state)));
}

/* Most steps need no lines: they are read for orders that end or ask for stock. */
static Status read_lines(Run *run, Db *db)
{
    const MysqlAdvance *call = run->call;
    OrderRows *rows = &run->rows;
    bool *needed = arena_calloc(call->arena, rows->count + 1, sizeof *needed);
    Order **list = arena_calloc(call->arena, rows->count + 1, sizeof *list);
    size_t count = 0;

    if (needed == NULL || list == NULL) {
        return out_of_memory();
    }
    for (size_t i = 0; i < call->count; i++) {
        if (needs_lines(call->steps[i])) {
            needed[order_rows_find(rows, call->steps[i]->order_id) - rows->orders] = true;
        }
    }
    for (size_t i = 0; i < rows->count; i++) {
        if (needed[i]) {
            list[count++] = &rows->orders[i];
        }
    }
    if (count == 0) {
        return status_ok();
    }
    Status status = order_lines_read(db, call->arena, list, count);
    for (size_t i = 0; !status_failed(status) && i < call->count; i++) {
        OrderStep *step = call->steps[i];

        if (needs_lines(step)) {
            Order *copy = arena_alloc(call->arena, sizeof *copy);
            const Order *order = order_rows_find(rows, step->order_id);
            if (copy == NULL) {
                return out_of_memory();
            }
            *copy = *step->order;
            copy->lines = order->lines;
            copy->line_count = order->line_count;
            step->order = copy;
        }
    }
    return status;
}

static Status transaction(void *context, Db *db)
{
    Run *run = context;

    Status status = begin(run);
    if (!status_failed(status)) {
        status = lock_orders(run, db);
    }
    if (!status_failed(status)) {
        status = decide(run);
    }
    if (!status_failed(status)) {
        status = forgive_heard(run, db);
    }
    if (!status_failed(status)) {
        status = remember(run, db);
    }
    if (!status_failed(status)) {
        status = read_lines(run, db);
    }
    if (!status_failed(status)) {
        status = mysql_moves_store(
            db, &(MysqlMoves){ run->call, run->rows.orders, run->touched, run->rows.count });
    }
    return status;
}

Status mysql_orders_advance(Db *db, const MysqlAdvance *advance)
{
    Run run = { .call = advance };
    bool any_seen = true;

    run.seen = arena_calloc(advance->arena, advance->count, sizeof *run.seen);
    if (run.seen == NULL) {
        return out_of_memory();
    }
    mark_twins(&run);
    Status status = db_transact(db, transaction, &run);
    while (status.code == STATUS_ALREADY_EXISTS && any_seen) {
        Status found = mark_seen(&run, db, &any_seen);
        if (status_failed(found)) {
            return found;
        }
        if (any_seen) {
            status = db_transact(db, transaction, &run);
        }
    }
    return status;
}
