/* Pressure where it is felt: batches of PlaceOrder calls that came over real RPC nudge the
 * relay seldom while they are large, and runs of events wait for them, but not for ever.
 * Clocks are the test's own, so that nothing depends on how fast the machine is. */
#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/order/api/order_events.h"
#include "tests/thread/services/order/gathered_placing.h"

static const int64_t nudge_us = PRESSURE_NUDGE_MS * US_PER_MS;
static const int64_t lasts_us = PRESSURE_LASTS_MS * US_PER_MS;
static const int64_t run_us = PRESSURE_RUN_MS * US_PER_MS;

/* -- placing -- */

/* Large batches until one gives no nudge: that is pressure. Returns how many it took. */
static size_t press(GatheredPlacing *served)
{
    size_t batches = 1;

    while (place_gathered(served, LARGE) > 0) {
        batches++;
        assert(batches < PRESSURE_MEAN_OF); /* each is more than twice the least */
    }
    return batches;
}

static void small_batches_always_nudge(void)
{
    GatheredPlacing *served = serve_gathered();

    start_gathered(served, 0);
    for (int i = 0; i < 2 * PRESSURE_MEAN_OF; i++) {
        assert(place_one(served) == 1); /* the clock stands still */
    }
    stop_gathered(served);
}

static void large_batches_nudge_seldom_and_small_ones_after_them_always(void)
{
    GatheredPlacing *served = serve_gathered();
    size_t nudges = 0;

    start_gathered(served, LARGE_BATCHES_MAX);
    size_t pressed = press(served);
    assert(pressed > 1 && pressed + 4 <= LARGE_BATCHES_MAX);
    for (size_t i = pressed; i < LARGE_BATCHES_MAX; i++) {
        served->clock.monotonic_us += nudge_us / 2;
        nudges += place_gathered(served, LARGE);
    }
    assert(nudges == (LARGE_BATCHES_MAX - pressed) / 2); /* every other time it is time */

    for (int i = 0; i < 2 * PRESSURE_MEAN_OF; i++) {
        (void)place_one(served);
    }
    served->clock.monotonic_us += lasts_us;
    for (int i = 0; i < PRESSURE_MEAN_OF; i++) {
        assert(place_one(served) == 1);
    }
    stop_gathered(served);
}

static void without_pressure_every_batch_nudges(void)
{
    GatheredPlacing *served = serve_gathered();

    served->placing.pressure = NULL;
    start_gathered(served, PRESSURE_MEAN_OF);
    for (int i = 0; i < PRESSURE_MEAN_OF; i++) {
        assert(place_gathered(served, LARGE) == 1);
    }
    stop_gathered(served);
}

/* -- events -- */

/* Every look at it takes as long as the step between two looks of a run that waits. */
typedef struct TickingClock {
    Clock clock;
    _Atomic int64_t now_us;
} TickingClock;

static int64_t tick(const Clock *clock)
{
    return atomic_fetch_add(&((TickingClock *)(uintptr_t)clock)->now_us,
                            PRESSURE_STEP_MS * US_PER_MS);
}

static const ClockOps ticking_ops = { tick, tick };

/* Orders that wait for their stock, and the events that say it is reserved. Its store
 * remembers when it was first asked to work. */
typedef struct Hearing {
    OrderStore store;
    OrderWorld *world;
    TickingClock clock;
    Metrics *metrics;
    OrderEvents events;
    uint64_t next_event;
    int64_t began_us;  /* of the last run */
    int64_t worked_us; /* when its work began */
} Hearing;

static Status noted_advance(OrderStore *store, Arena *arena, OrderStep *const *steps, size_t count,
                            const OrderDecision *decision)
{
    Hearing *hearing = (Hearing *)store;
    OrderStore *real = hearing->world->event_store;

    hearing->worked_us = atomic_load(&hearing->clock.now_us);
    return real->ops->advance(real, arena, steps, count, decision);
}

static Hearing *hearing_open(OrderPressure *pressure, int64_t now_us)
{
    static OrderStoreOps ops;
    Hearing *hearing = calloc(1, sizeof *hearing);

    assert(hearing != NULL);
    hearing->world = order_world_open();
    ops = *hearing->world->event_store->ops;
    ops.advance = noted_advance;
    hearing->store.ops = &ops;
    hearing->clock.clock.ops = &ticking_ops;
    atomic_store(&hearing->clock.now_us, now_us);
    hearing->metrics = metrics_open();
    hearing->events = (OrderEvents){ .app = hearing->world->advance, .pressure = pressure };
    hearing->events.app.store = &hearing->store;
    hearing->events.app.clock = &hearing->clock.clock;
    arena_init(&hearing->events.arena, ORDER_EVENTS_ARENA_BLOCK, ORDER_EVENTS_ARENA_MAX);
    order_events_measure(&hearing->events, hearing->metrics);
    return hearing;
}

