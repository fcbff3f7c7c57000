/* What goes in comes out: values, rows, expansion, scripts. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/integration/common/mysql/mysql_fixture.h"

static const char create_all[] = "CREATE TABLE t (id INT PRIMARY KEY, i BIGINT, u BIGINT UNSIGNED,"
                                 " name VARCHAR(200) CHARACTER SET utf8mb4, raw VARBINARY(20000),"
                                 " at DATETIME(6));";
static const char insert_all[] =
    "INSERT INTO t (id, i, u, name, raw, at) VALUES (?, ?, ?, ?, ?, ?)";
static const char select_one[] = "SELECT id, i, u, name, raw, at FROM t WHERE id = ?";

/* A row as a test expects it; compared inside the callback. */
typedef struct Expected {
    DbValue values[6];
    int rows;
} Expected;

static void expect_value(const DbRow *row, unsigned column, const DbValue *value)
{
    size_t size;

    EXPECT(db_row_is_null(row, column) == value->null);
    if (value->null) {
        EXPECT(db_row_int(row, column) == 0 && db_row_uint(row, column) == 0);
        EXPECT(strcmp(db_row_text(row, column), "") == 0);
        EXPECT(db_row_bytes(row, column, &size) != NULL && size == 0);
        return;
    }
    switch (value->type) {
    case DB_INT:
        EXPECT(db_row_int(row, column) == value->integer);
        break;
    case DB_UINT:
        EXPECT(db_row_uint(row, column) == value->natural);
        break;
    case DB_TIME:
        EXPECT(db_row_time(row, column) == value->integer);
        break;
    case DB_BYTES:
        EXPECT(memcmp(db_row_bytes(row, column, &size), value->bytes, value->size) == 0);
        EXPECT(size == value->size);
        EXPECT(db_row_text(row, column)[size] == '\0');
        break;
    }
}

static Status expect_row(void *context, const DbRow *row)
{
    Expected *expected = context;

    for (unsigned i = 0; i < 6; i++) {
        expect_value(row, i, &expected->values[i]);
    }
    expected->rows++;
    return status_ok();
}

static void expect_round_trip(Db *db, const DbValue values[6])
{
    Expected expected = { .rows = 0 };
    uint64_t affected = 0;

    memcpy(expected.values, values, sizeof expected.values);
    Status status = db_execute(db, insert_all, values, 6, &affected);
    if (status_failed(status)) {
        (void)fprintf(stderr, "%s\n", db_error(db));
    }
    EXPECT(!status_failed(status) && affected == 1);
    EXPECT(!status_failed(db_query(db, select_one, values, 1, expect_row, &expected)));
    EXPECT(expected.rows == 1);
}

static void every_value_comes_back_as_it_went_in(void)
{
    static const char with_nul[] = "a\0b\xff\xfe'\"\\;%";
    Db *db = fixture_open();

    fixture_run(db, create_all);
    expect_round_trip(
        db, (DbValue[]){ db_int(1), db_int(-1), db_uint(UINT64_MAX), db_text("김치 🍚 ' \\ \" ?"),
                         db_bytes(with_nul, sizeof with_nul), db_time(1764066030123456) });
    expect_round_trip(db, (DbValue[]){ db_int(2), db_int(INT64_MIN), db_uint(0), db_text(""),
                                       db_bytes("", 0), db_time(0) });
    expect_round_trip(db, (DbValue[]){ db_int(3), db_int(INT64_MAX), db_uint(UINT64_C(1) << 63),
                                       db_bytes("nul \0 in text", 13), db_bytes("\0", 1),
                                       db_time(-1) });
    expect_round_trip(
        db, (DbValue[]){ db_int(4), db_null(), db_null(), db_text(NULL), db_null(), db_null() });
    db_close(db);
}

static void long_values_are_fetched_whole(void)
{
    static char raw[16384];
    Db *db = fixture_open();

    fixture_run(db, create_all);
    for (int i = 0; i < 5; i++) { /* grows, shrinks, grows more: over one statement's buffers */
        static const size_t sizes[] = { 10, 300, 0, 16384, 65 };
        for (size_t j = 0; j < sizes[i]; j++) {
            raw[j] = (char)(j * 7 + (size_t)i);
        }
        expect_round_trip(db, (DbValue[]){ db_int(i), db_int(i), db_uint(0), db_text("x"),
                                           db_bytes(raw, sizes[i]), db_null() });
    }
    db_close(db);
}

static Status take_sizes(void *context, const DbRow *row)
{
    size_t *sum = context;
    size_t size;

    (void)db_row_bytes(row, 0, &size);
    EXPECT(db_row_int(row, 1) == (int64_t)size);
    *sum += size;
    return status_ok();
}

