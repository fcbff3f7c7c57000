/* relay_test.c - no event is lost or removed unconfirmed, whatever fails and whenever. */
#include "relay/relay.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/fake_relay.h"

enum {
    NOW_S = 100000, /* after the epoch of ids */
};

#define BASE id_floor(ID_EPOCH_US + NOW_S * US_PER_S)

/* A clock that stands still until it is told. */
typedef struct FakeClock {
    Clock clock;
    int64_t now_us;
} FakeClock;

static int64_t fake_wall(const Clock *clock)
{
    return ID_EPOCH_US + ((const FakeClock *)clock)->now_us;
}

static int64_t fake_monotonic(const Clock *clock)
{
    return ((const FakeClock *)clock)->now_us;
}

static const ClockOps clock_ops = { fake_wall, fake_monotonic };

static FakeRelay world;
static FakeClock fake_clock;
static Relay relay;

static void start_relay(void)
{
    relay_init(&relay, &world.source, &world.sink, &fake_clock.clock);
}

static void set_up(void)
{
    fake_relay_init(&world);
    fake_clock = (FakeClock){ { &clock_ops }, NOW_S * US_PER_S };
    start_relay();
}

TestSuite(relay, .init = set_up);

static void add_row(uint64_t id, const char *queue, bool committed)
{
    (void)fake_relay_add(&world, id, queue, committed);
}

static void add_rows(uint64_t first, size_t count, const char *queue)
{
    for (size_t i = 0; i < count; i++) {
        add_row(first + i, queue, true);
    }
}

/* Steps while the relay says that there is more. */
static Status step_all(void)
{
    Status status = status_ok();
    bool more = true;

    for (int i = 0; i < 100 && more && !status_failed(status); i++) {
        more = false;
        status = relay_step(&relay, &more);
    }
    cr_assert_not(more, "it never ends");
    return status;
}

static size_t count_waiting(void)
{
    size_t count = 0;

    for (size_t i = 0; i < world.row_count; i++) {
        count += world.rows[i].removed ? 0 : 1;
    }
    return count;
}

static void advance_ms(int64_t ms)
{
    fake_clock.now_us += ms * US_PER_MS;
}

Test(relay, moves_everything_once_and_removes_it)
{
    add_rows(BASE, 1234, "a");
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_eq(count_waiting(), 0);
    for (size_t i = 0; i < world.row_count; i++) {
        cr_assert_eq(world.rows[i].published, 1);
    }
}

Test(relay, empty_outbox_is_no_failure_and_publishes_nothing)
{
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_eq(world.calls, 1);
}

Test(relay, rows_stay_while_the_broker_is_down)
{
    world.sink_limit = 0;
    add_rows(BASE, 3, "a");
    cr_assert_eq(step_all().code, STATUS_UNAVAILABLE);
    cr_assert_eq(count_waiting(), 3);
    world.sink_limit = SIZE_MAX;
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_eq(count_waiting(), 0);
}

Test(relay, what_was_confirmed_before_the_connection_broke_goes_and_the_rest_stays)
{
    world.sink_limit = 2;
    add_rows(BASE, 5, "a");
    cr_assert_eq(step_all().code, STATUS_UNAVAILABLE);
    cr_assert_eq(count_waiting(), 3);
    world.sink_limit = SIZE_MAX;
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_eq(count_waiting(), 0);
    cr_assert_eq(world.rows[0].published, 1);
}

Test(relay, missing_queue_keeps_its_rows_and_lets_the_others_go)
{
    world.refused_queue = "missing";
    world.refusal = status_make(STATUS_FAILED_PRECONDITION, "RETURNED");
    add_row(BASE, "a", true);
    add_row(BASE + 1, "missing", true);
    add_row(BASE + 2, "a", true);
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert(world.rows[0].removed && world.rows[2].removed);
    cr_assert_not(world.rows[1].removed);
}

