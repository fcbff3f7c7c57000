/* Transactions that others are in the way of: they are run again as a whole, a few times. */
#include <pthread.h>

#include "tests/integration/common/mysql/failing_table.h"
#include "tests/integration/common/mysql/mysql_fixture.h"

/* One of two transactions that lock two rows in opposite order. */
typedef struct Rival {
    int64_t first;
    int64_t second;
    pthread_barrier_t *both_hold_one;
    int runs;
    Status status;
} Rival;

static Status lock_both(void *context, Db *db)
{
    Rival *rival = context;
    Status status = increment(db, rival->first);

    if (rival->runs++ == 0) {
        pthread_barrier_wait(rival->both_hold_one);
    }
    return status_failed(status) ? status : increment(db, rival->second);
}

static void *run_rival(void *context)
{
    Rival *rival = context;
    Db *db = fixture_open();

    rival->status = db_transact(db, lock_both, rival);
    db_close(db);
    return NULL;
}

static void a_deadlock_is_run_again_and_both_succeed_once(void)
{
    pthread_barrier_t both_hold_one;
    Rival rivals[] = { { .first = 1, .second = 2, .both_hold_one = &both_hold_one },
                       { .first = 2, .second = 1, .both_hold_one = &both_hold_one } };
    pthread_t threads[2];
    Db *db = fixture_open();

    table_make(db);
    EXPECT(pthread_barrier_init(&both_hold_one, NULL, 2) == 0);
    for (int i = 0; i < 2; i++) {
        EXPECT(pthread_create(&threads[i], NULL, run_rival, &rivals[i]) == 0);
    }
    for (int i = 0; i < 2; i++) {
        EXPECT(pthread_join(threads[i], NULL) == 0);
        EXPECT(!status_failed(rivals[i].status));
    }
    EXPECT(rivals[0].runs + rivals[1].runs == 3);
    EXPECT(fixture_number(db, "SELECT SUM(n) FROM f WHERE n = 2") == 4);
    pthread_barrier_destroy(&both_hold_one);
    db_close(db);
}

/* A transaction that meets a lock the first time; the holder lets go for the second. */
typedef struct Blocked {
    Db *holder;
    int let_go_at; /* run */
    int runs;
} Blocked;

static Status meet_lock(void *context, Db *db)
{
    Blocked *blocked = context;

    if (++blocked->runs == blocked->let_go_at) {
        fixture_run(blocked->holder, "COMMIT;");
    }
    Status status = add_row(db, 100);
    return status_failed(status) ? status : increment(db, 1);
}

static void a_lock_wait_ends_as_aborted_and_the_whole_is_run_again(void)
{
    Db *db = fixture_open();
    Blocked blocked = { .holder = fixture_open(), .let_go_at = 2 };

    table_make(db);
    fixture_run(blocked.holder, "BEGIN; UPDATE f SET n = 7 WHERE id = 1;");
    EXPECT(increment(db, 1).code == STATUS_ABORTED);
    /* The row of the first run must be gone before the second inserts it again. */
    EXPECT(!status_failed(db_transact(db, meet_lock, &blocked)));
    EXPECT(blocked.runs == 2);
    EXPECT(count_rows(db) == 3);
    EXPECT(fixture_number(db, "SELECT n FROM f WHERE id = 1") == 8);
    db_close(blocked.holder);
    db_close(db);
}

static Status lose_a_race(void *context, Db *db)
{
    ++*(int *)context;
    EXPECT(!status_failed(add_row(db, 100)));
    return status_make(STATUS_ABORTED, "ABORTED");
}

static void what_is_always_aborted_is_given_up_after_three_runs(void)
{
    Db *db = fixture_open();
    int runs = 0;

    table_make(db);
    EXPECT(db_transact(db, lose_a_race, &runs).code == STATUS_ABORTED);
    EXPECT(runs == 3);
    EXPECT(count_rows(db) == 2);
    db_close(db);
}

/* Waits for a lock longer than it may, and says that all is well. */
static Status swallow_abort(void *context, Db *db)
{
    ++*(int *)context;
    EXPECT(!status_failed(add_row(db, 100)));
    EXPECT(increment(db, 1).code == STATUS_ABORTED);
    EXPECT(add_row(db, 101).code == STATUS_ABORTED);
    return status_ok();
}

static void a_body_that_swallows_an_abort_does_not_commit_the_rest(void)
{
    Db *db = fixture_open();
    Db *holder = fixture_open();
    int runs = 0;

    table_make(db);
    fixture_run(holder, "BEGIN; UPDATE f SET n = 7 WHERE id = 1;");
    EXPECT(db_transact(db, swallow_abort, &runs).code == STATUS_ABORTED);
    EXPECT(runs == 3);
    EXPECT(count_rows(db) == 2);
    db_close(holder);
    db_close(db);
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(a_deadlock_is_run_again_and_both_succeed_once),
        TEST(a_lock_wait_ends_as_aborted_and_the_whole_is_run_again),
        TEST(what_is_always_aborted_is_given_up_after_three_runs),
        TEST(a_body_that_swallows_an_abort_does_not_commit_the_rest),
    };

    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
