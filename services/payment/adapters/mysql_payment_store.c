/* mysql_payment_store.c - a batch of payments in one transaction of a few bulk
 * statements. */
#include "services/payment/adapters/mysql_payment_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/mysql/db.h"
#include "common/mysql/outbox.h"
#include "services/payment/adapters/payment_answers.h"
#include "services/payment/adapters/payment_rows.h"
#include "services/payment/adapters/payment_schema.h"

enum {
    ARENA_BLOCK = 256 * 1024,
    ARENA_MAX = 4 * 1024 * 1024,
};

static_assert((int)PAYMENT_BATCH_MAX <= (int)DB_ROWS_MAX, "new rows in one bulk");
static_assert((int)PAYMENT_ORDERS_MAX <= (int)DB_ROWS_MAX, "payments in one bulk");

typedef struct MysqlPaymentStore {
    PaymentStore store; /* first: a PaymentStore pointer is one of these */
    Db *db;
    IdSource *ids;
    const Clock *clock;
    bool schema_known;
    Arena arena; /* of one transaction */
    DbValue params[2 * PAYMENT_BATCH_MAX];
    EventId events[PAYMENT_BATCH_MAX];
    bool event_seen[PAYMENT_BATCH_MAX];
    bool open[PAYMENT_DUE_MAX]; /* of the due attempts: still UNKNOWN */
    OutboxEvent answers[PAYMENT_BATCH_MAX];
    PaymentRows rows;
} MysqlPaymentStore;

/* What a transaction works on. */
typedef struct Save {
    MysqlPaymentStore *store;
    PaymentCommand *const *commands;
    size_t count;
    PaymentBook *book;
    int64_t now_us;
    size_t answer_count;
    size_t settled;
} Save;

static Status check_schema(MysqlPaymentStore *store)
{
    return payment_schema_check(store->db, PAYMENT_SCHEMA_VERSION, &store->schema_known);
}

static Status find_seen(MysqlPaymentStore *store, PaymentCommand *const *commands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        store->events[i] = commands[i]->event;
    }
    Status status = inbox_find(store->db, store->events, count, store->event_seen);
    for (size_t i = 0; !status_failed(status) && i < count; i++) {
        commands[i]->seen = commands[i]->seen || store->event_seen[i];
    }
    return status;
}

static Status load(PaymentStore *base, PaymentCommand *const *commands, size_t count, bool careful,
                   PaymentBook *book)
{
    MysqlPaymentStore *store = (MysqlPaymentStore *)base;
    size_t param_count = 0;

    assert(count <= PAYMENT_BATCH_MAX);
    Status status = check_schema(store);
    if (!status_failed(status) && careful) {
        status = find_seen(store, commands, count);
    }
    if (status_failed(status)) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        Payment *payment = payment_book_find(book, commands[i]->charge.order);
        if (!payment->changed) { /* each order once; the mark is taken back below */
            payment->changed = true;
            store->params[param_count++] = db_uint(payment->order.value);
        }
    }
    for (size_t i = 0; i < count; i++) {
        payment_book_find(book, commands[i]->charge.order)->changed = false;
    }
    return db_query(store->db,
                    PAYMENT_ROWS_SELECT "WHERE a.order_id IN ({?|,}) ORDER BY a.order_id, "
                                        "a.attempt",
                    store->params, param_count, payment_take_row, book);
}

static bool has_effect(const PaymentCommand *command)
{
    return !command->seen && !status_failed(command->status);
}

static Status save_inbox(Save *save)
{
    MysqlPaymentStore *store = save->store;
    size_t count = 0;

    for (size_t i = 0; i < save->count; i++) {
        if (has_effect(save->commands[i])) {
            store->events[count++] = save->commands[i]->event;
        }
    }
    return count == 0 ? status_ok() : inbox_append(store->db, store->events, count, save->now_us);
}

static Status save_payments(Save *save, bool stored)
{
    PaymentRows *rows = &save->store->rows;

    rows->count = 0;
    for (size_t i = 0; i < PAYMENT_ORDERS_MAX; i++) {
        const Payment *payment = &save->book->payments[i];
        if (payment->changed && (payment->version > 0) == stored) {
            payment_rows_add(rows, payment);
        }
    }
    return stored ? payment_rows_update(rows, save->store->db)
                  : payment_rows_insert(rows, save->store->db);
}

