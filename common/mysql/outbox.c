#include "common/mysql/outbox.h"

#include <assert.h>
#include <string.h>

#include "common/base/clock.h"
#include "jumun/event/v1/event.pb-c.h"

enum {
    FIND_MAX = 512,
    PURGE_MAX = 1000,
};

static const Status no_memory = { STATUS_RESOURCE_EXHAUSTED, "OVERLOADED" };

static const char append_outbox[] =
    "INSERT INTO outbox (id, queue, events, batch) VALUES (?, ?, ?, ?)";
static const char append_inbox[] = "INSERT INTO inbox (event_id, at) VALUES (?, ?)";
static const char find_inbox[] = "SELECT event_id FROM inbox WHERE event_id IN ({?|,})";

/* Event ids are time-ordered, so the old rows lie at the front of the primary key: the
 * first condition spares reading the rest, the second is the one that counts. */
static const char purge_inbox[] =
    "DELETE FROM inbox WHERE event_id < ? AND at < ? ORDER BY event_id LIMIT 1000";

/* The rows of one bulk insert, column by column. */
typedef struct OutboxRows {
    uint64_t *ids;
    const char **queues;
    uint64_t *events; /* how many */
    const char **batches;
    size_t *sizes;
    size_t count;
} OutboxRows;

/* A row that is still being filled, one for each queue. */
typedef struct OpenRow {
    const char *queue;
    uint64_t id;
    Jumun__Event__V1__Event *events[OUTBOX_EVENTS_MAX];
    size_t count;
    size_t size;
} OpenRow;

static bool alloc_rows(Arena *arena, size_t count, OutboxRows *rows)
{
    rows->ids = arena_calloc(arena, count, sizeof *rows->ids);
    rows->queues = arena_calloc(arena, count, sizeof *rows->queues);
    rows->events = arena_calloc(arena, count, sizeof *rows->events);
    rows->batches = arena_calloc(arena, count, sizeof *rows->batches);
    rows->sizes = arena_calloc(arena, count, sizeof *rows->sizes);
    rows->count = 0;
    return rows->ids != NULL && rows->queues != NULL && rows->events != NULL &&
           rows->batches != NULL && rows->sizes != NULL;
}

/* protobuf-c reads strings only, but declares them writable. */
static char *lend_text(const char *text)
{
    union {
        const char *in;
        char *out;
    } lent = { .in = text == NULL ? "" : text };

    return lent.out;
}

static Status pack_payload(Arena *arena, const ProtobufCMessage *payload,
                           ProtobufCBinaryData *ret_packed)
{
    size_t size = payload == NULL ? 0 : protobuf_c_message_get_packed_size(payload);

    if (size > OUTBOX_EVENT_SIZE_MAX) {
        return status_make(STATUS_INVALID_ARGUMENT, "MESSAGE_TOO_LARGE");
    }
    uint8_t *bytes = arena_alloc(arena, size + 1);
    if (bytes == NULL) {
        return no_memory;
    }
    if (payload != NULL) {
        (void)protobuf_c_message_pack(payload, bytes);
    }
    *ret_packed = (ProtobufCBinaryData){ .len = size, .data = bytes };
    return status_ok();
}

static Status make_message(Arena *arena, const OutboxEvent *event,
                           Jumun__Event__V1__Event **ret_message, size_t *ret_size)
{
    Jumun__Event__V1__Event *message = arena_alloc(arena, sizeof *message);

    if (message == NULL) {
        return no_memory;
    }
    jumun__event__v1__event__init(message);
    Status status = pack_payload(arena, event->payload, &message->payload);
    if (status_failed(status)) {
        return status;
    }
    message->id = event->id.value;
    message->type = lend_text(event->type);
    message->order_id = event->order.value;
    message->seq = event->seq;
    message->at_us = event->at_us;
    message->traceparent = lend_text(event->trace_parent);
    size_t size = jumun__event__v1__event__get_packed_size(message);
    if (size > OUTBOX_EVENT_SIZE_MAX) {
        return status_make(STATUS_INVALID_ARGUMENT, "MESSAGE_TOO_LARGE");
    }
    *ret_message = message;
    *ret_size = size;
    return status_ok();
}

/* Serializes a row that is full, or the last of its queue. */
static Status close_row(Arena *arena, OpenRow *open, OutboxRows *rows)
{
    Jumun__Event__V1__EventBatch batch;

    jumun__event__v1__event_batch__init(&batch);
    batch.n_events = open->count;
    batch.events = open->events;
    size_t size = jumun__event__v1__event_batch__get_packed_size(&batch);
    uint8_t *bytes = arena_alloc(arena, size + 1);
    if (bytes == NULL) {
        return no_memory;
    }
    (void)jumun__event__v1__event_batch__pack(&batch, bytes);
    rows->ids[rows->count] = open->id;
    rows->queues[rows->count] = open->queue;
    rows->events[rows->count] = open->count;
    rows->batches[rows->count] = (const char *)bytes;
    rows->sizes[rows->count] = size;
    rows->count++;
    open->count = 0;
    open->size = 0;
    return status_ok();
}

