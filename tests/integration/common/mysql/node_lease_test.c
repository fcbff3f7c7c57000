/* Node leases: never shared, never used when stale, taken again in a careful order. */
#include <stdatomic.h>
#include <stdio.h>

#include "common/mysql/node_lease.h"
#include "tests/integration/common/mysql/mysql_fixture.h"

enum {
    LEASES = 8,
    IDS = 1000,
    FIRST = NODE_RANGE_PRODUCT,
};

static const char create[] = "CREATE TABLE node_lease (node SMALLINT UNSIGNED PRIMARY KEY,"
                             " owner VARCHAR(64) NOT NULL, expires_at DATETIME(6) NOT NULL);";

/* The machine's clock, but the monotonic time can be moved on. */
typedef struct ShiftedClock {
    Clock clock;
    _Atomic int64_t shift_us;
} ShiftedClock;

static int64_t wall_us(const Clock *clock)
{
    (void)clock;
    return clock_wall_us(clock_system());
}

static int64_t monotonic_us(const Clock *clock)
{
    const ShiftedClock *shifted = (const ShiftedClock *)clock;

    return clock_monotonic_us(clock_system()) + atomic_load(&shifted->shift_us);
}

static const ClockOps shifted_ops = { wall_us, monotonic_us };

static NodeLease *open_lease(const Clock *clock)
{
    NodeLease *lease = NULL;

    EXPECT(!status_failed(node_lease_open(fixture_url(), NODE_RANGE_PRODUCT, clock, &lease)));
    return lease;
}

static bool is_held(void *context)
{
    return node_lease_is_held(context);
}

static uint32_t node_of(NodeLease *lease)
{
    uint64_t id;

    EXPECT(id_source_next(node_lease_ids(lease), &id));
    return id >> 14 & (ID_NODES - 1);
}

static void leases_never_share_a_node(void)
{
    NodeLease *leases[LEASES];
    bool used[ID_NODES] = { false };
    Db *db = fixture_open();

    fixture_run(db, create);
    for (int i = 0; i < LEASES; i++) { /* all threads ask at once */
        leases[i] = open_lease(clock_system());
    }
    for (int i = 0; i < LEASES; i++) {
        fixture_wait_until(is_held, leases[i]);
        uint32_t node = node_of(leases[i]);
        EXPECT(node >= FIRST && node < FIRST + ID_NODES_PER_SERVICE);
        EXPECT(!used[node]);
        used[node] = true;
    }
    for (int i = 0; i < LEASES; i++) {
        node_lease_close(leases[i]);
    }
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM node_lease WHERE owner = ''"
                              " AND expires_at <= NOW(6)") == LEASES);
    db_close(db);
}

static void a_restart_takes_a_node_that_nobody_had_before(void)
{
    Db *db = fixture_open();

    fixture_run(db, create);
    for (uint32_t i = 0; i < 3; i++) {
        NodeLease *lease = open_lease(clock_system());
        fixture_wait_until(is_held, lease);
        EXPECT(node_of(lease) == FIRST + i);
        node_lease_close(lease);
    }
    db_close(db);
}

static void a_stale_lease_makes_no_ids_until_it_is_renewed(void)
{
    ShiftedClock clock = { .clock = { &shifted_ops }, .shift_us = 0 };
    Db *db = fixture_open();
    uint64_t id;

    fixture_run(db, create);
    NodeLease *lease = open_lease(&clock.clock);
    fixture_wait_until(is_held, lease);
    uint32_t node = node_of(lease);
    atomic_store(&clock.shift_us, 21 * US_PER_S); /* as after a SIGSTOP */
    EXPECT(!node_lease_is_held(lease));
    EXPECT(!id_source_next(node_lease_ids(lease), &id));
    EXPECT(!id_source_next_small(node_lease_ids(lease), &id));
    fixture_wait_until(is_held, lease);
    EXPECT(node_of(lease) == node);
    node_lease_close(lease);
    db_close(db);
}

static bool is_not_held(void *context)
{
    return !node_lease_is_held(context);
}

