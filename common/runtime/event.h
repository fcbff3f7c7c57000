/* event.h - a command or an event of another service, as the api layer sees it,
 * whatever carried it. */
#ifndef JUMUN_COMMON_RUNTIME_EVENT_H
#define JUMUN_COMMON_RUNTIME_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/id.h"
#include "common/base/status.h"

enum {
    EVENT_RUN_MAX = 512
}; /* events in one call of an EventRun */

/* Text and payload are borrowed for the length of the call. */
typedef struct Event {
    EventId id;
    const char *type; /* "stock.reserved" */
    OrderId order;
    uint32_t seq;
    int64_t at_us;
    const char *trace_parent; /* "" if there is none */
    const void *payload;
    size_t payload_size;
    /* Out. OK: acknowledge. INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS,
     * PERMISSION_DENIED, FAILED_PRECONDITION, UNIMPLEMENTED, INTERNAL: park it in
     * <queue>.dead. Everything else: try again later. */
    Status status;
} Event;

/* Handles a batch, 1..EVENT_RUN_MAX, on the consumer's thread; may block. Sets every
 * status; by then the effect of an OK is committed. Events come in arrival order. */
typedef void EventRun(void *context, Event *const *events, size_t count);

#endif
