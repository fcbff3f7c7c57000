#include "tests/support/fake_relay.h"

#undef NDEBUG
#include <assert.h>
#include <stddef.h>
#include <string.h>

static FakeRelay *of_sink(EventSink *sink)
{
    return (FakeRelay *)((char *)sink - offsetof(FakeRelay, sink));
}

static bool is_fault(const FakeRelay *fake, RelayFault fault)
{
    return fake->calls == fake->fault_at && fake->fault == fault;
}

static bool is_paused(const OutboxRange *range, const char *queue)
{
    for (size_t i = 0; i < range->paused_count; i++) {
        if (strcmp(range->paused[i], queue) == 0) {
            return true;
        }
    }
    return false;
}

static Status fake_read(OutboxSource *source, const OutboxRange *range,
                        RelayRow rows[static RELAY_BATCH_MAX], size_t *ret_count)
{
    FakeRelay *fake = (FakeRelay *)source;
    size_t count = 0;

    fake->calls++;
    if (is_fault(fake, FAULT_BEFORE) || is_fault(fake, FAULT_AFTER)) {
        return status_make(STATUS_UNAVAILABLE, "STORE_DOWN");
    }
    if (fake->reads < FAKE_READS_MAX) {
        fake->floors[fake->reads++] = range->floor.value;
    }
    for (size_t i = 0; i < fake->row_count && count < RELAY_BATCH_MAX; i++) {
        const FakeRow *row = &fake->rows[i];

        if (row->committed && !row->removed && row->id >= range->floor.value &&
            !is_paused(range, row->queue)) {
            rows[count++] = (RelayRow){
                .id = { row->id },
                .queue = row->queue,
                .events = row->events,
                .batch = row->batch,
                .size = row->size,
                .status = status_make(STATUS_UNAVAILABLE, "NOT_PUBLISHED"),
            };
        }
    }
    *ret_count = count;
    return status_ok();
}

static FakeRow *find(FakeRelay *fake, uint64_t id)
{
    size_t at = 0;

    while (at < fake->row_count && fake->rows[at].id != id) {
        at++;
    }
    assert(at < fake->row_count); /* or no row has this id */
    return &fake->rows[at];
}

static Status fake_remove(OutboxSource *source, const EventId *ids, size_t count)
{
    FakeRelay *fake = (FakeRelay *)source;

    fake->calls++;
    if (is_fault(fake, FAULT_BEFORE)) {
        return status_make(STATUS_UNAVAILABLE, "STORE_DOWN");
    }
    if (fake->lease_lost) {
        return status_make(STATUS_FAILED_PRECONDITION, "LEASE_LOST");
    }
    for (size_t i = 0; i < count; i++) {
        FakeRow *row = find(fake, ids[i].value);

        assert(i == 0 || ids[i].value > ids[i - 1].value);
        assert(row->published > 0); /* or an unconfirmed row was removed */
        row->removed = true;
    }
    return is_fault(fake, FAULT_AFTER) ? status_make(STATUS_UNKNOWN, "COMMIT_UNKNOWN")
                                       : status_ok();
}

static Status publish_one(FakeRelay *fake, const RelayRow *row, size_t index)
{
    if (fake->refused_queue != NULL && strcmp(row->queue, fake->refused_queue) == 0) {
        return fake->refusal;
    }
    if (is_fault(fake, FAULT_BEFORE) || index >= fake->sink_limit) {
        return status_make(STATUS_UNAVAILABLE, "BROKER_DOWN");
    }
    FakeRow *known = find(fake, row->id.value);
    known->published++;
    assert(fake->taken_count < FAKE_TAKEN_MAX);
    fake->taken[fake->taken_count++] = (FakeTaken){ known->id, row->queue };
    return is_fault(fake, FAULT_AFTER) ? status_make(STATUS_UNKNOWN, "CONFIRM_MISSING")
                                       : status_ok();
}

static void fake_publish(EventSink *sink, RelayRow *rows, size_t count)
{
    FakeRelay *fake = of_sink(sink);

    fake->calls++;
    for (size_t i = 0; i < count; i++) {
        rows[i].status = publish_one(fake, &rows[i], i);
    }
}

void fake_relay_init(FakeRelay *fake)
{
    static const OutboxSourceOps source_ops = { fake_read, fake_remove };
    static const EventSinkOps sink_ops = { fake_publish };

    memset(fake, 0, sizeof *fake);
    fake->source.ops = &source_ops;
    fake->sink.ops = &sink_ops;
    fake->sink_limit = SIZE_MAX;
}

FakeRow *fake_relay_add(FakeRelay *fake, uint64_t id, const char *queue, bool committed)
{
    size_t at = fake->row_count;

    assert(fake->row_count < FAKE_ROWS_MAX);
    while (at > 0 && fake->rows[at - 1].id > id) {
        at--;
    }
    assert(at == 0 || fake->rows[at - 1].id != id);
    memmove(&fake->rows[at + 1], &fake->rows[at], (fake->row_count - at) * sizeof fake->rows[0]);
    fake->rows[at] = (FakeRow){ .id = id, .queue = queue, .events = 1, .committed = committed };
    fake->row_count++;
    return &fake->rows[at];
}
