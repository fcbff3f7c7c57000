#include "tests/integration/common/amqp/broker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "common/amqp/delivery.h"
#include "common/amqp/topology.h"

static const char *const suffixes[] = { "", ".dead", ".retry.1s", ".retry.10s", ".retry.60s" };

void broker_purge(Broker *broker)
{
    for (size_t i = 0; i < QUEUE_COUNT; i++) {
        for (size_t k = 0; k < sizeof suffixes / sizeof suffixes[0]; k++) {
            char name[QUEUE_NAME_SIZE];

            queue_name_with(queue_names[i], suffixes[k], name);
            assert(amqp_queue_purge(broker->link->state, AMQP_LINK_CHANNEL,
                                    amqp_cstring_bytes(name)) != NULL);
        }
    }
}

void broker_open(Broker *broker)
{
    const char *url = getenv("JUMUN_TEST_AMQP_URL");
    const struct amqp_connection_info *info;
    int length;

    if (url == NULL) {
        puts("SKIPPED: JUMUN_TEST_AMQP_URL is not set");
        exit(SKIPPED);
    }
    assert(!status_failed(amqp_link_open(url, &broker->link)));
    assert(!status_failed(amqp_link_connect(broker->link)));
    info = &broker->link->info;
    broker->proxy = tcp_proxy_open((uint16_t)info->port);
    snprintf(broker->url, sizeof broker->url, "%s", url);
    length =
        snprintf(broker->proxied_url, sizeof broker->proxied_url, "amqp://%s:%s@127.0.0.1:%u/%%2F",
                 info->user, info->password, (unsigned)tcp_proxy_port(broker->proxy));
    assert(length > 0 && length < BROKER_URL_SIZE);
    broker_purge(broker);
}

void broker_close(Broker *broker)
{
    broker_purge(broker);
    tcp_proxy_close(broker->proxy);
    amqp_link_close(broker->link);
}

void broker_publish(Broker *broker, const char *queue, const void *body, size_t size,
                    const char *attempt)
{
    amqp_table_entry_t header = {
        .key = amqp_cstring_bytes(HEADER_ATTEMPT),
        .value = { .kind = AMQP_FIELD_KIND_UTF8,
                   .value.bytes = amqp_cstring_bytes(attempt != NULL ? attempt : "") },
    };
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | (attempt != NULL ? AMQP_BASIC_HEADERS_FLAG : 0),
        .delivery_mode = AMQP_DELIVERY_PERSISTENT,
        .headers = { 1, &header },
    };
    union {
        const void *in;
        void *out;
    } bytes = { .in = body };

    assert(amqp_basic_publish(broker->link->state, AMQP_LINK_CHANNEL, amqp_empty_bytes,
                              amqp_cstring_bytes(queue), 0, 0, &properties,
                              (amqp_bytes_t){ size, bytes.out }) == AMQP_STATUS_OK);
}

static void copy_text(const amqp_field_value_t *value, char ret_text[static BROKER_TEXT_MAX])
{
    assert(value->kind == AMQP_FIELD_KIND_UTF8 && value->value.bytes.len < BROKER_TEXT_MAX);
    memcpy(ret_text, value->value.bytes.bytes, value->value.bytes.len);
    ret_text[value->value.bytes.len] = '\0';
}

static void copy_headers(const amqp_basic_properties_t *properties, BrokerMessage *ret_message)
{
    if ((properties->_flags & AMQP_BASIC_HEADERS_FLAG) == 0) {
        return;
    }
    for (int i = 0; i < properties->headers.num_entries; i++) {
        const amqp_table_entry_t *entry = &properties->headers.entries[i];

        if (entry->key.len == strlen(HEADER_ATTEMPT) &&
            memcmp(entry->key.bytes, HEADER_ATTEMPT, entry->key.len) == 0) {
            copy_text(&entry->value, ret_message->attempt);
        }
        if (entry->key.len == strlen(HEADER_REASON) &&
            memcmp(entry->key.bytes, HEADER_REASON, entry->key.len) == 0) {
            copy_text(&entry->value, ret_message->reason);
        }
    }
}

