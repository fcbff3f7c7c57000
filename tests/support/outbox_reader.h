/* outbox_reader.h - what stands in an outbox, event by event, for tests. */
#ifndef JUMUN_TESTS_SUPPORT_OUTBOX_READER_H
#define JUMUN_TESTS_SUPPORT_OUTBOX_READER_H

#include <stdint.h>

#include "common/base/status.h"
#include "common/mysql/db.h"
#include "jumun/event/v1/event.pb-c.h"

/* The event is borrowed for the length of the call. A failure ends the reading. */
typedef Status OutboxEventRun(void *context, const char *queue,
                              const Jumun__Event__V1__Event *event);

/* Runs for every event, rows in id order. INTERNAL (MALFORMED) if a row is not a batch of
 * as many events as it says. */
Status outbox_read(Db *db, OutboxEventRun *run, void *context);

/* The same, and empties the outbox. */
Status outbox_drain(Db *db, OutboxEventRun *run, void *context);

/* How many events of the type there are; -1 if they cannot be read. */
int64_t outbox_count(Db *db, const char *type);

#endif
