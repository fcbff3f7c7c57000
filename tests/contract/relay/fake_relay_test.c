/* The contracts of OutboxSource and EventSink on the fake, which the relay's tests rely on. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "tests/contract/relay/event_sink_contract.h"
#include "tests/contract/relay/outbox_source_contract.h"
#include "tests/support/fake_relay.h"

static FakeRelay fake;

static void reset(void *context)
{
    (void)context;
    fake_relay_init(&fake);
}

static void insert(void *context, const RelayRow *row)
{
    (void)context;
    FakeRow *added = fake_relay_add(&fake, row->id.value, row->queue, true);
    added->events = row->events;
    added->batch = row->batch;
    added->size = row->size;
    added->published = 1; /* the fake asks for it, the port does not */
}

static void lose_lease(void *context)
{
    (void)context;
    fake.lease_lost = true;
}

static const char *missing(void *context)
{
    (void)context;
    fake.refused_queue = "missing";
    fake.refusal = status_make(STATUS_FAILED_PRECONDITION, "RETURNED");
    return fake.refused_queue;
}

static const char *full(void *context)
{
    (void)context;
    fake.refused_queue = "full";
    fake.refusal = status_make(STATUS_RESOURCE_EXHAUSTED, "NACKED");
    return fake.refused_queue;
}

static void take(void *context, const char *queue, uint64_t *ret_ids, size_t count)
{
    size_t found = 0;
    size_t kept = 0;

    (void)context;
    for (size_t i = 0; i < fake.taken_count; i++) {
        if (found < count && strcmp(fake.taken[i].queue, queue) == 0) {
            ret_ids[found++] = fake.taken[i].id;
        } else {
            fake.taken[kept++] = fake.taken[i];
        }
    }
    fake.taken_count = kept;
    assert(found == count);
}

static size_t left(void *context, const char *queue)
{
    size_t count = 0;

    (void)context;
    for (size_t i = 0; i < fake.taken_count; i++) {
        count += strcmp(fake.taken[i].queue, queue) == 0 ? 1 : 0;
    }
    return count;
}

int main(void)
{
    outbox_source_contract(&(OutboxSubject){ &fake.source, reset, insert, lose_lease, NULL });
    fake_relay_init(&fake);
    for (uint64_t id = 1; id < SINK_IDS_MAX; id++) {
        (void)fake_relay_add(&fake, id, "any", true); /* it knows what it is given */
    }
    event_sink_contract(
        &(SinkSubject){ &fake.sink, { "a", "b" }, missing, full, take, left, NULL });
    return 0;
}
