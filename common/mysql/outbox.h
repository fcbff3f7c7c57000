/* outbox.h - what a transaction wants told to others, and what it has heard.
 *
 * The outbox row is written by the transaction that makes the event true; the relay
 * moves it to the broker and deletes it. A row is a message: a serialized
 * jumun.event.v1.EventBatch of 1..32 events of one queue, named after its first event. A
 * row per event would cost MariaDB about 8 us more for each.
 *
 * The inbox row is written by the transaction of an event's effect, so that a
 * redelivery has none. Both tables are the same in every schema:
 *
 *     outbox(id, queue, events, batch)    inbox(event_id, at) */
#ifndef JUMUN_COMMON_MYSQL_OUTBOX_H
#define JUMUN_COMMON_MYSQL_OUTBOX_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/mysql/db.h"

enum {
    OUTBOX_EVENTS_MAX = 32,            /* in a row */
    OUTBOX_EVENT_SIZE_MAX = 16 * 1024, /* bytes of an event */
    OUTBOX_BATCH_SIZE_MAX = 60 * 1000, /* bytes of a row's events: a BLOB holds 65,535 */
    OUTBOX_QUEUES_MAX = 8,             /* in one append */
};

typedef struct OutboxEvent {
    EventId id;
    const char *queue; /* "product.commands" */
    const char *type;  /* "stock.reserve" */
    OrderId order;
    uint32_t seq;
    int64_t at_us;
    const char *trace_parent;
    const ProtobufCMessage *payload;
} OutboxEvent;

/* Inserts the events in the transaction at hand, as few rows as hold them, in order
 * within a queue; count 0 does nothing. They are serialized into the arena.
 * INVALID_ARGUMENT (MESSAGE_TOO_LARGE) for an event of more than OUTBOX_EVENT_SIZE_MAX. */
Status outbox_append(Db *db, Arena *arena, const OutboxEvent *events, size_t count);

/* Inserts an inbox row for each event, in the transaction at hand. ALREADY_EXISTS if
 * one of them is there: roll back, ask inbox_find, go on with the others. */
Status inbox_append(Db *db, const EventId *events, size_t count, int64_t at_us);

/* ret_seen[i] tells whether events[i] is in the inbox. */
Status inbox_find(Db *db, const EventId *events, size_t count, bool *ret_seen);

/* Deletes at most 1,000 inbox rows older than that. */
Status inbox_purge(Db *db, int64_t before_us, uint64_t *ret_deleted);

#endif
