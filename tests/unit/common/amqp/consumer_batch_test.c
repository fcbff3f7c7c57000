/* consumer_batch_test.c - what a consumer makes of messages, without a broker. */
#include "common/amqp/consumer_batch.h"

#include <criterion/criterion.h>
#include <string.h>

#include "jumun/event/v1/event.pb-c.h"

static ConsumerBatch batch;

static void set_up(void)
{
    consumer_batch_init(&batch);
}

static void tear_down(void)
{
    consumer_batch_deinit(&batch);
}

TestSuite(consumer_batch, .init = set_up, .fini = tear_down);

static size_t pack_events(uint8_t *body, uint64_t first, size_t count)
{
    uint8_t *at = body;

    for (size_t i = 0; i < count; i++) {
        uint8_t packed[128];
        char type[] = "t";
        Jumun__Event__V1__Event event;

        jumun__event__v1__event__init(&event);

        event.id = first + i;
        event.type = type;
        at = event_batch_put(at, packed, jumun__event__v1__event__pack(&event, packed));
    }
    return (size_t)(at - body);
}

static void add(const void *body, size_t size, int64_t delivered_before)
{
    Delivery delivery = {
        .tag = batch.message_count + 1,
        .delivered_before = delivered_before,
        .body = body,
        .size = size,
    };
    consumer_batch_add(&batch, &delivery);
}

Test(consumer_batch, status_codes_ask_for_what_event_h_says)
{
    static const Verdict verdicts[STATUS_CODE_MAX + 1] = {
        [STATUS_OK] = VERDICT_DONE,
        [STATUS_CANCELLED] = VERDICT_RETRY,
        [STATUS_UNKNOWN] = VERDICT_RETRY,
        [STATUS_INVALID_ARGUMENT] = VERDICT_PARK,
        [STATUS_DEADLINE_EXCEEDED] = VERDICT_RETRY,
        [STATUS_NOT_FOUND] = VERDICT_PARK,
        [STATUS_ALREADY_EXISTS] = VERDICT_PARK,
        [STATUS_PERMISSION_DENIED] = VERDICT_PARK,
        [STATUS_RESOURCE_EXHAUSTED] = VERDICT_RETRY,
        [STATUS_FAILED_PRECONDITION] = VERDICT_PARK,
        [STATUS_ABORTED] = VERDICT_RETRY,
        [STATUS_OUT_OF_RANGE] = VERDICT_RETRY,
        [STATUS_UNIMPLEMENTED] = VERDICT_PARK,
        [STATUS_INTERNAL] = VERDICT_PARK,
        [STATUS_UNAVAILABLE] = VERDICT_RETRY,
        [STATUS_DATA_LOSS] = VERDICT_RETRY,
        [STATUS_UNAUTHENTICATED] = VERDICT_RETRY,
    };

    for (int code = 0; code <= STATUS_CODE_MAX; code++) {
        cr_expect_eq(verdict_of(status_make((StatusCode)code, "X")), verdicts[code], "%d", code);
    }
}

Test(consumer_batch, full_batch_has_no_room_for_32_more_events)
{
    uint8_t body[32 * 64];
    size_t size = pack_events(body, 1, 32);

    while (consumer_batch_has_room(&batch)) {
        add(body, size, 0);
    }
    cr_assert_eq(batch.event_count, EVENT_RUN_MAX);
}

Test(consumer_batch, malformed_messages_alone_do_not_fill_it_beyond_the_prefetch)
{
    while (consumer_batch_has_room(&batch)) {
        add("x", 1, 0);
    }
    cr_assert_eq(batch.message_count, CONSUMER_PREFETCH);
    cr_assert_eq(batch.event_count, 0);
}

Test(consumer_batch, event_that_asks_for_much_memory_harms_only_itself)
{
    /* Unknown fields of two bytes each: protobuf-c keeps every one of them. */
    static uint8_t hostile[60 * 1024];
    static uint8_t body[EVENT_MESSAGE_SIZE_MAX];
    uint8_t good[64];
    size_t good_size = pack_events(good, 5, 1);
    size_t size;

    for (size_t i = 0; i < sizeof hostile; i += 2) {
        hostile[i] = 0x78; /* field 15, a number */
        hostile[i + 1] = 1;
    }
    size = (size_t)(event_batch_put(body, hostile, sizeof hostile) - body);
    for (int i = 0; i < 2; i++) {
        cr_assert(consumer_batch_has_room(&batch));
        add(body, size, 0);
        cr_assert_eq(batch.events[batch.event_count - 1].status.code, STATUS_INVALID_ARGUMENT);
    }
    cr_assert(consumer_batch_has_room(&batch));
    add(good, good_size, 0);
    cr_assert_eq(batch.events[batch.event_count - 1].status.code, STATUS_OK);
    cr_assert_eq(batch.events[batch.event_count - 1].id.value, 5);
}

Test(consumer_batch, messages_delivered_twice_before_stand_alone)
{
    static const int64_t before[] = { 0, 1, 2, 3, 0, 0 };
    static const size_t ends[] = { 2, 0, 3, 4, 6, 0 };
    uint8_t body[64];
    size_t size = pack_events(body, 1, 1);

    for (size_t i = 0; i < 6; i++) {
        add(body, size, before[i]);
    }
    for (size_t first = 0; first < 6; first = ends[first]) {
        cr_assert_eq(consumer_batch_span(&batch, first), ends[first], "%zu", first);
    }
}

Test(consumer_batch, parked_event_keeps_its_bytes)
{
    uint8_t body[32 * 64];
    uint8_t alone[64];
    size_t alone_size = pack_events(alone, 3, 1);
    const PublisherMessage *message;

    add(body, pack_events(body, 1, 5), 0);
    batch.events[2].status = status_make(STATUS_NOT_FOUND, "ORDER_NOT_FOUND");
    message = consumer_batch_event_message(&batch, 2, "q", VERDICT_PARK);
    cr_assert_str_eq(message->queue, "q.dead");
    cr_assert_eq(message->size, alone_size);
    cr_assert_arr_eq(message->body, alone, alone_size);
    cr_assert_eq(message->header_count, 2);
    cr_assert_str_eq(message->headers[0], HEADER_ATTEMPT);
    cr_assert_str_eq(message->headers[1], "1");
    cr_assert_str_eq(message->headers[2], HEADER_REASON);
    cr_assert_str_eq(message->headers[3], "ORDER_NOT_FOUND");
}

Test(consumer_batch, every_attempt_has_its_queue)
{
    static const char *const queues[] = { "q.retry.1s",  "q.retry.10s", "q.retry.60s",
                                          "q.retry.60s", "q.retry.60s", "q.dead" };
    uint8_t body[64];
    size_t size = pack_events(body, 1, 1);

    for (unsigned attempt = 0; attempt < CONSUMER_ATTEMPTS; attempt++) {
        Delivery delivery = { .tag = 1, .attempt = attempt, .body = body, .size = size };

        consumer_batch_reset(&batch);
        consumer_batch_add(&batch, &delivery);
        batch.events[0].status = status_make(STATUS_ABORTED, "LOST_RACE");
        cr_assert_str_eq(consumer_batch_event_message(&batch, 0, "q", VERDICT_RETRY)->queue,
                         queues[attempt]);
    }
}