static void rows_behind_a_long_one_are_right_too(void)
{
    Db *db = fixture_open();
    size_t sum = 0;

    EXPECT(!status_failed(db_query(db,
                                   "SELECT REPEAT('x', seq * seq), seq * seq FROM seq_1_to_60"
                                   " ORDER BY seq",
                                   NULL, 0, take_sizes, &sum)));
    EXPECT(sum == 73810);
    db_close(db);
}

static void times_keep_their_microseconds_over_the_calendar(void)
{
    static const struct {
        int64_t at_us;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01 00:00:00.000000" },
        { -1, "1969-12-31 23:59:59.999999" },
        { 951782400000001, "2000-02-29 00:00:00.000001" },
        { 4107542400000000, "2100-03-01 00:00:00.000000" },
        { 1735689599999999, "2024-12-31 23:59:59.999999" },
        { INT64_MAX, "9999-12-31 23:59:59.999999" },
    };
    Db *db = fixture_open();

    fixture_run(db, create_all);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const DbValue values[] = { db_int((int)i), db_time(rows[i].at_us) };
        const DbValue asked[] = { db_text(rows[i].text), db_int((int)i) };
        EXPECT(!status_failed(
            db_execute(db, "INSERT INTO t (id, at) VALUES (?, ?)", values, 2, NULL)));
        uint64_t matched = 0;
        EXPECT(!status_failed(db_execute(
            db, "UPDATE t SET i = 1 WHERE CAST(at AS CHAR) = ? AND id = ?", asked, 2, &matched)));
        EXPECT(matched == 1);
    }
    db_close(db);
}

static Status expect_conversions(void *context, const DbRow *row)
{
    (void)context;
    EXPECT(strcmp(db_row_text(row, 0), "-5") == 0);
    EXPECT(strcmp(db_row_text(row, 1), "18446744073709551615") == 0);
    EXPECT(strcmp(db_row_text(row, 2), "2025-11-25 10:20:30.123456") == 0);
    EXPECT(db_row_int(row, 3) == 60); /* SUM is a decimal */
    EXPECT(strcmp(db_row_text(row, 3), "60") == 0);
    EXPECT(strcmp(db_row_text(row, 4), "1.5") == 0);
    EXPECT(db_row_is_null(row, 5));
    return status_ok();
}

static void columns_convert_to_what_is_asked(void)
{
    Db *db = fixture_open();

    EXPECT(!status_failed(
        db_query(db,
                 "SELECT CAST(-5 AS SIGNED), CAST(18446744073709551615 AS UNSIGNED),"
                 " CAST('2025-11-25 10:20:30.123456' AS DATETIME(6)), SUM(seq), 1.5, NULL"
                 " FROM seq_10_to_30_step_10",
                 NULL, 0, expect_conversions, NULL)));
    db_close(db);
}

static Status count_row(void *context, const DbRow *row)
{
    (void)row;
    ++*(int *)context;
    return status_ok();
}

static void an_expansion_finds_what_each_count_of_parameters_names(void)
{
    Db *db = fixture_open();
    DbValue params[132];

    params[0] = db_int(1);
    for (size_t count = 1; count <= 130; count++) {
        int rows = 0;
        params[count] = db_int((int)count);
        params[count + 1] = db_int(1000);
        EXPECT(!status_failed(db_query(db,
                                       "SELECT seq FROM seq_1_to_200 WHERE seq >= ?"
                                       " AND seq IN ({?|,}) AND seq < ? ORDER BY seq",
                                       params, count + 2, count_row, &rows)));
        EXPECT(rows == (int)count);
    }
    db_close(db);
}

static void an_expansion_of_groups_binds_each_group(void)
{
    Db *db = fixture_open();
    const DbValue params[] = { db_int(1),    db_text("a"), db_int(2),
                               db_text("x"), db_int(3),    db_text("c") };
    int rows = 0;

    fixture_run(db, "CREATE TABLE p (id INT, k VARCHAR(8));"
                    "INSERT INTO p VALUES (1, 'a'), (2, 'b'), (3, 'c');");
    EXPECT(!status_failed(db_query(db, "SELECT id FROM p WHERE {(id = ? AND k = ?)| OR }", params,
                                   6, count_row, &rows)));
    EXPECT(rows == 2);
    db_close(db);
}

static Status nest(void *context, const DbRow *row)
{
    Db *db = context;
    const DbValue id = db_int(db_row_int(row, 0));
    int rows = 0;

    EXPECT(!status_failed(
        db_query(db, "SELECT seq FROM seq_1_to_9 WHERE seq <= ?", &id, 1, count_row, &rows)));
    EXPECT(rows == id.integer);
    EXPECT(db_row_int(row, 0) == id.integer);
    return status_ok();
}

