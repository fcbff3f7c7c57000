/* outbox_rows.h - rows in an outbox as tests of the relay put them there: of one event each,
 * whose bytes are the text "event-<id>". */
#ifndef JUMUN_TESTS_INTEGRATION_RELAY_OUTBOX_ROWS_H
#define JUMUN_TESTS_INTEGRATION_RELAY_OUTBOX_ROWS_H

#include <stdint.h>

#include "common/mysql/db.h"

enum {
    OUTBOX_EVENT_SIZE = 32
};

/* The text; returns its length. */
size_t outbox_event(uint64_t id, char ret_event[OUTBOX_EVENT_SIZE]);

Status outbox_row_insert(Db *on, uint64_t id, const char *queue);

/* How many there are. */
int64_t outbox_rows(Db *on);

#endif