void broker_take(Broker *broker, const char *queue, BrokerMessage *ret_message)
{
    amqp_connection_state_t state = broker->link->state;
    struct timeval timeout = { .tv_sec = 15 };
    amqp_bytes_t tag = amqp_cstring_bytes("test");
    amqp_envelope_t envelope;

    memset(ret_message, 0, sizeof *ret_message);
    assert(amqp_basic_qos(state, AMQP_LINK_CHANNEL, 0, 1, 0) != NULL);
    assert(amqp_basic_consume(state, AMQP_LINK_CHANNEL, amqp_cstring_bytes(queue), tag, 0, 0, 0,
                              amqp_empty_table) != NULL);
    assert(amqp_consume_message(state, &envelope, &timeout, 0).reply_type == AMQP_RESPONSE_NORMAL);
    /* Cancelled before the ack, so that no second message comes. */
    assert(amqp_basic_cancel(state, AMQP_LINK_CHANNEL, tag) != NULL);
    assert(amqp_basic_ack(state, AMQP_LINK_CHANNEL, envelope.delivery_tag, 0) == AMQP_STATUS_OK);
    assert(envelope.message.body.len <= BROKER_BODY_MAX);
    if (envelope.message.body.len > 0) {
        memcpy(ret_message->body, envelope.message.body.bytes, envelope.message.body.len);
    }
    ret_message->size = envelope.message.body.len;
    ret_message->persistent =
        (envelope.message.properties._flags & AMQP_BASIC_DELIVERY_MODE_FLAG) != 0 &&
        envelope.message.properties.delivery_mode == AMQP_DELIVERY_PERSISTENT;
    copy_headers(&envelope.message.properties, ret_message);
    amqp_destroy_envelope(&envelope);
}

uint32_t broker_count(Broker *broker, const char *queue)
{
    const amqp_queue_declare_ok_t *ok =
        amqp_queue_declare(broker->link->state, AMQP_LINK_CHANNEL, amqp_cstring_bytes(queue), 1, 1,
                           0, 0, amqp_empty_table);

    assert(ok != NULL);
    return ok->message_count;
}

void broker_declare_short(Broker *broker, const char *queue, int64_t length)
{
    amqp_table_entry_t entries[] = {
        { .key = amqp_cstring_bytes("x-queue-type"),
          .value = { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("quorum") } },
        { .key = amqp_cstring_bytes("x-overflow"),
          .value = { .kind = AMQP_FIELD_KIND_UTF8,
                     .value.bytes = amqp_cstring_bytes("reject-publish") } },
        { .key = amqp_cstring_bytes("x-max-length"),
          .value = { .kind = AMQP_FIELD_KIND_I64, .value.i64 = length } },
    };
    amqp_table_t table = { sizeof entries / sizeof entries[0], entries };

    assert(amqp_queue_declare(broker->link->state, AMQP_LINK_CHANNEL, amqp_cstring_bytes(queue), 0,
                              1, 0, 0, table) != NULL);
}

void broker_delete(Broker *broker, const char *queue)
{
    assert(amqp_queue_delete(broker->link->state, AMQP_LINK_CHANNEL, amqp_cstring_bytes(queue), 0,
                             0) != NULL);
}

/* Frames of a method: connection.blocked("low"), connection.unblocked. */
void broker_say_blocked(Broker *broker)
{
    static const uint8_t frame[] = { 1, 0, 0, 0, 0, 0, 8, 0, 10, 0, 60, 3, 'l', 'o', 'w', 0xce };

    tcp_proxy_inject(broker->proxy, frame, sizeof frame);
}

void broker_say_unblocked(Broker *broker)
{
    static const uint8_t frame[] = { 1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 61, 0xce };

    tcp_proxy_inject(broker->proxy, frame, sizeof frame);
}