static OpenRow *find_open(OpenRow *open, size_t *open_count, const char *queue)
{
    for (size_t i = 0; i < *open_count; i++) {
        if (strcmp(open[i].queue, queue) == 0) {
            return &open[i];
        }
    }
    assert(*open_count < OUTBOX_QUEUES_MAX);
    open[*open_count] = (OpenRow){ .queue = queue };
    return &open[(*open_count)++];
}

static Status add_event(Arena *arena, OpenRow *open, const OutboxEvent *event, OutboxRows *rows)
{
    Jumun__Event__V1__Event *message;
    size_t size;
    Status status = make_message(arena, event, &message, &size);

    if (!status_failed(status) &&
        (open->count == OUTBOX_EVENTS_MAX ||
         (open->count > 0 && open->size + size > OUTBOX_BATCH_SIZE_MAX))) {
        status = close_row(arena, open, rows);
    }
    if (status_failed(status)) {
        return status;
    }
    open->id = open->count == 0 ? event->id.value : open->id;
    open->events[open->count++] = message;
    open->size += size;
    return status_ok();
}

static Status fill_rows(Arena *arena, const OutboxEvent *events, size_t count, OutboxRows *rows)
{
    OpenRow open[OUTBOX_QUEUES_MAX];
    size_t open_count = 0;
    Status status = status_ok();

    for (size_t i = 0; i < count && !status_failed(status); i++) {
        status = add_event(arena, find_open(open, &open_count, events[i].queue), &events[i], rows);
    }
    for (size_t i = 0; i < open_count && !status_failed(status); i++) {
        status = open[i].count > 0 ? close_row(arena, &open[i], rows) : status_ok();
    }
    return status;
}

static size_t at_most(size_t count, size_t max)
{
    return count < max ? count : max;
}

static Status append_some(Db *db, Arena *arena, const OutboxEvent *events, size_t count)
{
    OutboxRows rows;

    if (!alloc_rows(arena, count, &rows)) {
        return no_memory;
    }
    Status status = fill_rows(arena, events, count, &rows);
    if (status_failed(status)) {
        return status;
    }
    const DbColumn columns[] = {
        { .type = DB_UINT, .values = rows.ids },
        { .type = DB_BYTES, .values = rows.queues },
        { .type = DB_UINT, .values = rows.events },
        { .type = DB_BYTES, .values = rows.batches, .sizes = rows.sizes },
    };
    return db_execute_bulk(db, append_outbox, columns, sizeof columns / sizeof columns[0],
                           rows.count, NULL);
}

Status outbox_append(Db *db, Arena *arena, const OutboxEvent *events, size_t count)
{
    Status status = status_ok();

    for (size_t done = 0; done < count && !status_failed(status); done += DB_ROWS_MAX) {
        status = append_some(db, arena, &events[done], at_most(count - done, DB_ROWS_MAX));
    }
    return status;
}

static Status append_seen(Db *db, const EventId *events, size_t count, int64_t at_us)
{
    uint64_t ids[DB_ROWS_MAX];
    int64_t times[DB_ROWS_MAX];

    for (size_t i = 0; i < count; i++) {
        ids[i] = events[i].value;
        times[i] = at_us;
    }
    const DbColumn columns[] = {
        { .type = DB_UINT, .values = ids },
        { .type = DB_TIME, .values = times },
    };
    return db_execute_bulk(db, append_inbox, columns, sizeof columns / sizeof columns[0], count,
                           NULL);
}

Status inbox_append(Db *db, const EventId *events, size_t count, int64_t at_us)
{
    Status status = status_ok();

    for (size_t done = 0; done < count && !status_failed(status); done += DB_ROWS_MAX) {
        status = append_seen(db, &events[done], at_most(count - done, DB_ROWS_MAX), at_us);
    }
    return status;
}

typedef struct Find {
    const EventId *events;
    size_t count;
    bool *seen;
} Find;

static Status mark_seen(void *context, const DbRow *row)
{
    const Find *find = context;
    uint64_t id = db_row_uint(row, 0);

    for (size_t i = 0; i < find->count; i++) {
        if (find->events[i].value == id) {
            find->seen[i] = true;
        }
    }
    return status_ok();
}

static Status find_some(Db *db, Find *find)
{
    DbValue ids[FIND_MAX];

    for (size_t i = 0; i < find->count; i++) {
        ids[i] = db_uint(find->events[i].value);
    }
    return db_query(db, find_inbox, ids, find->count, mark_seen, find);
}

Status inbox_find(Db *db, const EventId *events, size_t count, bool *ret_seen)
{
    Status status = status_ok();

    for (size_t i = 0; i < count; i++) {
        ret_seen[i] = false;
    }
    for (size_t done = 0; done < count && !status_failed(status); done += FIND_MAX) {
        status = find_some(db, &(Find){ .events = &events[done],
                                        .count = at_most(count - done, FIND_MAX),
                                        .seen = &ret_seen[done] });
    }
    return status;
}

Status inbox_purge(Db *db, int64_t before_us, uint64_t *ret_deleted)
{
    const DbValue params[] = { db_uint(id_floor(before_us)), db_time(before_us) };

    _Static_assert(PURGE_MAX == 1000, "the statement says so too");
    return db_execute(db, purge_inbox, params, sizeof params / sizeof params[0], ret_deleted);
}
