#include "services/order/adapters/mysql_order_store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/mysql/db.h"
#include "common/mysql/outbox.h"
#include "services/order/adapters/mysql_order_rows.h"
#include "services/order/adapters/mysql_order_sweep.h"
#include "services/order/adapters/mysql_order_writes.h"
#include "services/order/adapters/order_schema.h"

enum {
    SCRATCH_BLOCK = 256 * 1024,
    SCRATCH_MAX = 32 * 1024 * 1024,
    CONFIRM_TRIES = 20,
    CONFIRM_PAUSE_MS = 100,
};

typedef struct MysqlOrderStore {
    OrderStore port;
    Db *db;
    IdSource *ids;
    bool schema_known;
    Arena scratch; /* of one call */
} MysqlOrderStore;

static Status out_of_memory(void)
{
    return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
}

/* Every call begins so. */
static Status begin(MysqlOrderStore *self)
{
    arena_reset(&self->scratch);
    return order_schema_check(self->db, &self->schema_known);
}

/* -- requests -- */

typedef struct Requests {
    const RequestKey *const *keys;
    size_t count;
    RequestRecord *records;
} Requests;

static Status add_request(void *context, const DbRow *row)
{
    Requests *requests = context;
    uint64_t member = db_row_uint(row, 0);
    const char *text = db_row_text(row, 1);
    size_t size;
    const void *hash = db_row_bytes(row, 2, &size);

    for (size_t i = 0; i < requests->count; i++) {
        const RequestKey *key = requests->keys[i];

        if (key->member.value == member && strcmp(key->text, text) == 0 &&
            size == REQUEST_HASH_SIZE) {
            RequestRecord *record = &requests->records[i];

            record->found = true;
            record->order = (OrderId){ db_row_uint(row, 3) };
            memcpy(record->hash, hash, REQUEST_HASH_SIZE);
        }
    }
    return status_ok();
}

/* Row values in IN cost the server half of what ORed conditions do (4 against 8 us a key),
 * and use the whole primary key as well.
 *
 * The first query of every batch: a connection that died while idle shows here, so it
 * gets a second chance. */
static Status find_requests(OrderStore *store, const RequestKey *const *keys, size_t count,
                            RequestRecord *ret_records)
{
    MysqlOrderStore *self = (MysqlOrderStore *)store;
    Requests requests = { keys, count, ret_records };
    Status status = begin(self);

    if (status_failed(status)) {
        return status;
    }
    DbValue *params = arena_calloc(&self->scratch, 2 * count, sizeof *params);
    if (params == NULL) {
        return out_of_memory();
    }
    for (size_t i = 0; i < count; i++) {
        params[2 * i] = db_uint(keys[i]->member.value);
        params[2 * i + 1] = db_text(keys[i]->text);
    }
    for (int tries = 0; tries < 2; tries++) {
        memset(ret_records, 0, count * sizeof *ret_records);
        status = db_query(self->db,
                          "SELECT member_id, req_key, body_hash, order_id FROM idempotency_key"
                          " WHERE method = 'POST' AND route = '/orders'"
                          " AND (member_id, req_key) IN ({(?, ?)|,})",
                          params, 2 * count, add_request, &requests);
        if (status.code != STATUS_UNAVAILABLE && status.code != STATUS_UNKNOWN) {
            break;
        }
    }
    return status;
}

/* -- orders -- */

static Status find_orders(OrderStore *store, Arena *arena, const OrderId *ids, size_t count,
                          Order **ret_orders)
{
    MysqlOrderStore *self = (MysqlOrderStore *)store;
    Status status = begin(self);

    return status_failed(status) ? status : orders_read(self->db, arena, ids, count, ret_orders);
}

static Status append(OrderStore *store, const NewOrder *orders, size_t count)
{
    MysqlOrderStore *self = (MysqlOrderStore *)store;
    Status status = begin(self);

    if (status_failed(status)) {
        return status;
    }
    return mysql_orders_append(self->db, self->ids, &self->scratch, orders, count);
}

static Status advance(OrderStore *store, Arena *arena, OrderStep *const *steps, size_t count,
                      const OrderDecision *decision)
{
    MysqlOrderStore *self = (MysqlOrderStore *)store;
    Status status = begin(self);

    if (status_failed(status)) {
        return status;
    }
    return mysql_orders_advance(self->db,
                                &(MysqlAdvance){ self->ids, arena, steps, count, decision });
}

