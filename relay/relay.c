#include "relay/relay.h"

#include <stdio.h>
#include <string.h>

#include "common/runtime/log.h"

void relay_init(Relay *relay, OutboxSource *source, EventSink *sink, const Clock *clock)
{
    memset(relay, 0, sizeof *relay);
    relay->source = source;
    relay->sink = sink;
    relay->clock = clock;
    relay->sweep_at_us = INT64_MIN;
    relay->pace.limit_us = RELAY_PACE_MS * US_PER_MS;
}

bool relay_sweep_due(const Relay *relay)
{
    return clock_monotonic_us(relay->clock) >= relay->sweep_at_us;
}

/* Once a second everything is looked at, and every queue tried, again. */
static void sweep_if_due(Relay *relay)
{
    if (relay_sweep_due(relay)) {
        relay->range = (OutboxRange){ .paused_count = 0 };
        relay->sweep_at_us = clock_monotonic_us(relay->clock) + RELAY_SWEEP_S * US_PER_S;
    }
}

static bool is_refusal(Status status)
{
    return status.code == STATUS_FAILED_PRECONDITION || status.code == STATUS_RESOURCE_EXHAUSTED;
}

/* False if too many queues are paused already. */
static bool pause_queue(OutboxRange *range, const char *queue)
{
    for (size_t i = 0; i < range->paused_count; i++) {
        if (strcmp(range->paused[i], queue) == 0) {
            return true;
        }
    }
    if (range->paused_count == RELAY_PAUSED_MAX) {
        return false;
    }
    (void)snprintf(range->paused[range->paused_count++], RELAY_QUEUE_SIZE, "%s", queue);
    return true;
}

static Status refuse(Relay *relay, const RelayRow *row)
{
    bool returned = row->status.code == STATUS_FAILED_PRECONDITION;

    counter_add(returned ? relay->metrics.returned : relay->metrics.nacked, 1);
    log_warn("relay.refused", "queue=%s event=%llu reason=%s", row->queue,
             (unsigned long long)row->id.value, row->status.name);
    return pause_queue(&relay->range, row->queue) ? status_ok() : row->status;
}

/* Lists what the broker has. Returns the first failure that is not one queue's own. */
static Status sort_out(Relay *relay, size_t count, size_t *ret_confirmed)
{
    Status first = status_ok();
    int64_t now_us = clock_wall_us(relay->clock);
    size_t confirmed = 0;

    for (size_t i = 0; i < count; i++) {
        const RelayRow *row = &relay->rows[i];
        Status status = row->status;

        if (!status_failed(status)) {
            relay->confirmed[confirmed++] = row->id;
            counter_add(relay->metrics.published, row->events);
            histogram_observe(relay->metrics.delay_seconds,
                              (double)(now_us - id_time_us(row->id.value)) / (double)US_PER_S);
            continue;
        }
        if (is_refusal(status)) {
            status = refuse(relay, row);
        }
        if (!status_failed(first)) {
            first = status;
        }
    }
    *ret_confirmed = confirmed;
    return first;
}

/* Everything read has gone or is paused: the next step may begin behind it, unless a
 * transaction that is still open could put something there. */
static void raise_floor(Relay *relay, size_t count)
{
    uint64_t trail = id_floor(clock_wall_us(relay->clock) - RELAY_TRAIL_S * US_PER_S);
    uint64_t next = count == RELAY_BATCH_MAX ? relay->rows[count - 1].id.value + 1 : UINT64_MAX;

    if (next > trail) {
        next = trail;
    }
    if (next > relay->range.floor.value) {
        relay->range.floor.value = next;
    }
}

static size_t count_events(const Relay *relay, size_t count)
{
    size_t events = 0;

    for (size_t i = 0; i < count; i++) {
        events += relay->rows[i].events;
    }
    return events;
}

Status relay_step(Relay *relay, bool *ret_more)
{
    int64_t began_us = clock_monotonic_us(relay->clock);
    size_t count = 0;
    size_t confirmed = 0;
    Status status;

    sweep_if_due(relay);
    status = relay->source->ops->read(relay->source, &relay->range, relay->rows, &count);
    if (status_failed(status)) {
        return status;
    }
    pace_batch(&relay->pace, began_us, count_events(relay, count));
    if (count > 0) {
        relay->sink->ops->publish(relay->sink, relay->rows, count);
        status = sort_out(relay, count, &confirmed);
    }
    if (confirmed > 0) {
        Status removed = relay->source->ops->remove(relay->source, relay->confirmed, confirmed);
        status = status_failed(removed) ? removed : status;
    }
    if (status_failed(status)) {
        return status;
    }
    raise_floor(relay, count);
    *ret_more = count == RELAY_BATCH_MAX;
    return status_ok();
}