Test(relay, refused_rows_are_counted_and_tried_again_once_a_second_only)
{
    Metrics *metrics = metrics_open();

    relay.metrics.returned = metrics_counter(metrics, "returned", "", "");
    relay.metrics.nacked = metrics_counter(metrics, "nacked", "", "");
    world.refused_queue = "missing";
    world.refusal = status_make(STATUS_FAILED_PRECONDITION, "RETURNED");
    add_row(BASE, "missing", true);
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(step_all().code, STATUS_OK);
    }
    cr_assert_eq(counter_value(relay.metrics.returned), 1);
    cr_assert_not(relay_sweep_due(&relay));
    advance_ms(1000);
    cr_assert(relay_sweep_due(&relay));
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_eq(counter_value(relay.metrics.returned), 2);
    cr_assert_eq(counter_value(relay.metrics.nacked), 0);
    world.refusal = status_make(STATUS_RESOURCE_EXHAUSTED, "NACKED");
    advance_ms(1000);
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_eq(counter_value(relay.metrics.nacked), 1);
    world.refused_queue = NULL;
    advance_ms(1000);
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_eq(count_waiting(), 0);
    metrics_close(metrics);
}

Test(relay, full_queue_with_many_rows_does_not_stand_in_the_way_of_another)
{
    world.refused_queue = "full";
    world.refusal = status_make(STATUS_RESOURCE_EXHAUSTED, "NACKED");
    add_rows(BASE, 1200, "full");
    add_rows(BASE + 1200, 3, "a");
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_eq(count_waiting(), 1200);
    cr_assert(world.rows[1202].removed);
}

Test(relay, too_many_refusing_queues_are_a_failure_and_not_a_busy_loop)
{
    static char names[RELAY_PAUSED_MAX + 1][RELAY_QUEUE_SIZE];

    world.refusal = status_make(STATUS_FAILED_PRECONDITION, "RETURNED");
    for (size_t i = 0; i < RELAY_PAUSED_MAX + 1; i++) {
        snprintf(names[i], sizeof names[i], "q%zu", i);
        add_row(BASE + i, names[i], true);
    }
    for (size_t i = 0; i < RELAY_PAUSED_MAX; i++) {
        world.refused_queue = names[i];
        world.sink_limit = 0;
        relay_step(&relay, &(bool){ false });
    }
    world.refused_queue = names[RELAY_PAUSED_MAX];
    cr_assert_eq(relay_step(&relay, &(bool){ false }).code, STATUS_FAILED_PRECONDITION);
    cr_assert_eq(count_waiting(), RELAY_PAUSED_MAX + 1);
}

Test(relay, row_committed_late_below_others_is_not_skipped)
{
    add_row(BASE, "a", false); /* its transaction is still open */
    add_rows(BASE + 1, 10, "a");
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_eq(count_waiting(), 1);
    advance_ms(900); /* before the next sweep */
    world.rows[0].committed = true;
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_eq(count_waiting(), 0);
}

Test(relay, row_of_a_transaction_longer_than_the_trail_is_found_by_the_sweep)
{
    add_row(BASE, "a", false);
    cr_assert_eq(step_all().code, STATUS_OK);
    for (int i = 0; i < 60; i++) {
        advance_ms(1000);
        add_row(id_floor(fake_wall(&fake_clock.clock)), "a", true);
        cr_assert_eq(step_all().code, STATUS_OK);
    }
    advance_ms(100);
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_gt(relay.range.floor.value, BASE, "or the test shows nothing");
    world.rows[0].committed = true;
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_eq(count_waiting(), 1);
    advance_ms(1000);
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_eq(count_waiting(), 0);
}

