#include "common/amqp/delivery.h"

#include <string.h>

#include "common/amqp/consumer.h"
#include "common/amqp/topology.h"

enum {
    REST_TIMEOUT_MS = 5000 /* for the frames behind the first */
};

static bool key_is(amqp_bytes_t key, const char *name)
{
    return key.len == strlen(name) && memcmp(key.bytes, name, key.len) == 0;
}

/* A whole number, of whatever kind it was sent as; 0 for anything else. */
static int64_t number_of(const amqp_field_value_t *value)
{
    switch (value->kind) {
    case AMQP_FIELD_KIND_I8:
        return value->value.i8;
    case AMQP_FIELD_KIND_I16:
        return value->value.i16;
    case AMQP_FIELD_KIND_I32:
        return value->value.i32;
    case AMQP_FIELD_KIND_I64:
        return value->value.i64;
    default:
        return 0;
    }
}

/* The text of HEADER_ATTEMPT; anything but a small number counts as the last attempt. */
static unsigned attempt_of(const amqp_field_value_t *value)
{
    const char *text = value->value.bytes.bytes;

    if (value->kind != AMQP_FIELD_KIND_UTF8 || value->value.bytes.len != 1 || text[0] < '0' ||
        text[0] > '9') {
        return CONSUMER_ATTEMPTS;
    }
    return (unsigned)(text[0] - '0');
}

static void read_headers(const amqp_basic_properties_t *properties, Delivery *delivery)
{
    if ((properties->_flags & AMQP_BASIC_HEADERS_FLAG) == 0) {
        return;
    }
    for (int i = 0; i < properties->headers.num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->headers.entries[i];

        if (key_is(entry->key, "x-delivery-count")) {
            delivery->delivered_before = number_of(&entry->value);
        } else if (key_is(entry->key, HEADER_ATTEMPT)) {
            delivery->attempt = attempt_of(&entry->value);
        }
    }
}

/* Reads the body frames, keeps the bytes if there is a place for them. */
static int read_body(AmqpLink *link, uint8_t *place, uint64_t size)
{
    uint64_t got = 0;

    while (got < size) {
        amqp_frame_t frame;
        int result = amqp_link_read(link, REST_TIMEOUT_MS, -1, &frame);

        if (result != AMQP_STATUS_OK) {
            return result;
        }
        if (frame.frame_type != AMQP_FRAME_BODY || frame.payload.body_fragment.len > size - got) {
            return AMQP_STATUS_UNEXPECTED_STATE;
        }
        if (place != NULL) {
            memcpy(place + got, frame.payload.body_fragment.bytes, frame.payload.body_fragment.len);
        }
        got += frame.payload.body_fragment.len;
    }
    return AMQP_STATUS_OK;
}

static int read_rest(AmqpLink *link, Arena *arena, Delivery *delivery)
{
    amqp_frame_t frame;
    uint8_t *place = NULL;
    uint64_t size;
    int result = amqp_link_read(link, REST_TIMEOUT_MS, -1, &frame);

    if (result != AMQP_STATUS_OK) {
        return result;
    }
    if (frame.frame_type != AMQP_FRAME_HEADER) {
        return AMQP_STATUS_UNEXPECTED_STATE;
    }
    read_headers(frame.payload.properties.decoded, delivery);
    size = frame.payload.properties.body_size;
    if (size <= EVENT_MESSAGE_SIZE_MAX) {
        place = arena_alloc(arena, size > 0 ? (size_t)size : 1);
        if (place == NULL) {
            return AMQP_STATUS_NO_MEMORY;
        }
    }
    delivery->body = place;
    delivery->size = (size_t)size;
    return read_body(link, place, size);
}

DeliveryResult delivery_read(AmqpLink *link, Arena *arena, int timeout_ms, int wake_fd,
                             Delivery *ret_delivery)
{
    Delivery delivery = { 0 };
    amqp_frame_t frame;
    int result = amqp_link_read(link, timeout_ms, wake_fd, &frame);

    if (result == AMQP_STATUS_TIMEOUT) {
        return DELIVERY_NONE;
    }
    if (result == AMQP_STATUS_OK) {
        /* Anything else on this connection is a cancel (the queue has gone) or a close. */
        if (frame.frame_type != AMQP_FRAME_METHOD ||
            frame.payload.method.id != AMQP_BASIC_DELIVER_METHOD) {
            amqp_link_lose(link, "cancelled or closed by the broker");
            return DELIVERY_LOST;
        }
        delivery.tag = ((const amqp_basic_deliver_t *)frame.payload.method.decoded)->delivery_tag;
        result = read_rest(link, arena, &delivery);
    }
    if (result != AMQP_STATUS_OK) {
        amqp_link_lose(link, amqp_error_string2(result));
        return DELIVERY_LOST;
    }
    *ret_delivery = delivery;
    return DELIVERY_GOT;
}
