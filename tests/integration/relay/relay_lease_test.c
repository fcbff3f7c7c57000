/* relay_lease_test.c - one relay of an outbox at a time: who leads, and who comes next. */
#include "common/amqp/topology.h"
#include "relay/lease.h"
#include "tests/integration/relay/relay_fixture.h"

static void second_relay_stands_by_and_takes_over(void)
{
    SourceThread *first;
    SourceThread *second;

    relay_begin();
    first = relay_start(relay.broker.url);
    fixture_wait_until(thread_leads, first);
    second = relay_start(relay.broker.url);
    fixture_wait_until(thread_is_ready, second);
    EXPECT(!source_thread_leads(second));
    source_thread_close(first);
    fixture_wait_until(thread_leads, second);
    insert(id_now(), QUEUE_ORDER_REPLIES);
    fixture_wait_until(outbox_is_empty, NULL);
    source_thread_close(second);
    relay_end();
}

static void lease_of_a_dead_relay_ends_by_itself(void)
{
    SourceThread *thread;

    relay_begin();
    fixture_run(relay.db, "INSERT INTO relay_lease VALUES"
                          " ('outbox', 'dead', 7, UTC_TIMESTAMP(6) + INTERVAL 2 SECOND);");
    insert(id_now(), QUEUE_ORDER_REPLIES);
    thread = relay_start(relay.broker.url);
    fixture_wait_until(thread_is_ready, thread);
    EXPECT(!source_thread_leads(thread) && rows_left() == 1);
    fixture_wait_until(thread_leads, thread);
    fixture_wait_until(outbox_is_empty, NULL);
    source_thread_close(thread);
    relay_end();
}

static void released_lease_is_free_at_once(void)
{
    Lease old;
    Lease new;

    relay_begin();
    lease_init(&old, clock_system());
    lease_init(&new, clock_system());
    EXPECT(!status_failed(lease_keep(&old, relay.db)));
    lease_release(&old, relay.db);
    EXPECT(!status_failed(lease_keep(&new, relay.db)));
    relay_end();
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(second_relay_stands_by_and_takes_over),
        TEST(lease_of_a_dead_relay_ends_by_itself),
        TEST(released_lease_is_free_at_once),
    };

    return relay_main(tests, sizeof tests / sizeof tests[0]);
}
