/* amqp_sink_test.c - which rows share a message, and that they are in it unchanged. */
#include "relay/amqp_sink.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/amqp/event_batch.h"

static AmqpSink sink;
static RelayRow rows[RELAY_BATCH_MAX];
static char events[RELAY_BATCH_MAX][8];
static uint8_t batches[RELAY_BATCH_MAX][16];

static void set_up(void)
{
    amqp_sink_init(&sink, NULL);
    for (size_t i = 0; i < RELAY_BATCH_MAX; i++) {
        snprintf(events[i], sizeof events[i], "e%zu", i);
        event_batch_put(batches[i], events[i], strlen(events[i]));
        rows[i] = (RelayRow){ .id = { i + 1 },
                              .queue = "a",
                              .events = 1,
                              .batch = batches[i],
                              .size = event_batch_size(strlen(events[i])) };
    }
}

static void tear_down(void)
{
    amqp_sink_deinit(&sink);
}

TestSuite(amqp_sink, .init = set_up, .fini = tear_down);

/* Checks that each row is the next one in its message, and that nothing is left over. */
static void expect_whole(size_t count)
{
    EventSlice slices[EVENT_BATCH_MAX];
    static size_t taken[RELAY_BATCH_MAX];
    size_t in_batch = 0;

    memset(taken, 0, sizeof taken);
    for (size_t i = 0; i < count; i++) {
        size_t at = sink.message_of[i];
        const PublisherMessage *message = &sink.messages[at];

        cr_assert_str_eq(message->queue, rows[i].queue);
        cr_assert(event_batch_split(message->body, message->size, slices, &in_batch));
        cr_assert_lt(taken[at], in_batch);
        /* A row's events begin with a tag and a length before the first one's bytes. */
        const uint8_t *start = slices[taken[at]].bytes -
                               (event_batch_size(slices[taken[at]].size) - slices[taken[at]].size);
        cr_assert_arr_eq(start, rows[i].batch, rows[i].size);
        taken[at] += rows[i].events;
    }
    for (size_t i = 0; i < sink.count; i++) {
        cr_assert(
            event_batch_split(sink.messages[i].body, sink.messages[i].size, slices, &in_batch));
        cr_assert_eq(taken[i], in_batch);
    }
}

Test(amqp_sink, one_row_is_one_message)
{
    cr_assert_eq(amqp_sink_pack(&sink, rows, 1).code, STATUS_OK);
    cr_assert_eq(sink.count, 1);
    expect_whole(1);
}

Test(amqp_sink, rows_of_one_queue_share_messages_of_32)
{
    cr_assert_eq(amqp_sink_pack(&sink, rows, 70).code, STATUS_OK);
    cr_assert_eq(sink.count, 3);
    cr_assert_eq(sink.events[0], 32);
    cr_assert_eq(sink.events[1], 32);
    cr_assert_eq(sink.events[2], 6);
    expect_whole(70);
}

Test(amqp_sink, a_row_of_many_events_is_never_split)
{
    static uint8_t many[20 * 8];
    uint8_t *end = many;

    for (size_t i = 0; i < 20; i++) {
        end = event_batch_put(end, "event", 5);
    }
    for (size_t i = 0; i < 3; i++) {
        rows[i].events = 20;
        rows[i].batch = many;
        rows[i].size = (size_t)(end - many);
    }
    cr_assert_eq(amqp_sink_pack(&sink, rows, 4).code, STATUS_OK);
    cr_assert_eq(sink.count, 3); /* 20, 20, 20 and 1 */
    cr_assert_eq(sink.events[2], 21);
    expect_whole(4);
}

Test(amqp_sink, queues_that_alternate_are_packed_as_well)
{
    for (size_t i = 0; i < 60; i++) {
        rows[i].queue = i % 2 == 0 ? "a" : "b";
    }
    cr_assert_eq(amqp_sink_pack(&sink, rows, 60).code, STATUS_OK);
    cr_assert_eq(sink.count, 2);
    expect_whole(60);
}

Test(amqp_sink, message_stays_within_64_kib)
{
    static char large[16384];
    static uint8_t batch[sizeof large + 8];

    memset(large, 'x', sizeof large);
    event_batch_put(batch, large, sizeof large);
    for (size_t i = 0; i < RELAY_BATCH_MAX; i++) {
        rows[i].batch = batch;
        rows[i].size = event_batch_size(sizeof large);
    }
    cr_assert_eq(amqp_sink_pack(&sink, rows, RELAY_BATCH_MAX).code, STATUS_OK);
    for (size_t i = 0; i < sink.count; i++) {
        cr_assert_leq(sink.messages[i].size, EVENT_MESSAGE_SIZE_MAX);
    }
    cr_assert_eq(sink.events[0], 3);
    expect_whole(RELAY_BATCH_MAX);
}

Test(amqp_sink, more_queues_than_it_remembers_cost_messages_and_no_rows)
{
    static char names[40][8];

    for (size_t i = 0; i < RELAY_BATCH_MAX; i++) {
        snprintf(names[i % 40], sizeof names[0], "q%zu", i % 40);
        rows[i].queue = names[i % 40];
    }
    cr_assert_eq(amqp_sink_pack(&sink, rows, RELAY_BATCH_MAX).code, STATUS_OK);
    expect_whole(RELAY_BATCH_MAX);
}
