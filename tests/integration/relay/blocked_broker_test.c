/* blocked_broker_test.c - a broker that takes nothing for now, because its memory or disk
 * is short: events wait in the outbox, whoever is on call sees why, and once the broker is
 * well they are published and go. */
#include <stdio.h>
#include <string.h>

#include "common/amqp/event_batch.h"
#include "common/amqp/publisher.h"
#include "common/amqp/topology.h"
#include "common/base/clock.h"
#include "tests/integration/common/amqp/broker_alarm.h"
#include "tests/integration/relay/relay_fixture.h"

enum {
    ROWS = 5,
    METRICS_SIZE = 64 * 1024,
};

#define QUEUE QUEUE_PRODUCT_COMMANDS

static SourceThread *thread;
static uint64_t ids[ROWS];

static void start(const char *bus_url)
{
    relay_begin();
    thread = relay_start(bus_url);
    fixture_wait_until(thread_is_ready, thread);
}

static void stop(void)
{
    source_thread_close(thread);
    relay_end();
}

static void insert_rows(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        ids[i] = id_now();
        insert(ids[i], QUEUE);
    }
}

/* -- what is seen from outside -- */

/* A line of what the operations port shows; no line may end otherwise than it. */
static bool shows(void *line)
{
    static char text[METRICS_SIZE];
    char wanted[128];

    (void)metrics_render(relay.metrics, text, sizeof text);
    (void)snprintf(wanted, sizeof wanted, "\n%s\n", (const char *)line);
    return strstr(text, wanted) != NULL;
}

static char is_blocked[] = "publisher_blocked{publisher=\"order\"} 1";
static char is_not_blocked[] = "publisher_blocked{publisher=\"order\"} 0";
static char all_wait[] = "outbox_pending{schema=\"order\"} 5";
static char all_are_published[] = "relay_published_total{schema=\"order\"} 5";

/* Takes messages until each event was there; returns how many events there were. */
static size_t take_events(void)
{
    static BrokerMessage message;
    bool seen[ROWS] = { false };
    size_t distinct = 0;
    size_t total = 0;

    while (distinct < ROWS || broker_count(&relay.broker, QUEUE) > 0) {
        EventSlice slices[EVENT_BATCH_MAX];
        size_t count = 0;

        broker_take(&relay.broker, QUEUE, &message);
        EXPECT(event_batch_split(message.body, message.size, slices, &count));
        for (size_t i = 0; i < count; i++) {
            char event[OUTBOX_EVENT_SIZE] = "";

            EXPECT(slices[i].size < sizeof event);
            memcpy(event, slices[i].bytes, slices[i].size);
            for (size_t k = 0; k < ROWS; k++) {
                char wanted[OUTBOX_EVENT_SIZE];

                (void)outbox_event(ids[k], wanted);
                if (strcmp(event, wanted) == 0) {
                    distinct += seen[k] ? 0 : 1;
                    seen[k] = true;
                }
            }
        }
        total += count;
    }
    return total;
}

/* -- the tests -- */

static void rows_wait_while_the_broker_has_an_alarm_and_go_when_it_is_over(void)
{
    BrokerAlarm alarm;

    start(relay.broker.url);
    EXPECT(shows(is_not_blocked));
    broker_alarm_raise(&relay.broker, &alarm);
    int64_t start_us = clock_monotonic_us(clock_system());
    insert_rows();
    fixture_wait_until(shows, is_blocked);
    EXPECT(rows_left() == ROWS);
    EXPECT(broker_count(&relay.broker, QUEUE) == 0);
    broker_alarm_end(&alarm);
    int64_t took_us = clock_monotonic_us(clock_system()) - start_us;
    fixture_wait_until(outbox_is_empty, NULL);
    fixture_wait_until(shows, is_not_blocked);
    EXPECT(shows(all_are_published));
    /* A message without a confirm for so long is sent again, and then is there twice. */
    size_t events = take_events();
    EXPECT(events == ROWS || took_us > PUBLISHER_CONFIRM_S * US_PER_S);
    stop();
}

static void blocked_relay_sends_nothing_and_counts_what_waits(void)
{
    start(relay.broker.proxied_url);
    broker_say_blocked(&relay.broker);
    fixture_wait_until(shows, is_blocked);
    insert_rows();
    fixture_wait_until(shows, all_wait); /* it has looked at them */
    EXPECT(rows_left() == ROWS && !source_thread_is_ready(thread));
    EXPECT(broker_count(&relay.broker, QUEUE) == 0);
    broker_say_unblocked(&relay.broker);
    fixture_wait_until(outbox_is_empty, NULL);
    EXPECT(shows(is_not_blocked) && shows(all_are_published));
    EXPECT(take_events() == ROWS);
    stop();
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(blocked_relay_sends_nothing_and_counts_what_waits),
        TEST(rows_wait_while_the_broker_has_an_alarm_and_go_when_it_is_over),
    };

    return relay_main(tests, sizeof tests / sizeof tests[0]);
}
