/* consumer_test.c - what a Consumer promises about every message, on a real broker. */
#include "common/amqp/consumer.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/amqp/event_batch.h"
#include "common/amqp/topology.h"
#include "jumun/event/v1/event.pb-c.h"
#include "tests/integration/common/amqp/broker.h"
#include "tests/integration/common/amqp/event_messages.h"

enum {
    SEEN_MAX = 4096,
    WAIT_S = 20,
    BAD = 7, /* the id of the event that a test dislikes */
};

#define QUEUE QUEUE_PRODUCT_COMMANDS
#define DEAD  QUEUE ".dead"

static Broker broker;

/* What an EventRun has seen. */
typedef struct Probe {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t ids[SEEN_MAX];
    size_t seen;
    size_t calls;
    size_t largest_call;
    Status bad;      /* for the event BAD */
    size_t bad_runs; /* so often, then it is good; 0: always bad */
    size_t bad_seen;
    size_t outages; /* calls that fail as a whole */
    size_t cuts;    /* calls during which the connection is cut */
} Probe;

static Probe probe = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void probe_reset(void)
{
    probe = (Probe){ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
}

static Status status_for(const Event *event)
{
    if (event->id.value != BAD || probe.bad.name == NULL) {
        return status_ok();
    }
    probe.bad_seen++;
    return probe.bad_runs > 0 && probe.bad_seen > probe.bad_runs ? status_ok() : probe.bad;
}

static void run(void *context, Event *const *events, size_t count)
{
    bool outage;

    (void)context;
    pthread_mutex_lock(&probe.lock);
    probe.calls++;
    probe.largest_call = count > probe.largest_call ? count : probe.largest_call;
    outage = probe.outages > 0;
    probe.outages -= outage ? 1 : 0;
    if (probe.cuts > 0) {
        probe.cuts--;
        tcp_proxy_cut(broker.proxy);
    }
    for (size_t i = 0; i < count; i++) {
        assert(probe.seen < SEEN_MAX);
        probe.ids[probe.seen++] = events[i]->id.value;
        events[i]->status =
            outage ? status_make(STATUS_UNAVAILABLE, "STORE_DOWN") : status_for(events[i]);
    }
    pthread_cond_broadcast(&probe.changed);
    pthread_mutex_unlock(&probe.lock);
}

/* Waits until so many events were seen in all. */
static void wait_for(size_t seen)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&probe.lock);
    while (probe.seen < seen) {
        if (pthread_cond_timedwait(&probe.changed, &probe.lock, &until) == ETIMEDOUT) {
            fprintf(stderr, "saw %zu events of %zu\n", probe.seen, seen);
            abort();
        }
    }
    pthread_mutex_unlock(&probe.lock);
}

static Consumer *open_consumer(const char *url)
{
    Consumer *consumer = NULL;
    ConsumerOptions options = {
        .url = url,
        .queue = QUEUE,
        .run = run,
        .clock = clock_system(),
    };

    assert(!status_failed(consumer_open(&options, &consumer)));
    return consumer;
}

static void publish_batch(uint64_t first, size_t count, const char *attempt)
{
    event_message_publish(&broker, QUEUE, first, count, attempt);
}

static void expect_only_event(const BrokerMessage *message, uint64_t id)
{
    EventSlice slices[EVENT_BATCH_MAX];
    Jumun__Event__V1__Event *event;
    size_t count = 0;

    assert(event_batch_split(message->body, message->size, slices, &count) && count == 1);
    event = jumun__event__v1__event__unpack(NULL, slices[0].size, slices[0].bytes);
    assert(event != NULL && event->id == id && event->order_id == 1000 + id && event->seq == 4);
    jumun__event__v1__event__free_unpacked(event, NULL);
}