static Status save_attempts(Save *save)
{
    PaymentRows *rows = &save->store->rows;

    rows->count = 0;
    for (size_t i = 0; i < save->book->attempt_count; i++) {
        if (save->book->attempts[i].changed) {
            attempt_rows_add(rows, &save->book->attempts[i]);
        }
    }
    return attempt_rows_insert(rows, save->store->db);
}

static Status add_answer(Save *save, const Payment *payment, const Attempt *attempt,
                         const char *trace_parent)
{
    MysqlPaymentStore *store = save->store;
    OutboxEvent *answer = &store->answers[save->answer_count];

    if (!payment_answer_make(payment, attempt, &store->arena, answer)) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    if (!id_source_next(store->ids, &answer->id.value)) {
        return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    }
    answer->at_us = save->now_us;
    answer->trace_parent = trace_parent;
    save->answer_count++;
    return status_ok();
}

static Status save_answers(Save *save)
{
    Status status = status_ok();

    for (size_t i = 0; !status_failed(status) && i < save->count; i++) {
        const PaymentCommand *command = save->commands[i];
        if (command->answers) {
            status = add_answer(save, command->payment, command->attempt, command->trace_parent);
        }
    }
    if (status_failed(status)) {
        return status;
    }
    return outbox_append(save->store->db, &save->store->arena, save->store->answers,
                         save->answer_count);
}

static Status save_body(void *context, Db *db)
{
    Save *save = context;

    (void)db;
    arena_reset(&save->store->arena);
    save->answer_count = 0;
    Status status = save_inbox(save);
    if (!status_failed(status)) {
        status = save_payments(save, false);
    }
    if (!status_failed(status)) {
        status = save_payments(save, true);
    }
    if (!status_failed(status)) {
        status = save_attempts(save);
    }
    return status_failed(status) ? status : save_answers(save);
}

static Status save(PaymentStore *base, PaymentCommand *const *commands, size_t count,
                   PaymentBook *book)
{
    MysqlPaymentStore *store = (MysqlPaymentStore *)base;
    Save context = {
        .store = store,
        .commands = commands,
        .count = count,
        .book = book,
        .now_us = clock_wall_us(store->clock),
    };

    return db_transact(store->db, save_body, &context);
}

static Status load_due(PaymentStore *base, int64_t now_us, PaymentBook *book)
{
    MysqlPaymentStore *store = (MysqlPaymentStore *)base;
    const DbValue params[] = { db_time(now_us), db_int(PAYMENT_DUE_MAX) };

    Status status = check_schema(store);
    if (status_failed(status)) {
        return status;
    }
    return db_query(store->db,
                    PAYMENT_ROWS_SELECT "WHERE a.next_inquiry_at <= ? AND a.status = 'UNKNOWN' "
                                        "ORDER BY a.next_inquiry_at LIMIT ?",
                    params, sizeof params / sizeof params[0], payment_take_row, book);
}

/* The attempt of the book that a row names is still open. */
static Status take_open(void *context, const DbRow *row)
{
    Save *save = context;
    PaymentBook *book = save->book;

    for (size_t i = 0; i < book->attempt_count; i++) {
        if (book->attempts[i].order.value == db_row_uint(row, 0) &&
            book->attempts[i].number == db_row_uint(row, 1)) {
            save->store->open[i] = true;
        }
    }
    return status_ok();
}

static Status lock_open(Save *save)
{
    MysqlPaymentStore *store = save->store;
    PaymentBook *book = save->book;
    size_t count = 0;

    memset(store->open, 0, sizeof store->open);
    for (size_t i = 0; i < book->attempt_count; i++) {
        store->params[count++] = db_uint(book->attempts[i].order.value);
        store->params[count++] = db_uint(book->attempts[i].number);
    }
    return db_query(store->db,
                    "SELECT order_id, attempt FROM payment_attempt "
                    "WHERE ({(order_id = ? AND attempt = ?)| OR }) AND status = 'UNKNOWN' "
                    "ORDER BY order_id, attempt FOR UPDATE",
                    store->params, count, take_open, save);
}

