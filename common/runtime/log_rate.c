/* log_rate.c - a small table of events and when each was last written. */
#include "common/runtime/log_rate.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"

/* NULL when the table is full. */
static struct LogRateEvent *find_or_add(LogRate *rate, const char *event)
{
    for (size_t i = 0; i < rate->count; i++) {
        if (strncmp(rate->events[i].name, event, LOG_RATE_EVENT_NAME_MAX - 1) == 0) {
            return &rate->events[i];
        }
    }
    if (rate->count == LOG_RATE_EVENTS_MAX) {
        return NULL;
    }
    struct LogRateEvent *entry = &rate->events[rate->count++];
    *entry = (struct LogRateEvent){ .next_us = INT64_MIN };
    (void)snprintf(entry->name, sizeof entry->name, "%s", event);
    return entry;
}

bool log_rate_pass(LogRate *rate, const char *event, int64_t now_us, uint64_t *ret_suppressed)
{
    struct LogRateEvent *entry = find_or_add(rate, event);

    if (entry == NULL) {
        *ret_suppressed = 0;
        return true;
    }
    if (now_us < entry->next_us) {
        entry->suppressed++;
        return false;
    }
    *ret_suppressed = entry->suppressed;
    entry->suppressed = 0;
    entry->next_us = now_us + US_PER_S;
    return true;
}