static void check_fields(void *context, Event *const *events, size_t count)
{
    (void)context;
    assert(count == 1);
    assert(events[0]->id.value == 1 && events[0]->order.value == 1001);
    assert(strcmp(events[0]->type, "stock.reserve") == 0);
    assert(events[0]->seq == 4 && events[0]->at_us == 5);
    assert(strcmp(events[0]->trace_parent, "00-trace") == 0);
    assert(events[0]->payload_size == 3 && memcmp(events[0]->payload, "\1\2\3", 3) == 0);
    run(NULL, events, count);
}

static void event_arrives_with_all_its_fields(void)
{
    Consumer *consumer = NULL;
    ConsumerOptions options = {
        .url = broker.url, .queue = QUEUE, .run = check_fields, .clock = clock_system()
    };

    probe_reset();
    assert(!status_failed(consumer_open(&options, &consumer)));
    publish_batch(1, 1, NULL);
    wait_for(1);
    assert(consumer_is_up(consumer));
    consumer_close(consumer);
    assert(broker_count(&broker, QUEUE) == 0);
}

static void many_events_come_in_order_in_batches_and_are_acknowledged(void)
{
    enum {
        MESSAGES = 100,
        EACH = 32
    };
    Consumer *consumer;

    probe_reset();
    for (uint64_t i = 0; i < MESSAGES; i++) {
        publish_batch(100 + i * EACH, EACH, NULL);
    }
    consumer = open_consumer(broker.url);
    wait_for((size_t)MESSAGES * EACH);
    consumer_close(consumer);
    for (size_t i = 0; i < probe.seen; i++) {
        assert(probe.ids[i] == 100 + i);
    }
    assert(probe.largest_call > EACH && probe.largest_call <= EVENT_RUN_MAX);
    assert(broker_count(&broker, QUEUE) == 0);
}

static void poison_goes_to_dead_whole_and_the_next_good_event_is_handled(void)
{
    static BrokerMessage dead;
    static const uint8_t truncated[] = { 0x0a, 0x50, 1, 2, 3 };
    uint8_t too_many[33 * EVENT_BYTES_MAX];
    size_t too_many_size = event_message_write(too_many, 500, 33);
    Consumer *consumer;

    probe_reset();
    consumer = open_consumer(broker.url);
    broker_publish(&broker, QUEUE, "garbage", 7, NULL);
    broker_publish(&broker, QUEUE, "", 0, NULL); /* an EventBatch of 0 events */
    broker_publish(&broker, QUEUE, too_many, too_many_size, NULL);
    broker_publish(&broker, QUEUE, truncated, sizeof truncated, NULL);
    publish_batch(1, 1, NULL);
    wait_for(1);
    broker_take(&broker, DEAD, &dead);
    assert(dead.size == 7 && memcmp(dead.body, "garbage", 7) == 0);
    assert(strcmp(dead.reason, "MALFORMED") == 0 && dead.persistent);
    broker_take(&broker, DEAD, &dead);
    assert(dead.size == 0 && strcmp(dead.reason, "MALFORMED") == 0);
    broker_take(&broker, DEAD, &dead);
    assert(dead.size == too_many_size && memcmp(dead.body, too_many, too_many_size) == 0);
    broker_take(&broker, DEAD, &dead);
    assert(dead.size == sizeof truncated);

    consumer_close(consumer);
    assert(probe.seen == 1);
    assert(broker_count(&broker, QUEUE) == 0);
}

static void oversized_message_is_moved_by_the_broker_and_its_neighbours_are_handled(void)
{
    static uint8_t large[100 * 1024];
    static BrokerMessage dead;
    Consumer *consumer;

    probe_reset();
    publish_batch(1, 1, NULL); /* alone in the first batch, as always */
    publish_batch(2, 1, NULL);
    broker_publish(&broker, QUEUE, large, sizeof large, NULL);
    consumer = open_consumer(broker.url);
    wait_for(2);
    broker_take(&broker, DEAD, &dead);
    assert(dead.size == sizeof large);
    consumer_close(consumer);
    assert(probe.seen == 2);
    assert(broker_count(&broker, QUEUE) == 0);
}

