/* consumer_pace_test.c - a Consumer lets messages gather after a run that had many events.
 * On a real broker. (How long: pace_test.c.) */
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/amqp/consumer.h"
#include "common/amqp/event_batch.h"
#include "common/amqp/topology.h"
#include "tests/integration/common/amqp/broker.h"
#include "tests/integration/common/amqp/event_messages.h"

enum {
    RUNS_MAX = 1024,
    SOON_MS = 20000,
    LOOK_MS = 1,
    TRICKLE = 5,
};

#define QUEUE QUEUE_PRODUCT_COMMANDS

static Broker broker;

/* A clock that stands still until it is set, and counts how often it is looked at. */
typedef struct SetClock {
    Clock clock;
    _Atomic int64_t now_us;
    atomic_size_t looks;
} SetClock;

static int64_t set_clock_now(const Clock *clock)
{
    SetClock *set = (SetClock *)(uintptr_t)clock;

    (void)atomic_fetch_add(&set->looks, 1);
    return atomic_load(&set->now_us);
}

static const ClockOps set_clock_ops = { set_clock_now, set_clock_now };

/* The sizes of the runs so far. */
typedef struct Runs {
    SetClock *clock;      /* NULL for none */
    int64_t step_back_us; /* of the clock, within the next run */
    size_t sizes[RUNS_MAX];
    atomic_size_t count;
} Runs;

static void run(void *context, Event *const *events, size_t count)
{
    Runs *runs = context;
    size_t at = atomic_load(&runs->count);

    assert(at < RUNS_MAX);
    if (runs->step_back_us > 0) {
        (void)atomic_fetch_sub(&runs->clock->now_us, runs->step_back_us);
        runs->step_back_us = 0;
    }
    for (size_t i = 0; i < count; i++) {
        events[i]->status = status_ok();
    }
    runs->sizes[at] = count;
    atomic_store(&runs->count, at + 1);
}

static void wait_for_runs(Runs *runs, size_t count)
{
    for (int ms = 0; atomic_load(&runs->count) < count; ms += LOOK_MS) {
        assert(ms < SOON_MS);
        poll(NULL, 0, LOOK_MS);
    }
}

/* Publishes one event and returns once the consumer has it: it then looks how late it is. */
static void trickle(SetClock *clock, uint64_t id)
{
    size_t looks = atomic_load(&clock->looks);

    event_message_publish(&broker, QUEUE, id, 1, NULL);
    for (int ms = 0; atomic_load(&clock->looks) == looks; ms += LOOK_MS) {
        assert(ms < SOON_MS);
        poll(NULL, 0, LOOK_MS);
    }
}

static Consumer *open_consumer(Runs *runs, const Clock *clock)
{
    Consumer *consumer = NULL;
    ConsumerOptions options = {
        .url = broker.url, .queue = QUEUE, .run = run, .context = runs, .clock = clock
    };

    assert(!status_failed(consumer_open(&options, &consumer)));
    return consumer;
}

/* The pace is a few milliseconds, too few for a test. The clock therefore steps back in the
 * run, which is then as good as minutes ago from its end; later it jumps beyond it. */
static void messages_that_trickle_in_within_the_pace_make_one_run(void)
{
    SetClock clock = { { &set_clock_ops }, 3600 * US_PER_S, 0 };
    Runs runs = { .clock = &clock, .step_back_us = 600 * US_PER_S };
    Consumer *consumer;

    event_message_publish(&broker, QUEUE, 1, EVENT_BATCH_MAX, NULL);
    consumer = open_consumer(&runs, &clock.clock);
    wait_for_runs(&runs, 1);
    assert(runs.sizes[0] == EVENT_BATCH_MAX);
    for (uint64_t i = 0; i < TRICKLE; i++) {
        trickle(&clock, 100 + i);
        assert(atomic_load(&runs.count) == 1);
    }
    atomic_store(&clock.now_us, 7200 * US_PER_S);
    trickle(&clock, 100 + TRICKLE); /* with this one it sees how late it is */
    wait_for_runs(&runs, 2);
    assert(runs.sizes[1] == TRICKLE + 1);

    event_message_publish(&broker, QUEUE, 200, 1, NULL); /* the time has passed: no wait */
    wait_for_runs(&runs, 3);
    assert(runs.sizes[2] == 1);
    consumer_close(consumer);
    assert(broker_count(&broker, QUEUE) == 0);
}

int main(void)
{
    broker_open(&broker);
    messages_that_trickle_in_within_the_pace_make_one_run();
    broker_close(&broker);
    puts("ok");
    return 0;
}
