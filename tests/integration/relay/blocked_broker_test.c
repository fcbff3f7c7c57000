/* blocked_broker_test.c - a broker that takes nothing for now, because its memory or disk
 * is short: events wait in the outbox, whoever is on call sees why, and once the broker is
 * well they are published and go. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/amqp/event_batch.h"
#include "common/amqp/publisher.h"
#include "common/amqp/topology.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "relay/source_thread.h"
#include "tests/integration/common/amqp/broker.h"
#include "tests/integration/common/amqp/broker_alarm.h"
#include "tests/integration/common/mysql/mysql_fixture.h"
#include "tests/support/service_schema.h"

enum {
    ROWS = 5,
    METRICS_SIZE = 64 * 1024,
};

#define QUEUE QUEUE_PRODUCT_COMMANDS

static Broker broker;
static Db *db; /* the test's own connection */
static Metrics *metrics;
static SourceThread *relay;
static uint64_t ids[ROWS];

/* -- the relay of order_db -- */

static void start(const char *bus_url)
{
    db = fixture_open();
    service_schema_make(db, "order", "0001_init");
    broker_purge(&broker);
    metrics = metrics_open();
    SourceOptions options = {
        .name = "order",
        .db_url = fixture_url(),
        .bus_url = bus_url,
        .wake_urls = "",
        .clock = clock_system(),
        .metrics = metrics,
    };
    EXPECT(metrics != NULL && !status_failed(source_thread_open(&options, &relay)));
}

static void stop(void)
{
    source_thread_close(relay);
    metrics_close(metrics);
    db_close(db);
}

static int64_t rows_left(void)
{
    return fixture_number(db, "SELECT COUNT(*) FROM outbox");
}

static void insert_rows(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        char event[32];
        uint8_t batch[40];

        ids[i] = id_floor(clock_wall_us(clock_system())) + i;
        (void)snprintf(event, sizeof event, "event-%" PRIu64, ids[i]);
        (void)event_batch_put(batch, event, strlen(event));
        const DbValue params[] = { db_uint(ids[i]), db_text(QUEUE),
                                   db_bytes(batch, event_batch_size(strlen(event))) };
        EXPECT(!status_failed(
            db_execute(db, "INSERT INTO outbox (id, queue, events, batch) VALUES (?, ?, 1, ?)",
                       params, 3, NULL)));
    }
}

/* -- what is seen from outside -- */

/* A line of what the operations port shows; no line may end otherwise than it. */
static bool shows(void *line)
{
    static char text[METRICS_SIZE];
    char wanted[128];

    (void)metrics_render(metrics, text, sizeof text);
    (void)snprintf(wanted, sizeof wanted, "\n%s\n", (const char *)line);
    return strstr(text, wanted) != NULL;
}

static char is_blocked[] = "publisher_blocked{publisher=\"order\"} 1";
static char is_not_blocked[] = "publisher_blocked{publisher=\"order\"} 0";
static char all_wait[] = "outbox_pending{schema=\"order\"} 5";
static char all_are_published[] = "relay_published_total{schema=\"order\"} 5";

static bool is_ready(void *context)
{
    (void)context;
    return source_thread_is_ready(relay);
}

static bool is_empty(void *context)
{
    (void)context;
    return rows_left() == 0;
}

/* Takes messages until each event was there; returns how many events there were. */
static size_t take_events(void)
{
    static BrokerMessage message;
    bool seen[ROWS] = { false };
    size_t distinct = 0;
    size_t total = 0;

    while (distinct < ROWS || broker_count(&broker, QUEUE) > 0) {
        EventSlice slices[EVENT_BATCH_MAX];
        size_t count = 0;

        broker_take(&broker, QUEUE, &message);
        EXPECT(event_batch_split(message.body, message.size, slices, &count));
        for (size_t i = 0; i < count; i++) {
            char event[32] = "";

            EXPECT(slices[i].size < sizeof event);
            memcpy(event, slices[i].bytes, slices[i].size);
            for (size_t k = 0; k < ROWS; k++) {
                char wanted[32];

                (void)snprintf(wanted, sizeof wanted, "event-%" PRIu64, ids[k]);
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

    start(broker.url);
    fixture_wait_until(is_ready, NULL);
    EXPECT(shows(is_not_blocked));
    broker_alarm_raise(&broker, &alarm);
    int64_t start_us = clock_monotonic_us(clock_system());
    insert_rows();
    fixture_wait_until(shows, is_blocked);
    EXPECT(rows_left() == ROWS);
    EXPECT(broker_count(&broker, QUEUE) == 0);
    broker_alarm_end(&alarm);
    int64_t took_us = clock_monotonic_us(clock_system()) - start_us;
    fixture_wait_until(is_empty, NULL);
    fixture_wait_until(shows, is_not_blocked);
    EXPECT(shows(all_are_published));
    /* A message without a confirm for so long is sent again, and then is there twice. */
    size_t events = take_events();
    EXPECT(events == ROWS || took_us > PUBLISHER_CONFIRM_S * US_PER_S);
    stop();
}

static void blocked_relay_sends_nothing_and_counts_what_waits(void)
{
    start(broker.proxied_url);
    fixture_wait_until(is_ready, NULL);
    broker_say_blocked(&broker);
    fixture_wait_until(shows, is_blocked);
    insert_rows();
    fixture_wait_until(shows, all_wait); /* it has looked at them */
    EXPECT(rows_left() == ROWS && !source_thread_is_ready(relay));
    EXPECT(broker_count(&broker, QUEUE) == 0);
    broker_say_unblocked(&broker);
    fixture_wait_until(is_empty, NULL);
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

    broker_open(&broker);
    int code = fixture_main(tests, sizeof tests / sizeof tests[0]);
    broker_close(&broker);
    return code;
}
