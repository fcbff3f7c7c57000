/* relay_pace_test.c - a nudge that comes while the relay lets work gather is not lost: what
 * it is about is published when the pace allows, not when the relay looks by itself. */
#include <sched.h>

#include "common/amqp/event_batch.h"
#include "common/amqp/topology.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/rpc/wake.h"
#include "tests/integration/relay/relay_fixture.h"

enum {
    FULL = 100, /* events: more than it takes for the longest pace */
    ROUNDS = 20,
};

#define QUEUE QUEUE_PRODUCT_COMMANDS

static void append_events(size_t count)
{
    static uint64_t next;
    static const char event[] = "event";
    uint8_t batch[16];
    uint64_t now = id_floor(clock_wall_us(clock_system()));

    next = now > next ? now : next;
    (void)event_batch_put(batch, event, sizeof event);
    const DbValue params[] = { db_uint(next), db_text(QUEUE),
                               db_bytes(batch, event_batch_size(sizeof event)), db_uint(count) };
    EXPECT(!status_failed(db_execute(relay.db,
                                     "INSERT INTO outbox (id, queue, events, batch)"
                                     " SELECT ? + seq, ?, 1, ? FROM seq_1_to_1000 WHERE seq <= ?",
                                     params, 4, NULL)));
    next += count + 1;
}

/* Looks again and again, so as not to miss the beginning of a pace. */
static int64_t ms_until_published(void)
{
    int64_t began_us = clock_monotonic_us(clock_system());

    while (rows_left() > 0) {
        EXPECT(clock_monotonic_us(clock_system()) - began_us < 20 * US_PER_S);
        (void)sched_yield();
    }
    return (clock_monotonic_us(clock_system()) - began_us) / US_PER_MS;
}

/* After a full step the relay waits for its pace, unless the machine is so busy that it is
 * over already: hence many rounds, of which a lost nudge would make nearly all slow. */
static void nudge_that_comes_while_the_relay_paces_itself_is_not_lost(void)
{
    WakePublisher *wake = NULL;
    int soon = 0;

    relay_begin();
    EXPECT(!status_failed(wake_publisher_open(RELAY_WAKE_URL, &wake)));
    SourceThread *thread = relay_start(relay.broker.url);
    fixture_wait_until(thread_leads, thread);
    for (int i = 0; i < ROUNDS; i++) {
        append_events(FULL);
        wake_publish(wake, NULL, 0);
        (void)ms_until_published(); /* in the first round there may be no connection yet */
        append_events(1);
        wake_publish(wake, NULL, 0);
        soon += ms_until_published() < RELAY_LONG_BEFORE_POLL_MS;
    }
    EXPECT(soon > ROUNDS / 2);
    source_thread_close(thread);
    wake_publisher_close(wake);
    relay_end();
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(nudge_that_comes_while_the_relay_paces_itself_is_not_lost),
    };

    return relay_main(tests, sizeof tests / sizeof tests[0]);
}