typedef struct Ids {
    const OrderId *asked;
    size_t count;
    bool *exist;
} Ids;

static Status mark_existing(void *context, const DbRow *row)
{
    Ids *ids = context;

    for (size_t i = 0; i < ids->count; i++) {
        ids->exist[i] = ids->exist[i] || ids->asked[i].value == db_row_uint(row, 0);
    }
    return status_ok();
}

/* A locking read waits for a transaction that still commits on the server although its
 * client has lost it. */
static Status confirm(OrderStore *store, const OrderId *ids, size_t count, bool *ret_exist)
{
    MysqlOrderStore *self = (MysqlOrderStore *)store;
    Ids context = { ids, count, ret_exist };
    Status status = out_of_memory();

    arena_reset(&self->scratch);
    DbValue *params = arena_calloc(&self->scratch, count, sizeof *params);

    for (size_t i = 0; params != NULL && i < count; i++) {
        params[i] = db_uint(ids[i].value);
    }
    for (int tries = 0; params != NULL && tries < CONFIRM_TRIES; tries++) {
        memset(ret_exist, 0, count * sizeof *ret_exist);
        status = db_query(self->db,
                          "SELECT order_id FROM orders WHERE order_id IN ({?|,})"
                          " LOCK IN SHARE MODE",
                          params, count, mark_existing, &context);
        if (!status_failed(status)) {
            break;
        }
        const struct timespec pause = { .tv_nsec = CONFIRM_PAUSE_MS * 1000000L };
        (void)nanosleep(&pause, NULL);
    }
    return status;
}

/* -- for the sweep -- */

static Status find_due(OrderStore *store, const OrderDue *due, OrderId *ret_ids, size_t *ret_count)
{
    MysqlOrderStore *self = (MysqlOrderStore *)store;
    Status status = begin(self);

    return status_failed(status) ? status
                                 : mysql_orders_find_due(self->db, due, ret_ids, ret_count);
}

static Status find_states(OrderStore *store, const OrderId *ids, size_t count,
                          OrderState *ret_states)
{
    MysqlOrderStore *self = (MysqlOrderStore *)store;
    Status status = begin(self);

    return status_failed(status)
               ? status
               : mysql_orders_find_states(self->db, &self->scratch, ids, count, ret_states);
}

static Status pending_units(OrderStore *store, const ProductId *products, size_t count,
                            int64_t *ret_units)
{
    MysqlOrderStore *self = (MysqlOrderStore *)store;
    Status status = begin(self);

    return status_failed(status) ? status
                                 : mysql_orders_pending_units(self->db, products, count, ret_units);
}

static Status purge(OrderStore *store, int64_t inbox_before_us, int64_t keys_before_us)
{
    MysqlOrderStore *self = (MysqlOrderStore *)store;
    Status status = begin(self);

    return status_failed(status) ? status
                                 : mysql_orders_purge(self->db, inbox_before_us, keys_before_us);
}

static const OrderStoreOps ops = {
    .find_requests = find_requests,
    .find_orders = find_orders,
    .append = append,
    .confirm = confirm,
    .advance = advance,
    .find_due = find_due,
    .find_states = find_states,
    .pending_units = pending_units,
    .purge = purge,
};

Status mysql_order_store_open(const char *url, IdSource *ids, OrderStore **ret_store)
{
    MysqlOrderStore *self = calloc(1, sizeof *self);

    if (self == NULL) {
        return out_of_memory();
    }
    self->port.ops = &ops;
    self->ids = ids;
    arena_init(&self->scratch, SCRATCH_BLOCK, SCRATCH_MAX);
    Status status = db_open(url, &self->db);
    if (status_failed(status)) {
        mysql_order_store_close(&self->port);
        return status;
    }
    *ret_store = &self->port;
    return status;
}

bool mysql_order_store_is_up(const OrderStore *store)
{
    return db_is_up(((const MysqlOrderStore *)store)->db);
}

void mysql_order_store_close(OrderStore *store)
{
    MysqlOrderStore *self = (MysqlOrderStore *)store;

    if (self == NULL) {
        return;
    }
    db_close(self->db);
    arena_deinit(&self->scratch);
    free(self);
}
