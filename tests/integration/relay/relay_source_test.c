/* relay_source_test.c - what is committed to an outbox reaches its queues, in spite of what
 * the broker makes of it. */
#include <string.h>

#include "common/amqp/event_batch.h"
#include "common/amqp/topology.h"
#include "common/base/clock.h"
#include "common/rpc/wake.h"
#include "tests/integration/relay/relay_fixture.h"

enum {
    NUDGES = 10
};

static bool counter_moved(void *context)
{
    return counter_value(context) > 0;
}

static bool gauge_is_high(void *context)
{
    return gauge_value(context) >= 100;
}

/* Takes the next message and checks that it holds these events, in this order. */
static void expect_events(const char *queue, const uint64_t *ids, size_t count)
{
    static BrokerMessage message;
    EventSlice slices[EVENT_BATCH_MAX];
    size_t in_message = 0;

    broker_take(&relay.broker, queue, &message);
    EXPECT(event_batch_split(message.body, message.size, slices, &in_message));
    EXPECT(in_message == count && message.persistent);
    for (size_t i = 0; i < count; i++) {
        char event[OUTBOX_EVENT_SIZE];

        EXPECT(slices[i].size == outbox_event(ids[i], event));
        EXPECT(memcmp(slices[i].bytes, event, slices[i].size) == 0);
    }
}

static void committed_rows_reach_their_queues_and_go(void)
{
    uint64_t ids[4];
    SourceThread *thread;

    relay_begin();
    for (size_t i = 0; i < 4; i++) {
        ids[i] = id_now();
    }
    insert(ids[0], QUEUE_PRODUCT_COMMANDS);
    insert(ids[1], QUEUE_PRODUCT_COMMANDS);
    insert(ids[2], QUEUE_PAYMENT_COMMANDS);
    insert(ids[3], QUEUE_PRODUCT_COMMANDS);
    thread = relay_start(relay.broker.url);
    fixture_wait_until(thread_is_ready, thread);
    fixture_wait_until(outbox_is_empty, NULL);
    expect_events(QUEUE_PRODUCT_COMMANDS, (uint64_t[]){ ids[0], ids[1], ids[3] }, 3);
    expect_events(QUEUE_PAYMENT_COMMANDS, &ids[2], 1);
    source_thread_close(thread);
    relay_end();
}

static void nudge_is_answered_before_the_next_poll(void)
{
    WakePublisher *wake = NULL;
    SourceThread *thread;
    int soon = 0;

    relay_begin();
    EXPECT(!status_failed(wake_publisher_open(RELAY_WAKE_URL, &wake)));
    thread = relay_start(relay.broker.url);
    insert(id_now(), QUEUE_ORDER_REPLIES);
    fixture_wait_until(outbox_is_empty, NULL); /* it leads, and the subscriber had time to dial */
    fixture_wait_until(thread_is_ready, thread);
    for (int i = 0; i < NUDGES; i++) {
        int64_t start_us = clock_monotonic_us(clock_system());

        insert(id_now(), QUEUE_ORDER_REPLIES);
        wake_publish(wake, NULL, 0);
        fixture_wait_until(outbox_is_empty, NULL);
        soon +=
            clock_monotonic_us(clock_system()) - start_us < RELAY_LONG_BEFORE_POLL_MS * US_PER_MS;
    }
    EXPECT(soon > NUDGES / 2); /* by polls alone, each would wait for nearly a second */
    source_thread_close(thread);
    wake_publisher_close(wake);
    relay_end();
}

static void row_with_an_unknown_queue_stays_raises_the_metric_and_blocks_nobody(void)
{
    Counter *returned;
    SourceThread *thread;
    uint64_t id;

    relay_begin();
    returned = metrics_counter(relay.metrics, "relay_returned_total", "", "schema=\"order\"");
    insert(id_now(), "no.such.queue");
    id = id_now();
    insert(id, QUEUE_ORDER_REPLIES);
    thread = relay_start(relay.broker.url);
    expect_events(QUEUE_ORDER_REPLIES, &id, 1);
    fixture_wait_until(counter_moved, returned);
    source_thread_close(thread);
    EXPECT(rows_left() == 1);
    relay_end();
}