static void hearing_close(Hearing *hearing)
{
    arena_deinit(&hearing->events.arena);
    hearing->world->advance.arena = hearing->events.app.arena; /* the run grew it */
    order_world_close(hearing->world);
    metrics_close(hearing->metrics);
    free(hearing);
}

/* A run of one event; returns how long it waited before it worked. */
static int64_t hear(Hearing *hearing)
{
    OrderWorld *world = hearing->world;
    char key[16];

    (void)snprintf(key, sizeof key, "k%u", (unsigned)hearing->next_event);
    PlaceOrder *item = order_world_ask(world, 7, key, 1, "");
    order_world_add_line(world, item, 1, 1);
    order_world_place(world);
    assert(!status_failed(item->status));
    Event event = { .id = { ++hearing->next_event },
                    .type = "stock.reserved",
                    .order = item->order.id,
                    .trace_parent = "" };
    hearing->worked_us = 0;
    hearing->began_us = atomic_load(&hearing->clock.now_us);
    order_events_run(&hearing->events, (Event *[]){ &event }, 1);
    assert(!status_failed(event.status) && hearing->worked_us != 0);
    const Order *order = memory_orders_find(world->db, item->order.id);
    assert(order != NULL && order->state != ORDER_PENDING);
    return hearing->worked_us - hearing->began_us;
}

static uint64_t held(const Hearing *hearing)
{
    return counter_value(metrics_counter(hearing->metrics, "order_runs_held_total", "", ""));
}

static void run_does_not_wait_without_pressure(void)
{
    OrderPressure none = { 0 };
    Hearing *with_none = hearing_open(&none, US_PER_S);
    Hearing *without = hearing_open(NULL, US_PER_S);

    for (int i = 0; i < 3; i++) {
        assert(hear(with_none) < lasts_us);
        assert(hear(without) < lasts_us);
    }
    assert(held(with_none) == 0 && held(without) == 0);
    hearing_close(with_none);
    hearing_close(without);
}

static void run_waits_until_the_pressure_is_over_before_it_works(void)
{
    OrderPressure pressure = { 0 };
    Hearing *hearing = hearing_open(&pressure, US_PER_S);

    for (uint64_t i = 1; i <= 2; i++) {
        int64_t until_us = atomic_load(&hearing->clock.now_us) + lasts_us;

        atomic_store(&pressure.until_us, until_us);
        (void)hear(hearing);
        assert(hearing->worked_us >= until_us && held(hearing) == i);
    }
    assert(hear(hearing) < lasts_us && held(hearing) == 2); /* it is over */
    hearing_close(hearing);
}

/* The real time shows that it sleeps in between: it may take longer, never less. */
static void run_that_is_pressed_for_good_happens_after_a_while(void)
{
    OrderPressure pressure = { .until_us = INT64_MAX };
    Hearing *hearing = hearing_open(&pressure, US_PER_S);
    int64_t really_began_us = clock_monotonic_us(clock_system());
    int64_t waited_us = hear(hearing);

    assert(waited_us >= run_us && waited_us < 2 * run_us);
    assert(clock_monotonic_us(clock_system()) - really_began_us >= run_us);
    assert(held(hearing) == 1);
    hearing_close(hearing);
}

static void *hear_one(void *context)
{
    (void)hear(context);
    return NULL;
}

static void placing_in_large_batches_holds_back_a_run_of_events_on_another_thread(void)
{
    GatheredPlacing *served = serve_gathered();
    pthread_t thread;

    start_gathered(served, LARGE_BATCHES_MAX);
    Hearing *hearing = hearing_open(&served->pressure, served->clock.monotonic_us);
    assert(hear(hearing) < lasts_us && held(hearing) == 0);
    size_t pressed = press(served);
    served->clock.monotonic_us = atomic_load(&hearing->clock.now_us);
    (void)place_gathered(served, LARGE);
    assert(pthread_create(&thread, NULL, hear_one, hearing) == 0);
    for (size_t i = pressed + 1; i < LARGE_BATCHES_MAX; i++) {
        (void)place_gathered(served, LARGE); /* meanwhile */
    }
    (void)pthread_join(thread, NULL);
    assert(held(hearing) == 1);
    hearing_close(hearing);
    stop_gathered(served);
}

int main(void)
{
    static const NamedTest tests[] = {
        { "small_batches_always_nudge", small_batches_always_nudge },
        { "large_batches_nudge_seldom_and_small_ones_after_them_always",
          large_batches_nudge_seldom_and_small_ones_after_them_always },
        { "without_pressure_every_batch_nudges", without_pressure_every_batch_nudges },
        { "run_does_not_wait_without_pressure", run_does_not_wait_without_pressure },
        { "run_waits_until_the_pressure_is_over_before_it_works",
          run_waits_until_the_pressure_is_over_before_it_works },
        { "run_that_is_pressed_for_good_happens_after_a_while",
          run_that_is_pressed_for_good_happens_after_a_while },
        { "placing_in_large_batches_holds_back_a_run_of_events_on_another_thread",
          placing_in_large_batches_holds_back_a_run_of_events_on_another_thread },
    };

    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