static void a_node_that_another_has_taken_is_left_to_it(void)
{
    Db *db = fixture_open();

    fixture_run(db, create);
    NodeLease *lease = open_lease(clock_system());
    fixture_wait_until(is_held, lease);
    EXPECT(node_of(lease) == FIRST);
    fixture_run(db, "INSERT INTO node_lease SELECT seq, 'another', NOW(6) + INTERVAL 1 HOUR"
                    " FROM seq_65_to_127; UPDATE node_lease SET owner = 'another';");
    int64_t lost_us = clock_monotonic_us(clock_system());
    fixture_wait_until(is_not_held, lease);
    /* By the next renewal, not only when the old lease runs out. */
    EXPECT(clock_monotonic_us(clock_system()) - lost_us < 10 * US_PER_S);
    fixture_run(db, "UPDATE node_lease SET expires_at = NOW(6) - INTERVAL 1 SECOND"
                    " WHERE node = 90;");
    fixture_wait_until(is_held, lease);
    EXPECT(node_of(lease) == 90);
    node_lease_close(lease);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM node_lease WHERE owner = 'another'") == 63);
    db_close(db);
}

static void only_the_node_that_expired_longest_ago_is_taken_when_all_are_used(void)
{
    Db *db = fixture_open();
    uint64_t id;

    fixture_run(db, create);
    fixture_run(db, "INSERT INTO node_lease SELECT seq, 'dead', NOW(6) + INTERVAL 30 SECOND"
                    " FROM seq_0_to_255;");
    NodeLease *lease = open_lease(clock_system());
    EXPECT(!id_source_next(node_lease_ids(lease), &id));
    fixture_run(db, "BEGIN;"
                    "UPDATE node_lease SET expires_at = NOW(6) - INTERVAL 1 SECOND"
                    " WHERE node IN (1, 70, 72);"
                    "UPDATE node_lease SET expires_at = NOW(6) - INTERVAL 1 HOUR"
                    " WHERE node IN (2, 71, 200); COMMIT;");
    fixture_wait_until(is_held, lease);
    EXPECT(node_of(lease) == 71); /* 2 and 200 are of other services */
    node_lease_close(lease);
    db_close(db);
}

static void ids_of_two_leases_are_all_different(void)
{
    static uint64_t ids[2][IDS];
    NodeLease *leases[2];
    Db *db = fixture_open();

    fixture_run(db, create);
    for (int i = 0; i < 2; i++) {
        leases[i] = open_lease(clock_system());
        fixture_wait_until(is_held, leases[i]);
    }
    for (int j = 0; j < IDS; j++) {
        for (int i = 0; i < 2; i++) {
            EXPECT(id_source_next_small(node_lease_ids(leases[i]), &ids[i][j]));
        }
    }
    for (int i = 0, j = 0; i < IDS && j < IDS;) { /* both are rising */
        EXPECT(ids[0][i] != ids[1][j]);
        if (ids[0][i] < ids[1][j]) {
            i++;
        } else {
            j++;
        }
    }
    for (int i = 0; i < 2; i++) {
        node_lease_close(leases[i]);
    }
    db_close(db);
}

static void without_a_server_there_are_no_ids_and_closing_is_quick(void)
{
    NodeLease *lease = NULL;
    uint64_t id;
    int64_t started_us = clock_monotonic_us(clock_system());

    EXPECT(!status_failed(
        node_lease_open("mysql://u@127.0.0.1:1/s", NODE_RANGE_ORDER, clock_system(), &lease)));
    EXPECT(!node_lease_is_held(lease));
    EXPECT(!id_source_next(node_lease_ids(lease), &id));
    node_lease_close(lease);
    EXPECT(clock_monotonic_us(clock_system()) - started_us < US_PER_S);
    EXPECT(node_lease_open("nonsense", NODE_RANGE_ORDER, clock_system(), &lease).code ==
           STATUS_INVALID_ARGUMENT);
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(leases_never_share_a_node),
        TEST(a_restart_takes_a_node_that_nobody_had_before),
        TEST(a_stale_lease_makes_no_ids_until_it_is_renewed),
        TEST(a_node_that_another_has_taken_is_left_to_it),
        TEST(only_the_node_that_expired_longest_ago_is_taken_when_all_are_used),
        TEST(ids_of_two_leases_are_all_different),
        TEST(without_a_server_there_are_no_ids_and_closing_is_quick),
    };

    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
