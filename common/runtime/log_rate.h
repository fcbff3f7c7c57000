/* log_rate.h - how often an event may be written. The log's own; pure but for its
 * argument, not thread-safe. */
#ifndef JUMUN_COMMON_RUNTIME_LOG_RATE_H
#define JUMUN_COMMON_RUNTIME_LOG_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LOG_RATE_EVENTS_MAX = 64,     /* events watched; those beyond always pass */
    LOG_RATE_EVENT_NAME_MAX = 64, /* bytes compared of an event's name, with its NUL */
};

typedef struct LogRate {
    size_t count;
    struct LogRateEvent {
        char name[LOG_RATE_EVENT_NAME_MAX];
        int64_t next_us; /* monotonic time from which it may be written again */
        uint64_t suppressed;
    } events[LOG_RATE_EVENTS_MAX];
} LogRate;

/* True if the event may be written now; then *ret_suppressed is how many were kept
 * back since it last was. False: it has been counted. */
bool log_rate_pass(LogRate *rate, const char *event, int64_t now_us, uint64_t *ret_suppressed);

#endif
