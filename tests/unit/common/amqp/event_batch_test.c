/* event_batch_test.c - bytes put into a batch come out again, and nothing else does. */
#include "common/amqp/event_batch.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "jumun/event/v1/event.pb-c.h"

static void fill_event(Jumun__Event__V1__Event *event, uint64_t id, uint8_t *payload, size_t size)
{
    jumun__event__v1__event__init(event);
    event->id = id;
    event->payload = (ProtobufCBinaryData){ size, payload };
}

Test(event_batch, concatenated_events_are_what_protobuf_would_write)
{
    static uint8_t payload[20000];
    size_t sizes[] = { 0, 1, 100, 117, 118, 20000 };
    static uint8_t written[64 * 1024];
    static uint8_t expected[64 * 1024];
    Jumun__Event__V1__Event events[6];
    Jumun__Event__V1__Event *list[6];
    Jumun__Event__V1__EventBatch batch = JUMUN__EVENT__V1__EVENT_BATCH__INIT;
    uint8_t *at = written;

    for (size_t i = 0; i < 6; i++) {
        static uint8_t packed[32 * 1024];
        size_t size;

        fill_event(&events[i], i + 1, payload, sizes[i]);
        list[i] = &events[i];
        size = jumun__event__v1__event__pack(&events[i], packed);
        uint8_t *end = event_batch_put(at, packed, size);
        cr_assert_eq((size_t)(end - at), event_batch_size(size));
        at = end;
    }
    batch.n_events = 6;
    batch.events = list;
    size_t size = jumun__event__v1__event_batch__pack(&batch, expected);
    cr_assert_eq(size, (size_t)(at - written));
    cr_assert_arr_eq(written, expected, size);
}

Test(event_batch, split_gives_back_what_was_put_in)
{
    uint8_t body[256];
    EventSlice slices[EVENT_BATCH_MAX];
    size_t count = 0;
    uint8_t *at = event_batch_put(body, "abc", 3);

    at = event_batch_put(at, "", 0);
    at = event_batch_put(at, "de", 2);
    cr_assert(event_batch_split(body, (size_t)(at - body), slices, &count));
    cr_assert_eq(count, 3);
    cr_assert(slices[0].size == 3 && memcmp(slices[0].bytes, "abc", 3) == 0);
    cr_assert_eq(slices[1].size, 0);
    cr_assert(slices[2].size == 2 && memcmp(slices[2].bytes, "de", 2) == 0);
}

Test(event_batch, what_is_not_a_batch_of_1_to_32_events_is_refused)
{
    static const struct {
        const char *bytes;
        size_t size;
    } bad[] = {
        { "", 0 },
        { "\x0a", 1 },     /* no length */
        { "\x0a\x80", 2 }, /* half a length */
        { "\x0a\x05"
          "abcd",
          6 }, /* shorter than it says */
        { "\x0a\x01"
          "a\x12\x01"
          "b",
          6 },                                 /* another field */
        { "\x08\x01", 2 },                     /* a number */
        { "\x0a\xff\xff\xff\xff\x7f", 6 },     /* a huge length */
        { "\x0a\x80\x80\x80\x80\x80\x00", 7 }, /* an endless length */
        { "{\"events\":[]}", 13 },
    };
    EventSlice slices[EVENT_BATCH_MAX];
    size_t count = 99;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        /* In memory of its own size, so that a sanitizer sees one byte too many. */
        uint8_t *body = malloc(bad[i].size + 1);
        memcpy(body, bad[i].bytes, bad[i].size);
        cr_expect_not(event_batch_split(body, bad[i].size, slices, &count), "%zu", i);
        free(body);
    }
    cr_assert_eq(count, 99);
}

Test(event_batch, takes_32_events_and_not_33)
{
    uint8_t body[33 * 2];
    EventSlice slices[EVENT_BATCH_MAX];
    uint8_t *at = body;
    size_t count = 0;

    for (size_t i = 0; i < 32; i++) {
        at = event_batch_put(at, "", 0);
    }
    cr_assert(event_batch_split(body, (size_t)(at - body), slices, &count));
    cr_assert_eq(count, 32);
    at = event_batch_put(at, "", 0);
    cr_assert_not(event_batch_split(body, (size_t)(at - body), slices, &count));
}
