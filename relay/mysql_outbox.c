#include "relay/mysql_outbox.h"

#include <stdbool.h>

#include "common/mysql/outbox.h"

enum {
    ARENA_BLOCK_SIZE = 256 * 1024,
    /* A full batch of the largest rows, and what the arena wastes at the ends of blocks. */
    ARENA_SIZE_MAX = 2 * RELAY_BATCH_MAX * OUTBOX_BATCH_SIZE_MAX,
};

typedef struct Read {
    Arena *arena;
    RelayRow *rows;
    size_t count;
} Read;

static Status on_row(void *context, const DbRow *row)
{
    Read *read = context;
    size_t queue_size;
    size_t size;
    const void *queue = db_row_bytes(row, 1, &queue_size);
    const void *batch = db_row_bytes(row, 3, &size);
    RelayRow *to = &read->rows[read->count];

    if (read->count == RELAY_BATCH_MAX) {
        return status_make(STATUS_INTERNAL, "INTERNAL");
    }
    *to = (RelayRow){
        .id = { db_row_uint(row, 0) },
        .queue = arena_copy(read->arena, queue, queue_size),
        .events = (size_t)db_row_uint(row, 2),
        .batch = arena_copy(read->arena, batch, size),
        .size = size,
        .status = status_make(STATUS_UNAVAILABLE, "NOT_PUBLISHED"),
    };
    if (to->queue == NULL || to->batch == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    read->count++;
    return status_ok();
}

static Status read_rows(OutboxSource *source, const OutboxRange *range,
                        RelayRow rows[static RELAY_BATCH_MAX], size_t *ret_count)
{
    MysqlOutbox *outbox = (MysqlOutbox *)source;
    Read read = { &outbox->arena, rows, 0 };
    DbValue params[2 + RELAY_PAUSED_MAX];
    size_t count = 0;
    Status status;

    arena_reset(&outbox->arena);
    params[count++] = db_uint(range->floor.value);
    for (size_t i = 0; i < range->paused_count; i++) {
        params[count++] = db_text(range->paused[i]);
    }
    params[count++] = db_uint(RELAY_BATCH_MAX);
    status = range->paused_count == 0
                 ? db_query(outbox->db,
                            "SELECT id, queue, events, batch FROM outbox WHERE id >= ?"
                            " ORDER BY id LIMIT ?",
                            params, count, on_row, &read)
                 : db_query(outbox->db,
                            "SELECT id, queue, events, batch FROM outbox WHERE id >= ?"
                            " AND queue NOT IN ({?|,}) ORDER BY id LIMIT ?",
                            params, count, on_row, &read);
    if (!status_failed(status)) {
        *ret_count = read.count;
    }
    return status;
}

typedef struct Removal {
    const Lease *lease;
    const EventId *ids;
    size_t count;
} Removal;

/* ABORTED, too, is an answer here: an open transaction has a row inside the range. It
 * must not be retried, the list does not touch that row. */
static Status remove_range(void *context, Db *db)
{
    const Removal *removal = context;
    DbValue params[] = { db_uint(removal->ids[0].value),
                         db_uint(removal->ids[removal->count - 1].value) };
    uint64_t removed = 0;
    Status status = lease_check(removal->lease, db);

    if (status_failed(status)) {
        return status;
    }
    status = db_execute(db,
                        "/*M!100300 SET STATEMENT innodb_lock_wait_timeout=0 FOR */"
                        " DELETE FROM outbox WHERE id BETWEEN ? AND ?",
                        params, 2, &removed);
    if (status.code == STATUS_ABORTED || (!status_failed(status) && removed != removal->count)) {
        return status_make(STATUS_OUT_OF_RANGE, "RANGE_NOT_EXACT");
    }
    return status;
}

static Status remove_list(void *context, Db *db)
{
    const Removal *removal = context;
    DbValue params[RELAY_BATCH_MAX];
    Status status = lease_check(removal->lease, db);

    if (status_failed(status)) {
        return status;
    }
    for (size_t i = 0; i < removal->count; i++) {
        params[i] = db_uint(removal->ids[i].value);
    }
    return db_execute(db, "DELETE FROM outbox WHERE id IN ({?|,})", params, removal->count, NULL);
}

static Status remove_rows(OutboxSource *source, const EventId *ids, size_t count)
{
    MysqlOutbox *outbox = (MysqlOutbox *)source;
    Removal removal = { outbox->lease, ids, count };
    Status status = db_transact(outbox->db, remove_range, &removal);

    if (status.code == STATUS_OUT_OF_RANGE) {
        outbox->lists++;
        status = db_transact(outbox->db, remove_list, &removal);
    }
    return status;
}

static const OutboxSourceOps ops = { read_rows, remove_rows };

void mysql_outbox_init(MysqlOutbox *outbox, Db *db, const Lease *lease)
{
    *outbox = (MysqlOutbox){ .source = { &ops }, .db = db, .lease = lease };
    arena_init(&outbox->arena, ARENA_BLOCK_SIZE, ARENA_SIZE_MAX);
}

void mysql_outbox_deinit(MysqlOutbox *outbox)
{
    arena_deinit(&outbox->arena);
}

typedef struct Backlog {
    uint64_t count;
    uint64_t lowest;
} Backlog;

static Status on_backlog(void *context, const DbRow *row)
{
    Backlog *backlog = context;

    backlog->count = db_row_uint(row, 0);
    backlog->lowest = db_row_is_null(row, 1) ? 0 : db_row_uint(row, 1);
    return status_ok();
}

Status mysql_outbox_backlog(MysqlOutbox *outbox, uint64_t *ret_count, EventId *ret_lowest)
{
    Backlog backlog = { 0 };
    DbValue limit = db_uint(OUTBOX_BACKLOG_MAX);
    Status status = db_query(outbox->db,
                             "SELECT COUNT(*), MIN(id) FROM"
                             " (SELECT id FROM outbox ORDER BY id LIMIT ?) AS waiting",
                             &limit, 1, on_backlog, &backlog);

    if (!status_failed(status)) {
        *ret_count = backlog.count;
        *ret_lowest = (EventId){ backlog.lowest };
    }
    return status;
}
