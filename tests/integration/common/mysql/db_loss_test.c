/* Connections that are lost, idle or at work: what the caller is told, and what is stored. */
#include "tests/integration/common/mysql/failing_table.h"
#include "tests/integration/common/mysql/mysql_fixture.h"

static const char my_connection[] = "SELECT CONNECTION_ID()";

static Status be_killed_half_way(void *context, Db *db)
{
    ++*(int *)context;
    EXPECT(!status_failed(add_row(db, 100)));
    fixture_kill(fixture_number(db, my_connection));
    EXPECT(add_row(db, 101).code == STATUS_UNAVAILABLE);
    EXPECT(!db_is_up(db));
    /* No second connection within the transaction: this row would be stored alone. */
    EXPECT(add_row(db, 102).code == STATUS_UNAVAILABLE);
    return status_ok();
}

static void a_connection_lost_in_a_transaction_stores_nothing_and_the_next_use_reconnects(void)
{
    Db *db = fixture_open();
    int runs = 0;

    table_make(db);
    EXPECT(db_transact(db, be_killed_half_way, &runs).code == STATUS_UNAVAILABLE);
    EXPECT(runs == 1);
    EXPECT(count_rows(db) == 2);
    EXPECT(db_is_up(db));
    EXPECT(!status_failed(add_row(db, 100))); /* prepared before the loss */
    EXPECT(fixture_number(db, "SELECT @@max_statement_time") == 3);
    db_close(db);
}

static Status be_killed_before_commit(void *context, Db *db)
{
    ++*(int *)context;
    EXPECT(!status_failed(add_row(db, 100)));
    fixture_kill(fixture_number(db, my_connection));
    return status_ok();
}

static void a_connection_lost_at_commit_is_unknown_and_not_run_again(void)
{
    Db *db = fixture_open();
    int runs = 0;

    table_make(db);
    EXPECT(db_transact(db, be_killed_before_commit, &runs).code == STATUS_UNKNOWN);
    EXPECT(runs == 1);
    EXPECT(count_rows(db) == 2);
    db_close(db);
}

static Status add_one(void *context, Db *db)
{
    (void)context;
    return add_row(db, 100);
}

static void a_connection_that_died_idle_is_replaced_without_a_word(void)
{
    Db *db = fixture_open();

    table_make(db);
    fixture_kill(fixture_number(db, my_connection));
    EXPECT(count_rows(db) == 2);
    fixture_kill(fixture_number(db, my_connection));
    EXPECT(!status_failed(db_transact(db, add_one, NULL)));
    EXPECT(count_rows(db) == 3);
    db_close(db);
}

/* The server's own SLEEP lets the time pass that makes a connection count as idle. */
static void a_write_on_a_connection_that_died_idle_is_not_unknown(void)
{
    Db *db = fixture_open();
    Db *other = fixture_open();

    table_make(db);
    EXPECT(!status_failed(add_row(db, 100)));
    fixture_kill(fixture_number(db, my_connection));
    EXPECT(fixture_number(other, "SELECT SLEEP(2.2)") == 0);
    EXPECT(!status_failed(add_row(db, 101)));
    EXPECT(count_rows(db) == 4);
    db_close(other);
    db_close(db);
}

static Status lose_connection(void *context, const DbRow *row)
{
    Db *db = context;

    fixture_kill(db_row_int(row, 0));
    (void)increment(db, 1);
    EXPECT(db_row_int(row, 0) > 0); /* still the row's memory */
    return status_ok();
}

static void losing_the_connection_under_a_row_callback_is_survived(void)
{
    Db *db = fixture_open();

    table_make(db);
    EXPECT(db_query(db, "SELECT CONNECTION_ID() FROM f", NULL, 0, lose_connection, db).code ==
           STATUS_UNAVAILABLE);
    EXPECT(count_rows(db) == 2);
    db_close(db);
}

static void a_write_that_outlasts_the_read_timeout_is_unknown(void)
{
    Db *db = fixture_open();

    table_make(db);
    fixture_run(db, "SET SESSION max_statement_time = 0;");
    int64_t connection = fixture_number(db, my_connection);
    EXPECT(db_execute(db, "INSERT INTO f SELECT 100, SLEEP(20)", NULL, 0, NULL).code ==
           STATUS_UNKNOWN);
    EXPECT(!db_is_up(db));
    fixture_kill(connection); /* the server itself is still at it, */
    int64_t rows = count_rows(db);
    EXPECT(rows == 2 || rows == 3); /* and may even finish it: that is what unknown means */
    db_close(db);
}

static Status ignore_row(void *context, const DbRow *row)
{
    (void)context;
    (void)row;
    return status_ok();
}

static void a_slow_statement_is_cut_off_and_the_connection_lives(void)
{
    Db *db = fixture_open();
    int64_t connection = fixture_number(db, my_connection);

    EXPECT(db_query(db, "SELECT SUM(SLEEP(1)) FROM seq_1_to_10", NULL, 0, ignore_row, NULL).code ==
           STATUS_UNAVAILABLE);
    EXPECT(fixture_number(db, my_connection) == connection);
    db_close(db);
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(a_connection_lost_in_a_transaction_stores_nothing_and_the_next_use_reconnects),
        TEST(a_connection_lost_at_commit_is_unknown_and_not_run_again),
        TEST(a_connection_that_died_idle_is_replaced_without_a_word),
        TEST(a_write_on_a_connection_that_died_idle_is_not_unknown),
        TEST(losing_the_connection_under_a_row_callback_is_survived),
        TEST(a_write_that_outlasts_the_read_timeout_is_unknown),
        TEST(a_slow_statement_is_cut_off_and_the_connection_lives),
    };

    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