static void a_row_callback_may_run_another_statement(void)
{
    Db *db = fixture_open();

    EXPECT(
        !status_failed(db_query(db, "SELECT seq FROM seq_1_to_5 ORDER BY seq", NULL, 0, nest, db)));
    db_close(db);
}

static Status refuse_second(void *context, const DbRow *row)
{
    int *rows = context;

    (void)row;
    return ++*rows == 2 ? status_make(STATUS_NOT_FOUND, "ENOUGH") : status_ok();
}

static void a_failing_callback_ends_the_query_and_spoils_nothing(void)
{
    Db *db = fixture_open();

    for (int i = 0; i < 3; i++) {
        int rows = 0;
        Status status = db_query(db, "SELECT seq FROM seq_1_to_5", NULL, 0, refuse_second, &rows);
        EXPECT(status.code == STATUS_NOT_FOUND && rows == 2);
    }
    EXPECT(fixture_number(db, "SELECT 7") == 7);
    db_close(db);
}

/* More texts than the cache holds, twice over, in one order: the worst for it. */
static void more_statements_than_the_cache_holds_still_work(void)
{
    static char texts[200][32];
    Db *db = fixture_open();

    for (int i = 0; i < 400; i++) {
        int number = i % 200;
        (void)snprintf(texts[number], sizeof texts[number], "SELECT %d", number);
        EXPECT(fixture_number(db, texts[number]) == number);
    }
    EXPECT(fixture_number(db, "SELECT variable_value FROM information_schema.session_status"
                              " WHERE variable_name = 'Com_stmt_close'") > 0);
    db_close(db);
}

static void an_update_that_changes_nothing_still_counts_its_rows(void)
{
    Db *db = fixture_open();
    uint64_t affected = 0;

    fixture_run(db, "CREATE TABLE p (id INT, k INT); INSERT INTO p VALUES (1, 5), (2, 5);");
    EXPECT(!status_failed(db_execute(db, "UPDATE p SET k = 5", NULL, 0, &affected)));
    EXPECT(affected == 2);
    db_close(db);
}

static void a_script_is_cut_only_at_its_own_semicolons(void)
{
    Db *db = fixture_open();

    fixture_run(db, "-- a comment; with a semicolon\n"
                    "CREATE TABLE s (a VARCHAR(50)); /* another; */ # and; another\n"
                    "INSERT INTO s VALUES ('one; ''two'), (\"three;\\\";\");;\n"
                    "INSERT INTO s /* in ; between */ VALUES ('-- no; comment');\n"
                    "SELECT * FROM s; /*M! INSERT INTO s VALUES ('run;') */;\n"
                    "INSERT INTO s VALUES ('the last needs none')");
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM s") == 5);
    EXPECT(db_run_script(db, "INSERT INTO s VALUES ('a'); NONSENSE; INSERT INTO s VALUES ('b');")
               .code == STATUS_INTERNAL);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM s") == 6);
    db_close(db);
}

static void the_session_is_strict_utc_and_bounded(void)
{
    Db *db = fixture_open();

    EXPECT(fixture_number(db, "SELECT @@innodb_lock_wait_timeout") == 2);
    EXPECT(fixture_number(db, "SELECT @@max_statement_time") == 3);
    EXPECT(fixture_number(db, "SELECT @@idle_transaction_timeout") == 10);
    EXPECT(fixture_number(db, "SELECT @@tx_isolation = 'READ-COMMITTED'") == 1);
    EXPECT(fixture_number(db, "SELECT @@time_zone = '+00:00'") == 1);
    EXPECT(fixture_number(db, "SELECT @@character_set_client = 'utf8mb4'") == 1);
    EXPECT(fixture_number(db, "SELECT @@sql_mode LIKE '%STRICT_ALL_TABLES%'") == 1);
    db_close(db);
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(every_value_comes_back_as_it_went_in),
        TEST(long_values_are_fetched_whole),
        TEST(rows_behind_a_long_one_are_right_too),
        TEST(times_keep_their_microseconds_over_the_calendar),
        TEST(columns_convert_to_what_is_asked),
        TEST(an_expansion_finds_what_each_count_of_parameters_names),
        TEST(an_expansion_of_groups_binds_each_group),
        TEST(a_row_callback_may_run_another_statement),
        TEST(a_failing_callback_ends_the_query_and_spoils_nothing),
        TEST(more_statements_than_the_cache_holds_still_work),
        TEST(an_update_that_changes_nothing_still_counts_its_rows),
        TEST(a_script_is_cut_only_at_its_own_semicolons),
        TEST(the_session_is_strict_utc_and_bounded),
    };

    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
