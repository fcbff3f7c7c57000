#include "tests/support/outbox_reader.h"

#include <string.h>

typedef struct Reading {
    OutboxEventRun *run;
    void *context;
} Reading;

static Status read_row(void *context, const DbRow *row)
{
    const Reading *reading = context;
    size_t size;
    const void *bytes = db_row_bytes(row, 2, &size);
    Jumun__Event__V1__EventBatch *batch = jumun__event__v1__event_batch__unpack(NULL, size, bytes);
    Status status = status_ok();

    if (batch == NULL || batch->n_events != db_row_uint(row, 1)) {
        status = status_make(STATUS_INTERNAL, "MALFORMED");
    }
    for (size_t i = 0; !status_failed(status) && i < batch->n_events; i++) {
        status = reading->run(reading->context, db_row_text(row, 0), batch->events[i]);
    }
    jumun__event__v1__event_batch__free_unpacked(batch, NULL);
    return status;
}

Status outbox_read(Db *db, OutboxEventRun *run, void *context)
{
    Reading reading = { run, context };

    return db_query(db, "SELECT queue, events, batch FROM outbox ORDER BY id", NULL, 0, read_row,
                    &reading);
}

Status outbox_drain(Db *db, OutboxEventRun *run, void *context)
{
    Status status = outbox_read(db, run, context);

    return status_failed(status) ? status : db_execute(db, "DELETE FROM outbox", NULL, 0, NULL);
}

typedef struct Counting {
    const char *type;
    int64_t count;
} Counting;

static Status count_event(void *context, const char *queue, const Jumun__Event__V1__Event *event)
{
    Counting *counting = context;

    (void)queue;
    counting->count += strcmp(event->type, counting->type) == 0;
    return status_ok();
}

int64_t outbox_count(Db *db, const char *type)
{
    Counting counting = { type, 0 };

    return status_failed(outbox_read(db, count_event, &counting)) ? -1 : counting.count;
}
