#undef NDEBUG
#include "tests/contract/relay/event_sink_contract.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/amqp/event_batch.h"

enum {
    BATCH_SIZE = 64
};

static RelayRow rows[RELAY_BATCH_MAX];
static uint8_t batches[RELAY_BATCH_MAX][BATCH_SIZE];

/* Row `at`, with the id after its place; as if somebody had left a status behind. */
static void prepare(size_t at, const char *queue)
{
    char event[32];
    int size = snprintf(event, sizeof event, "event-%zu", at + 1);

    event_batch_put(batches[at], event, (size_t)size);
    rows[at] = (RelayRow){
        .id = { at + 1 },
        .queue = queue,
        .events = 1,
        .batch = batches[at],
        .size = event_batch_size((size_t)size),
        .status = at % 2 == 0 ? status_ok() : status_make(STATUS_INTERNAL, "INTERNAL"),
    };
}

static void publish(const SinkSubject *subject, size_t count)
{
    subject->sink->ops->publish(subject->sink, rows, count);
}

static void expect_taken(const SinkSubject *subject, const char *queue, const uint64_t *ids,
                         size_t count)
{
    static uint64_t taken[RELAY_BATCH_MAX];

    subject->take(subject->context, queue, taken, count);
    assert(memcmp(taken, ids, count * sizeof taken[0]) == 0);
    assert(subject->left(subject->context, queue) == 0);
}

static void takes_rows_into_their_queues(const SinkSubject *subject)
{
    prepare(0, subject->queues[0]);
    prepare(1, subject->queues[1]);
    prepare(2, subject->queues[0]);
    prepare(3, subject->queues[0]);
    publish(subject, 4);
    for (size_t i = 0; i < 4; i++) {
        assert(rows[i].status.code == STATUS_OK);
        assert(rows[i].id.value == i + 1);
    }
    expect_taken(subject, subject->queues[0], (const uint64_t[]){ 1, 3, 4 }, 3);
    expect_taken(subject, subject->queues[1], (const uint64_t[]){ 2 }, 1);
}

static void keeps_the_order_of_a_full_batch_in_each_queue(const SinkSubject *subject)
{
    static uint64_t ids[2][RELAY_BATCH_MAX];
    size_t counts[2] = { 0 };

    for (size_t i = 0; i < RELAY_BATCH_MAX; i++) {
        size_t queue = i % 3 == 0 ? 1 : 0;

        prepare(i, subject->queues[queue]);
        ids[queue][counts[queue]++] = i + 1;
    }
    publish(subject, RELAY_BATCH_MAX);
    for (size_t i = 0; i < RELAY_BATCH_MAX; i++) {
        assert(rows[i].status.code == STATUS_OK);
    }
    expect_taken(subject, subject->queues[0], ids[0], counts[0]);
    expect_taken(subject, subject->queues[1], ids[1], counts[1]);
}

/* Rows of a bad queue among good ones: those fail, and these are none the worse for it. */
static void refuse_among_others(const SinkSubject *subject, const char *bad, StatusCode code)
{
    prepare(0, bad);
    prepare(1, subject->queues[0]);
    prepare(2, bad);
    prepare(3, subject->queues[1]);
    prepare(4, subject->queues[0]);
    publish(subject, 5);
    for (size_t i = 0; i < 5; i++) {
        assert(rows[i].status.code == (i == 0 || i == 2 ? code : STATUS_OK));
    }
    expect_taken(subject, subject->queues[0], (const uint64_t[]){ 2, 5 }, 2);
    expect_taken(subject, subject->queues[1], (const uint64_t[]){ 4 }, 1);
}

static void refuses_rows_of_a_missing_queue_alone(const SinkSubject *subject)
{
    refuse_among_others(subject, subject->missing(subject->context), STATUS_FAILED_PRECONDITION);
}

static void refuses_rows_of_a_full_queue_alone(const SinkSubject *subject)
{
    refuse_among_others(subject, subject->full(subject->context), STATUS_RESOURCE_EXHAUSTED);
}

static void goes_on_after_a_refusal(const SinkSubject *subject)
{
    prepare(0, subject->missing(subject->context));
    publish(subject, 1);
    assert(rows[0].status.code == STATUS_FAILED_PRECONDITION);
    prepare(0, subject->queues[0]);
    publish(subject, 1);
    assert(rows[0].status.code == STATUS_OK);
    expect_taken(subject, subject->queues[0], (const uint64_t[]){ 1 }, 1);
}

void event_sink_contract(const SinkSubject *subject)
{
    static const struct {
        const char *name;
        void (*run)(const SinkSubject *subject);
    } cases[] = {
        { "takes rows into their queues", takes_rows_into_their_queues },
        { "keeps the order of a full batch in each queue",
          keeps_the_order_of_a_full_batch_in_each_queue },
        { "refuses rows of a missing queue alone", refuses_rows_of_a_missing_queue_alone },
        { "refuses rows of a full queue alone", refuses_rows_of_a_full_queue_alone },
        { "goes on after a refusal", goes_on_after_a_refusal },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cases[i].run(subject);
        printf("ok sink: %s\n", cases[i].name);
    }
}