static Status settle_attempts(Save *save)
{
    PaymentRows *rows = &save->store->rows;

    rows->count = 0;
    for (size_t i = 0; i < save->book->attempt_count; i++) {
        if (save->store->open[i]) {
            attempt_rows_add(rows, &save->book->attempts[i]);
        }
    }
    return attempt_rows_update(rows, save->store->db);
}

static Status settle_payments(Save *save)
{
    PaymentRows *rows = &save->store->rows;

    rows->count = 0;
    for (size_t i = 0; i < save->book->attempt_count; i++) {
        const Payment *payment = payment_book_find(save->book, save->book->attempts[i].order);
        if (save->store->open[i] && payment->changed) {
            payment_rows_add(rows, payment);
        }
    }
    return payment_rows_update(rows, save->store->db);
}

static Status settle_answers(Save *save)
{
    Status status = status_ok();

    for (size_t i = 0; !status_failed(status) && i < save->book->attempt_count; i++) {
        const Attempt *attempt = &save->book->attempts[i];
        if (save->store->open[i] && attempt->status != PAYMENT_UNKNOWN) {
            status = add_answer(save, payment_book_find(save->book, attempt->order), attempt, "");
            save->settled++;
        }
    }
    if (status_failed(status)) {
        return status;
    }
    return outbox_append(save->store->db, &save->store->arena, save->store->answers,
                         save->answer_count);
}

static Status settle_body(void *context, Db *db)
{
    Save *save = context;

    (void)db;
    arena_reset(&save->store->arena);
    save->answer_count = 0;
    save->settled = 0;
    Status status = lock_open(save);
    if (!status_failed(status)) {
        status = settle_attempts(save);
    }
    if (!status_failed(status)) {
        status = settle_payments(save);
    }
    return status_failed(status) ? status : settle_answers(save);
}

static Status settle_due(PaymentStore *base, PaymentBook *book, size_t *ret_settled)
{
    MysqlPaymentStore *store = (MysqlPaymentStore *)base;
    Save context = { .store = store, .book = book, .now_us = clock_wall_us(store->clock) };

    assert(book->attempt_count <= PAYMENT_DUE_MAX);
    Status status = db_transact(store->db, settle_body, &context);
    if (!status_failed(status)) {
        *ret_settled = context.settled;
    }
    return status;
}

static Status find(PaymentStore *base, OrderId order, PaymentBook *book)
{
    MysqlPaymentStore *store = (MysqlPaymentStore *)base;
    const DbValue param = db_uint(order.value);

    Status status = check_schema(store);
    if (!status_failed(status)) {
        status = db_query(store->db, PAYMENT_ROWS_SELECT "WHERE a.order_id = ? ORDER BY a.attempt",
                          &param, 1, payment_take_row, book);
    }
    if (!status_failed(status) && book->attempt_count == 0) {
        return status_make(STATUS_NOT_FOUND, "PAYMENT_NOT_FOUND");
    }
    return status;
}

static Status purge(PaymentStore *base, int64_t before_us, uint64_t *ret_deleted)
{
    return inbox_purge(((MysqlPaymentStore *)base)->db, before_us, ret_deleted);
}

static const PaymentStoreOps ops = { load, save, load_due, settle_due, find, purge };

Status mysql_payment_store_open(const char *url, IdSource *ids, const Clock *clock,
                                PaymentStore **ret_store)
{
    MysqlPaymentStore *store = calloc(1, sizeof *store);

    if (store == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    store->store.ops = &ops;
    store->ids = ids;
    store->clock = clock;
    arena_init(&store->arena, ARENA_BLOCK, ARENA_MAX);
    Status status = db_open(url, &store->db);
    if (status_failed(status)) {
        mysql_payment_store_close(&store->store);
        return status;
    }
    *ret_store = &store->store;
    return status_ok();
}

void mysql_payment_store_close(PaymentStore *store)
{
    MysqlPaymentStore *opened = (MysqlPaymentStore *)store;

    if (opened == NULL) {
        return;
    }
    db_close(opened->db);
    arena_deinit(&opened->arena);
    free(opened);
}