static void bad_event_among_31_good_ones_goes_to_dead_alone(void)
{
    static BrokerMessage dead;
    Consumer *consumer;

    probe_reset();
    probe.bad = status_make(STATUS_NOT_FOUND, "ORDER_NOT_FOUND");
    consumer = open_consumer(broker.url);
    publish_batch(1, 32, NULL);
    wait_for(32);
    broker_take(&broker, DEAD, &dead);
    expect_only_event(&dead, BAD);
    assert(strcmp(dead.reason, "ORDER_NOT_FOUND") == 0 && strcmp(dead.attempt, "1") == 0);
    consumer_close(consumer);
    assert(probe.seen == 32);
    assert(broker_count(&broker, QUEUE) == 0 && broker_count(&broker, DEAD) == 0);
}

static void event_without_an_id_is_parked_and_never_run(void)
{
    static BrokerMessage dead;
    Consumer *consumer;

    probe_reset();
    consumer = open_consumer(broker.url);
    publish_batch(0, 2, NULL); /* ids 0 and 1 */
    wait_for(1);
    broker_take(&broker, DEAD, &dead);
    assert(strcmp(dead.reason, "MALFORMED") == 0);
    consumer_close(consumer);
    assert(probe.seen == 1 && probe.ids[0] == 1);
}

static void event_to_be_retried_comes_back_alone_after_a_second(void)
{
    Consumer *consumer;
    int64_t start_us = clock_monotonic_us(clock_system());

    probe_reset();
    probe.bad = status_make(STATUS_ABORTED, "LOST_RACE");
    probe.bad_runs = 1;
    consumer = open_consumer(broker.url);
    publish_batch(6, 3, NULL);
    wait_for(4);
    assert(clock_monotonic_us(clock_system()) - start_us >= US_PER_S);
    consumer_close(consumer);
    assert(probe.ids[3] == BAD);
    assert(broker_count(&broker, QUEUE) == 0 && broker_count(&broker, DEAD) == 0);
}

static void event_waits_longer_each_time_and_dies_after_its_last_attempt(void)
{
    static BrokerMessage message;
    Consumer *consumer;

    probe_reset();
    probe.bad = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    consumer = open_consumer(broker.url);
    publish_batch(BAD, 1, "1");
    broker_take(&broker, QUEUE ".retry.10s", &message);
    expect_only_event(&message, BAD);
    assert(strcmp(message.attempt, "2") == 0 && message.reason[0] == '\0');
    publish_batch(BAD, 1, "4");
    broker_take(&broker, QUEUE ".retry.60s", &message);
    assert(strcmp(message.attempt, "5") == 0);
    publish_batch(BAD, 1, "5");
    broker_take(&broker, DEAD, &message);
    expect_only_event(&message, BAD);
    assert(strcmp(message.attempt, "6") == 0 && strcmp(message.reason, "OVERLOADED") == 0);
    publish_batch(BAD, 1, "nonsense");
    broker_take(&broker, DEAD, &message);
    consumer_close(consumer);
}

static void batch_is_kept_while_the_store_is_down(void)
{
    Consumer *consumer;

    probe_reset();
    probe.outages = 3;
    publish_batch(1, 5, NULL);
    consumer = open_consumer(broker.url);
    wait_for(4 * 5);
    consumer_close(consumer);
    assert(probe.calls == 4);
    for (size_t i = 0; i < probe.seen; i++) {
        assert(probe.ids[i] == 1 + i % 5);
    }
    assert(broker_count(&broker, QUEUE) == 0);
    assert(broker_count(&broker, QUEUE ".retry.1s") == 0 && broker_count(&broker, DEAD) == 0);
}