Test(relay, floor_follows_a_backlog_and_stays_10_s_behind_the_clock)
{
    uint64_t old = id_floor(ID_EPOCH_US + (NOW_S - 60) * US_PER_S);
    uint64_t trail = id_floor(ID_EPOCH_US + (NOW_S - RELAY_TRAIL_S) * US_PER_S);

    add_rows(old, RELAY_BATCH_MAX * 7 / 5, "a");
    add_rows(BASE, RELAY_BATCH_MAX * 7 / 5, "a");
    cr_assert_eq(step_all().code, STATUS_OK);
    cr_assert_eq(world.reads, 3);
    cr_assert_eq(world.floors[0], 0);
    cr_assert_eq(world.floors[1], old + RELAY_BATCH_MAX);
    cr_assert_eq(world.floors[2], trail);
    cr_assert_eq(relay.range.floor.value, trail);
}

Test(relay, floor_does_not_move_past_what_failed)
{
    uint64_t old = id_floor(ID_EPOCH_US + (NOW_S - 60) * US_PER_S);

    world.sink_limit = 100;
    add_rows(old, 700, "a");
    cr_assert_eq(step_all().code, STATUS_UNAVAILABLE);
    cr_assert_eq(relay.range.floor.value, 0);
}

/* -- the pace -- */

static const OutboxSourceOps *fast_ops;

static Status read_slowly(OutboxSource *source, const OutboxRange *range,
                          RelayRow rows[static RELAY_BATCH_MAX], size_t *ret_count)
{
    advance_ms(3);
    return fast_ops->read(source, range, rows, ret_count);
}

/* A step whose read takes 3 ms; returns how long after its begin the next is due. */
static int64_t pace_of_slow_step(void)
{
    static OutboxSourceOps slow_ops;
    int64_t began_us = fake_clock.now_us;
    bool more = false;

    fast_ops = world.source.ops;
    slow_ops = *fast_ops;
    slow_ops.read = read_slowly;
    world.source.ops = &slow_ops;
    cr_assert_eq(relay_step(&relay, &more).code, STATUS_OK);
    world.source.ops = fast_ops;
    return relay.pace.due_us - began_us;
}

Test(relay, step_that_moves_nothing_is_followed_without_a_wait)
{
    cr_assert_eq(pace_of_slow_step(), 0);
}

Test(relay, next_step_is_due_by_what_events_this_one_moved_and_not_by_its_rows)
{
    add_rows(BASE, 2, "a");
    fake_relay_add(&world, BASE + 2, "a", true)->events = 10;
    cr_assert_eq(pace_of_slow_step(), 12 * PACE_ITEM_US);
    add_row(BASE + 3, "a", true);
    cr_assert_eq(pace_of_slow_step(), PACE_ITEM_US, "the last step counts, not those before");
}

Test(relay, next_step_is_due_after_20_ms_at_most)
{
    for (uint64_t i = 0; i < 10; i++) {
        fake_relay_add(&world, BASE + i, "a", true)->events = 32;
    }
    cr_assert_eq(pace_of_slow_step(), RELAY_PACE_MS * US_PER_MS);
}

/* Each port call fails once, before or after its effect; the relay goes on, or is killed
 * and started again. */
static void survive_fault(size_t at, RelayFault fault, bool killed)
{
    set_up();
    world.fault_at = at;
    world.fault = fault;
    add_rows(BASE, 600, "a");
    add_rows(BASE + 600, 600, "b");
    for (int i = 0; i < 10 && count_waiting() > 0; i++) {
        if (status_failed(step_all()) && killed) {
            start_relay();
        }
    }
    cr_expect_eq(count_waiting(), 0, "call %zu", at);
    for (size_t i = 0; i < world.row_count; i++) {
        cr_assert(world.rows[i].published >= 1 && world.rows[i].published <= 2);
    }
}

Test(relay, nothing_is_lost_whichever_call_fails)
{
    for (size_t at = 1; at <= 10; at++) {
        survive_fault(at, FAULT_BEFORE, false);
        survive_fault(at, FAULT_AFTER, false);
        survive_fault(at, FAULT_BEFORE, true);
        survive_fault(at, FAULT_AFTER, true);
    }
}