static void rows_of_a_full_queue_stay_until_there_is_room(void)
{
    Counter *nacked;
    SourceThread *thread;

    relay_begin();
    nacked = metrics_counter(relay.metrics, "relay_nacked_total", "", "schema=\"order\"");
    broker_declare_short(&relay.broker, "test.relay.full", 1);
    for (int i = 0; i < 3; i++) { /* it notices late that it is full */
        broker_publish(&relay.broker, "test.relay.full", "x", 1, NULL);
    }
    insert(id_now(), "test.relay.full");
    thread = relay_start(relay.broker.url);
    fixture_wait_until(counter_moved, nacked);
    EXPECT(rows_left() == 1);
    EXPECT(amqp_queue_purge(relay.broker.link->state, AMQP_LINK_CHANNEL,
                            amqp_cstring_bytes("test.relay.full")) != NULL);
    fixture_wait_until(outbox_is_empty, NULL);
    EXPECT(broker_count(&relay.broker, "test.relay.full") == 1);
    source_thread_close(thread);
    broker_delete(&relay.broker, "test.relay.full");
    relay_end();
}

/* The gap: an id that was made earlier is committed later. */
typedef struct Slow {
    uint64_t id;
    uint64_t faster_id;
} Slow;

static Status insert_slowly(void *context, Db *on)
{
    const Slow *slow = context;
    Status status = outbox_row_insert(on, slow->id, QUEUE_ORDER_REPLIES);

    if (!status_failed(status)) {
        insert(slow->faster_id, QUEUE_ORDER_REPLIES); /* another connection, committed */
        expect_events(QUEUE_ORDER_REPLIES, &slow->faster_id, 1);
    }
    return status;
}

static void row_committed_behind_a_higher_one_is_not_skipped(void)
{
    Slow slow = { id_now(), id_now() };
    SourceThread *thread;
    Db *other = NULL;

    relay_begin();
    EXPECT(!status_failed(db_open(fixture_url(), &other)));
    thread = relay_start(relay.broker.url);
    EXPECT(!status_failed(db_transact(other, insert_slowly, &slow)));
    expect_events(QUEUE_ORDER_REPLIES, &slow.id, 1);
    fixture_wait_until(outbox_is_empty, NULL);
    source_thread_close(thread);
    db_close(other);
    relay_end();
}

static void rows_survive_a_broken_broker_connection(void)
{
    SourceThread *thread;

    relay_begin();
    Gauge *pending = metrics_gauge(relay.metrics, "outbox_pending", "", "schema=\"order\"");
    thread = relay_start(relay.broker.proxied_url);
    fixture_wait_until(thread_leads, thread);
    tcp_proxy_hold(relay.broker.proxy, true);
    for (int i = 0; i < 100; i++) {
        insert(id_now(), QUEUE_ORDER_REPLIES);
    }
    tcp_proxy_cut(relay.broker.proxy);
    fixture_wait_until(gauge_is_high, pending); /* whoever is on call sees it */
    EXPECT(rows_left() == 100);
    tcp_proxy_hold(relay.broker.proxy, false);
    fixture_wait_until(outbox_is_empty, NULL);
    source_thread_close(thread);
    EXPECT(broker_count(&relay.broker, QUEUE_ORDER_REPLIES) >= 100 / EVENT_BATCH_MAX);
    relay_end();
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(committed_rows_reach_their_queues_and_go),
        TEST(nudge_is_answered_before_the_next_poll),
        TEST(row_with_an_unknown_queue_stays_raises_the_metric_and_blocks_nobody),
        TEST(rows_of_a_full_queue_stay_until_there_is_room),
        TEST(row_committed_behind_a_higher_one_is_not_skipped),
        TEST(rows_survive_a_broken_broker_connection),
    };

    return relay_main(tests, sizeof tests / sizeof tests[0]);
}