static void consumer_that_closes_during_an_outage_leaves_its_batch_in_the_queue(void)
{
    Consumer *consumer;
    int64_t start_us;

    probe_reset();
    probe.outages = SEEN_MAX;
    publish_batch(1, 5, NULL);
    consumer = open_consumer(broker.url);
    wait_for(5);
    start_us = clock_monotonic_us(clock_system());
    consumer_close(consumer);
    assert(clock_monotonic_us(clock_system()) - start_us < 2 * US_PER_S);
    probe_reset();
    consumer = open_consumer(broker.url);
    wait_for(5);
    consumer_close(consumer);
    assert(broker_count(&broker, QUEUE) == 0);
}

static void batch_whose_connection_dies_before_the_ack_is_delivered_again(void)
{
    Consumer *consumer;

    probe_reset();
    probe.cuts = 1;
    publish_batch(1, 5, NULL);
    consumer = open_consumer(broker.proxied_url);
    wait_for(10);
    consumer_close(consumer);
    for (size_t i = 0; i < probe.seen; i++) {
        assert(probe.ids[i] == 1 + i % 5);
    }
    assert(broker_count(&broker, QUEUE) == 0);
}

/* The first two connections die with a message in hand; it is alone in both, because a
 * new subscription prefetches one. The others come in one batch behind it. */
static void message_delivered_twice_before_is_handled_alone_and_burns_no_other(void)
{
    Consumer *consumer;

    probe_reset();
    probe.cuts = 2;
    for (uint64_t i = 1; i <= 20; i++) {
        publish_batch(i, 1, NULL);
    }
    consumer = open_consumer(broker.proxied_url);
    wait_for(22);
    consumer_close(consumer);
    assert(probe.ids[0] == 1 && probe.ids[1] == 1 && probe.ids[2] == 1);
    for (size_t i = 2; i < probe.seen; i++) {
        assert(probe.ids[i] == i - 1);
    }
    assert(probe.seen == 22);
    assert(broker_count(&broker, QUEUE) == 0 && broker_count(&broker, DEAD) == 0);
}

static void consumer_whose_queue_was_deleted_subscribes_again(void)
{
    Consumer *consumer;

    probe_reset();
    consumer = open_consumer(broker.url);
    publish_batch(1, 1, NULL);
    wait_for(1);
    broker_delete(&broker, QUEUE);
    while (consumer_is_up(consumer)) {
        sched_yield();
    }
    while (!consumer_is_up(consumer)) {
        sched_yield();
    }
    publish_batch(2, 1, NULL);
    wait_for(2);
    consumer_close(consumer);
}

static void close_is_prompt_when_idle_and_when_there_is_no_broker(void)
{
    Consumer *idle = open_consumer(broker.url);
    Consumer *lost = open_consumer("amqp://guest:guest@127.0.0.1:1/%2F");
    int64_t start_us;

    while (!consumer_is_up(idle)) {
        sched_yield();
    }
    start_us = clock_monotonic_us(clock_system());
    consumer_close(idle);
    consumer_close(lost);
    assert(clock_monotonic_us(clock_system()) - start_us < US_PER_S / 2);
}

int main(void)
{
    broker_open(&broker);
    event_arrives_with_all_its_fields();
    many_events_come_in_order_in_batches_and_are_acknowledged();
    poison_goes_to_dead_whole_and_the_next_good_event_is_handled();
    oversized_message_is_moved_by_the_broker_and_its_neighbours_are_handled();
    bad_event_among_31_good_ones_goes_to_dead_alone();
    event_without_an_id_is_parked_and_never_run();
    event_to_be_retried_comes_back_alone_after_a_second();
    event_waits_longer_each_time_and_dies_after_its_last_attempt();
    batch_is_kept_while_the_store_is_down();
    consumer_that_closes_during_an_outage_leaves_its_batch_in_the_queue();
    batch_whose_connection_dies_before_the_ack_is_delivered_again();
    message_delivered_twice_before_is_handled_alone_and_burns_no_other();
    consumer_whose_queue_was_deleted_subscribes_again();
    close_is_prompt_when_idle_and_when_there_is_no_broker();
    broker_close(&broker);
    puts("ok");
    return 0;
}
