/* publisher_test.c - what a Publisher says about its messages is true, on a real broker. */
#include "common/amqp/publisher.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/topology.h"
#include "common/base/clock.h"
#include "tests/integration/common/amqp/broker.h"

enum {
    MANY = 1200 /* more than two windows */
};

static Broker broker;

static Publisher *open_publisher(const char *url)
{
    Publisher *publisher = NULL;

    assert(!status_failed(publisher_open(url, "test", NULL, &publisher)));
    return publisher;
}

static PublisherMessage message_to(const char *queue, const char *body)
{
    return (PublisherMessage){ .queue = queue, .body = body, .size = strlen(body) };
}

static Status publish_one(Publisher *publisher, PublisherMessage *message)
{
    return publisher_publish(publisher, &message, 1);
}

static void is_name(Status status, StatusCode code, const char *name)
{
    if (status.code != code || strcmp(status.name, name) != 0) {
        fprintf(stderr, "%s %s\n", status_code_name(status.code), status.name);
        abort();
    }
}

static void confirmed_message_is_persistent_in_its_queue_with_its_headers(void)
{
    static BrokerMessage got;
    const char *headers[] = { "jumun-attempt", "3", "jumun-reason", "BECAUSE" };
    Publisher *publisher = open_publisher(broker.url);
    PublisherMessage message = message_to(QUEUE_ORDER_REPLIES, "hello");

    message.headers = headers;
    message.header_count = 2;
    assert(!publisher_is_up(publisher));
    assert(!status_failed(publish_one(publisher, &message)));
    assert(publisher_is_up(publisher));
    broker_take(&broker, QUEUE_ORDER_REPLIES, &got);
    assert(got.size == 5 && memcmp(got.body, "hello", 5) == 0);
    assert(got.persistent);
    assert(strcmp(got.attempt, "3") == 0 && strcmp(got.reason, "BECAUSE") == 0);
    publisher_close(publisher);
}

static void message_without_a_queue_is_returned_and_its_neighbours_go(void)
{
    Publisher *publisher = open_publisher(broker.url);
    PublisherMessage a = message_to(QUEUE_ORDER_REPLIES, "a");
    PublisherMessage b = message_to("no.such.queue", "b");
    PublisherMessage c = message_to(QUEUE_PRODUCT_COMMANDS, "c");
    PublisherMessage *messages[] = { &a, &b, &c };

    is_name(publisher_publish(publisher, messages, 3), STATUS_FAILED_PRECONDITION, "RETURNED");
    is_name(b.status, STATUS_FAILED_PRECONDITION, "RETURNED");
    assert(a.status.code == STATUS_OK && c.status.code == STATUS_OK);
    assert(broker_count(&broker, QUEUE_ORDER_REPLIES) == 1);
    assert(broker_count(&broker, QUEUE_PRODUCT_COMMANDS) == 1);
    publisher_close(publisher);
    broker_purge(&broker);
}

static void full_queue_nacks_until_there_is_room(void)
{
    enum {
        COUNT = 50
    };
    PublisherMessage messages[COUNT];
    PublisherMessage *list[COUNT];
    Publisher *publisher = open_publisher(broker.url);
    size_t nacked = 0;

    broker_declare_short(&broker, "test.short", 2);
    for (size_t i = 0; i < COUNT; i++) {
        messages[i] = message_to("test.short", "x");
        list[i] = &messages[i];
    }
    /* A quorum queue notices that it is full a little late. */
    for (int round = 0; round < 10 && nacked == 0; round++) {
        publisher_publish(publisher, list, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            nacked += messages[i].status.code == STATUS_RESOURCE_EXHAUSTED ? 1 : 0;
        }
    }
    assert(nacked > 0);
    is_name(publish_one(publisher, &messages[0]), STATUS_RESOURCE_EXHAUSTED, "NACKED");
    broker_delete(&broker, "test.short");
    publisher_close(publisher);
}

