#include "tests/integration/relay/outbox_rows.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/amqp/event_batch.h"
#include "tests/integration/common/mysql/mysql_fixture.h"

size_t outbox_event(uint64_t id, char ret_event[OUTBOX_EVENT_SIZE])
{
    return (size_t)snprintf(ret_event, OUTBOX_EVENT_SIZE, "event-%" PRIu64, id);
}

Status outbox_row_insert(Db *on, uint64_t id, const char *queue)
{
    char event[OUTBOX_EVENT_SIZE];
    uint8_t batch[OUTBOX_EVENT_SIZE + 8];
    size_t size = outbox_event(id, event);

    (void)event_batch_put(batch, event, size);
    const DbValue params[] = { db_uint(id), db_text(queue),
                               db_bytes(batch, event_batch_size(size)) };
    return db_execute(on, "INSERT INTO outbox (id, queue, events, batch) VALUES (?, ?, 1, ?)",
                      params, 3, NULL);
}

int64_t outbox_rows(Db *on)
{
    return fixture_number(on, "SELECT COUNT(*) FROM outbox");
}