static void more_messages_than_the_window_are_all_confirmed_in_order(void)
{
    static PublisherMessage messages[MANY];
    static PublisherMessage *list[MANY];
    static char bodies[MANY][8];
    static BrokerMessage got;
    Publisher *publisher = open_publisher(broker.url);

    for (size_t i = 0; i < MANY; i++) {
        snprintf(bodies[i], sizeof bodies[i], "%zu", i);
        messages[i] = message_to(QUEUE_ORDER_REPLIES, bodies[i]);
        list[i] = &messages[i];
    }
    assert(!status_failed(publisher_publish(publisher, list, MANY)));
    for (size_t i = 0; i < MANY; i++) {
        assert(messages[i].status.code == STATUS_OK);
    }
    assert(broker_count(&broker, QUEUE_ORDER_REPLIES) == MANY);
    for (size_t i = 0; i < 3; i++) {
        broker_take(&broker, QUEUE_ORDER_REPLIES, &got);
        assert(got.size == strlen(bodies[i]) && memcmp(got.body, bodies[i], got.size) == 0);
    }
    publisher_close(publisher);
    broker_purge(&broker);
}

static void messages_beyond_the_window_in_bytes_are_confirmed(void)
{
    enum {
        COUNT = 10,
        SIZE = 60 * 1024
    };
    static char body[SIZE];
    PublisherMessage messages[COUNT];
    PublisherMessage *list[COUNT];
    Publisher *publisher = open_publisher(broker.url);

    for (size_t i = 0; i < COUNT; i++) {
        messages[i] =
            (PublisherMessage){ .queue = QUEUE_ORDER_REPLIES, .body = body, .size = SIZE };
        list[i] = &messages[i];
    }
    assert(!status_failed(publisher_publish(publisher, list, COUNT)));
    assert(broker_count(&broker, QUEUE_ORDER_REPLIES) == COUNT);
    publisher_close(publisher);
    broker_purge(&broker);
}

/* A CC header that is not a list makes the broker close the channel (406). */
static void message_that_closes_the_channel_is_refused_and_the_others_go(void)
{
    enum {
        COUNT = 20,
        BAD = 7
    };
    const char *headers[] = { "CC", "not a list" };
    PublisherMessage messages[COUNT];
    PublisherMessage *list[COUNT];
    Publisher *publisher = open_publisher(broker.url);

    for (size_t i = 0; i < COUNT; i++) {
        messages[i] = message_to(QUEUE_ORDER_REPLIES, "x");
        list[i] = &messages[i];
    }
    assert(!status_failed(publish_one(publisher, &messages[0]))); /* open the window */
    broker_purge(&broker);
    messages[BAD].headers = headers;
    messages[BAD].header_count = 1;
    is_name(publisher_publish(publisher, list, COUNT), STATUS_FAILED_PRECONDITION, "REFUSED");
    for (size_t i = 0; i < COUNT; i++) {
        assert(i == BAD || messages[i].status.code == STATUS_OK);
    }
    assert(messages[BAD].status.code == STATUS_FAILED_PRECONDITION);
    /* Some may have been stored before the close and again after it; none is missing. */
    assert(broker_count(&broker, QUEUE_ORDER_REPLIES) >= COUNT - 1);
    assert(publisher_is_up(publisher));
    publisher_close(publisher);
    broker_purge(&broker);
}

static void queue_of_the_topology_that_somebody_deleted_is_made_again(void)
{
    Publisher *publisher = open_publisher(broker.url);
    PublisherMessage message = message_to(QUEUE_PAYMENT_COMMANDS, "x");

    assert(!status_failed(publish_one(publisher, &message)));
    broker_delete(&broker, QUEUE_PAYMENT_COMMANDS);
    is_name(publish_one(publisher, &message), STATUS_FAILED_PRECONDITION, "RETURNED");
    assert(!status_failed(publish_one(publisher, &message)));
    assert(broker_count(&broker, QUEUE_PAYMENT_COMMANDS) == 1);
    publisher_close(publisher);
    broker_purge(&broker);
}

static void connection_lost_before_the_confirm_is_unknown_and_the_next_try_goes(void)
{
    Publisher *publisher = open_publisher(broker.proxied_url);
    PublisherMessage message = message_to(QUEUE_ORDER_REPLIES, "x");
    PublisherMessage late = message_to(QUEUE_ORDER_REPLIES, "y");
    Status status;

    assert(!status_failed(publish_one(publisher, &message)));
    tcp_proxy_cut(broker.proxy);
    status = publish_one(publisher, &late);
    assert(status.code == STATUS_UNKNOWN || status.code == STATUS_UNAVAILABLE);
    do {
        status = publish_one(publisher, &late); /* UNAVAILABLE until the back-off is over */
        assert(status.code == STATUS_OK || status.code == STATUS_UNAVAILABLE);
    } while (status_failed(status));
    assert(broker_count(&broker, QUEUE_ORDER_REPLIES) >= 2);
    publisher_close(publisher);
    broker_purge(&broker);
}

static void confirm_that_does_not_come_for_10_s_is_unknown(void)
{
    Publisher *publisher = open_publisher(broker.proxied_url);
    PublisherMessage message = message_to(QUEUE_ORDER_REPLIES, "x");
    int64_t start_us;
    int64_t took_us;

    assert(!status_failed(publish_one(publisher, &message)));
    tcp_proxy_hold(broker.proxy, true);
    start_us = clock_monotonic_us(clock_system());
    is_name(publish_one(publisher, &message), STATUS_UNKNOWN, "CONFIRM_MISSING");
    took_us = clock_monotonic_us(clock_system()) - start_us;
    assert(took_us >= PUBLISHER_CONFIRM_S * US_PER_S);
    assert(took_us < (PUBLISHER_CONFIRM_S + 3) * US_PER_S);
    assert(!publisher_is_up(publisher));
    tcp_proxy_hold(broker.proxy, false);
    publisher_close(publisher);
    broker_purge(&broker);
}

static void blocked_broker_gets_nothing_until_it_is_unblocked(void)
{
    Publisher *publisher = open_publisher(broker.proxied_url);
    PublisherMessage message = message_to(QUEUE_ORDER_REPLIES, "x");

    assert(!status_failed(publish_one(publisher, &message)));
    broker_say_blocked(&broker);
    while (publisher_is_up(publisher)) {
        publisher_idle(publisher);
    }
    assert(publish_one(publisher, &message).code == STATUS_UNAVAILABLE);
    assert(broker_count(&broker, QUEUE_ORDER_REPLIES) == 1);
    broker_say_unblocked(&broker);
    while (!publisher_is_up(publisher)) {
        publisher_idle(publisher);
    }
    assert(!status_failed(publish_one(publisher, &message)));
    assert(broker_count(&broker, QUEUE_ORDER_REPLIES) == 2);
    publisher_close(publisher);
    broker_purge(&broker);
}

static void malformed_url_is_a_config_error(void)
{
    Publisher *publisher = NULL;

    is_name(publisher_open("http://localhost", "test", NULL, &publisher), STATUS_INVALID_ARGUMENT,
            "CONFIG");
    is_name(publisher_open("", "test", NULL, &publisher), STATUS_INVALID_ARGUMENT, "CONFIG");
    assert(publisher == NULL);
}

static void absent_broker_is_unavailable_at_once(void)
{
    Publisher *publisher = open_publisher("amqp://guest:guest@127.0.0.1:1/%2F");
    PublisherMessage message = message_to(QUEUE_ORDER_REPLIES, "x");

    is_name(publish_one(publisher, &message), STATUS_UNAVAILABLE, "BROKER_DOWN");
    is_name(publish_one(publisher, &message), STATUS_UNAVAILABLE, "BROKER_DOWN");
    publisher_close(publisher);
}

int main(void)
{
    broker_open(&broker);
    malformed_url_is_a_config_error();
    absent_broker_is_unavailable_at_once();
    confirmed_message_is_persistent_in_its_queue_with_its_headers();
    message_without_a_queue_is_returned_and_its_neighbours_go();
    full_queue_nacks_until_there_is_room();
    more_messages_than_the_window_are_all_confirmed_in_order();
    messages_beyond_the_window_in_bytes_are_confirmed();
    message_that_closes_the_channel_is_refused_and_the_others_go();
    queue_of_the_topology_that_somebody_deleted_is_made_again();
    connection_lost_before_the_confirm_is_unknown_and_the_next_try_goes();
    confirm_that_does_not_come_for_10_s_is_unknown();
    blocked_broker_gets_nothing_until_it_is_unblocked();
    broker_close(&broker);
    puts("ok");
    return 0;
}
