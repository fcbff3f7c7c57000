/* Bulk execution: what it stores, what it counts, and that it fails as a whole. */
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/integration/common/mysql/mysql_fixture.h"

enum {
    ROWS = 300,
};

static const char create[] =
    "CREATE TABLE b (id BIGINT UNSIGNED PRIMARY KEY, i BIGINT, name VARCHAR(100),"
    " raw VARBINARY(20000), at DATETIME(6), CHECK (i > -1000));";
static const char insert[] = "INSERT INTO b (id, i, name, raw, at) VALUES (?, ?, ?, ?, ?)";

/* ROWS rows: every third i is NULL, every fourth name, every fifth time. */
static uint64_t ids[ROWS];
static int64_t integers[ROWS];
static const char *names[ROWS];
static const char *raws[ROWS];
static size_t sizes[ROWS];
static int64_t times[ROWS];
static bool no_integer[ROWS];
static bool no_time[ROWS];
static char name_texts[ROWS][32];
static char raw_texts[ROWS][32];

static const DbColumn columns[] = {
    { .type = DB_UINT, .values = ids },
    { .type = DB_INT, .values = integers, .nulls = no_integer },
    { .type = DB_BYTES, .values = names },
    { .type = DB_BYTES, .values = raws, .sizes = sizes },
    { .type = DB_TIME, .values = times, .nulls = no_time },
};

static void fill(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        ids[i] = UINT64_MAX - i;
        integers[i] = (int64_t)i - 100;
        no_integer[i] = i % 3 == 0;
        (void)snprintf(name_texts[i], sizeof name_texts[i], "주문 🍚 %zu", i);
        names[i] = i % 4 == 0 ? NULL : name_texts[i];
        (void)memset(raw_texts[i], (int)i, sizeof raw_texts[i]);
        raw_texts[i][0] = '\0';
        raws[i] = raw_texts[i];
        sizes[i] = i % 32;
        times[i] = (int64_t)i * 1234567891;
        no_time[i] = i % 5 == 0;
    }
}

static Status expect_row(void *context, const DbRow *row)
{
    size_t *at = context;
    size_t i = *at;
    size_t size;

    EXPECT(db_row_uint(row, 0) == ids[i]);
    EXPECT(db_row_is_null(row, 1) == no_integer[i]);
    EXPECT(no_integer[i] || db_row_int(row, 1) == integers[i]);
    EXPECT(db_row_is_null(row, 2) == (names[i] == NULL));
    EXPECT(names[i] == NULL || strcmp(db_row_text(row, 2), names[i]) == 0);
    EXPECT(memcmp(db_row_bytes(row, 3, &size), raws[i], sizes[i]) == 0 && size == sizes[i]);
    EXPECT(db_row_is_null(row, 4) == no_time[i]);
    EXPECT(no_time[i] || db_row_time(row, 4) == times[i]);
    ++*at;
    return status_ok();
}

static Status insert_rows(void *context, Db *db)
{
    return db_execute_bulk(db, insert, columns, 5, ROWS, context);
}

static void a_bulk_insert_stores_every_type_and_null(void)
{
    Db *db = fixture_open();
    uint64_t affected = 0;
    size_t rows = 0;

    fixture_run(db, create);
    EXPECT(!status_failed(db_transact(db, insert_rows, &affected)));
    EXPECT(affected == ROWS);
    EXPECT(!status_failed(db_query(db, "SELECT id, i, name, raw, at FROM b ORDER BY id DESC", NULL,
                                   0, expect_row, &rows)));
    EXPECT(rows == ROWS);
    db_close(db);
}

static void a_bulk_takes_one_round_trip(void)
{
    static const char questions[] = "SELECT variable_value FROM information_schema.session_status"
                                    " WHERE variable_name = 'Questions'";
    Db *db = fixture_open();

    fixture_run(db, create);
    EXPECT(!status_failed(db_transact(db, insert_rows, NULL)));
    fixture_run(db, "DELETE FROM b;");
    int64_t before = fixture_number(db, questions);
    EXPECT(!status_failed(db_execute_bulk(db, insert, columns, 5, ROWS, NULL)));
    EXPECT(fixture_number(db, questions) - before <= 3);
    db_close(db);
}

static void bulk_updates_and_deletes_count_the_rows_they_match(void)
{
    static uint64_t some[] = { UINT64_MAX, UINT64_MAX - 1, 17, UINT64_MAX - 2, UINT64_MAX - 2 };
    static const int64_t values[] = { 9, 9, 9, 9, 9 };
    const DbColumn update[] = { { .type = DB_INT, .values = values },
                                { .type = DB_UINT, .values = some } };
    const DbColumn key[] = { { .type = DB_UINT, .values = some } };
    Db *db = fixture_open();
    uint64_t affected = 0;

    fixture_run(db, create);
    EXPECT(!status_failed(db_transact(db, insert_rows, NULL)));
    for (int i = 0; i < 2; i++) { /* the second time nothing changes, and all are counted */
        EXPECT(!status_failed(
            db_execute_bulk(db, "UPDATE b SET i = ? WHERE id = ?", update, 2, 5, &affected)));
        EXPECT(affected == 4);
    }
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM b WHERE i = 9 AND id > 1000") >= 3);
    EXPECT(!status_failed(db_execute_bulk(db, "DELETE FROM b WHERE id = ?", key, 1, 5, &affected)));
    EXPECT(affected == 3);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM b") == ROWS - 3);
    db_close(db);
}

static void a_conditional_bulk_update_counts_only_what_the_condition_let_through(void)
{
    static const uint64_t products[] = { 1, 1, 1, 2 };
    static const int64_t quantities[] = { 4, 4, 4, 1 };
    const DbColumn decrease[] = { { .type = DB_INT, .values = quantities },
                                  { .type = DB_UINT, .values = products },
                                  { .type = DB_INT, .values = quantities } };
    Db *db = fixture_open();
    uint64_t affected = 0;

    fixture_run(db, "CREATE TABLE stock (id INT PRIMARY KEY, n INT);"
                    "INSERT INTO stock VALUES (1, 10), (2, 10);");
    EXPECT(!status_failed(db_execute_bulk(db, "UPDATE stock SET n = n - ? WHERE id = ? AND n >= ?",
                                          decrease, 3, 4, &affected)));
    EXPECT(affected == 3);
    EXPECT(fixture_number(db, "SELECT n FROM stock WHERE id = 1") == 2);
    db_close(db);
}

static Status insert_and_swallow(void *context, Db *db)
{
    Status *seen = context;

    EXPECT(!status_failed(db_execute(db, "INSERT INTO b (id) VALUES (5)", NULL, 0, NULL)));
    *seen = db_execute_bulk(db, insert, columns, 5, ROWS, NULL);
    return status_ok();
}

static void a_duplicate_in_a_bulk_fails_all_and_rolls_back(void)
{
    Db *db = fixture_open();
    Status seen = status_ok();

    fixture_run(db, create);
    fixture_run(db, "INSERT INTO b (id) VALUES (18446744073709551515);"); /* is in the middle */
    EXPECT(db_transact(db, insert_rows, NULL).code == STATUS_ALREADY_EXISTS);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM b") == 1);
    /* A body that goes on as if nothing were wrong does not get half of it committed. */
    EXPECT(db_transact(db, insert_and_swallow, &seen).code == STATUS_ALREADY_EXISTS);
    EXPECT(seen.code == STATUS_ALREADY_EXISTS);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM b") == 1);
    db_close(db);
}

static void a_check_violation_in_a_bulk_fails_all(void)
{
    Db *db = fixture_open();

    fixture_run(db, create);
    integers[250] = -1000;
    EXPECT(db_transact(db, insert_rows, NULL).code == STATUS_FAILED_PRECONDITION);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM b") == 0);
    fill();
    EXPECT(!status_failed(db_transact(db, insert_rows, NULL)));
    db_close(db);
}

static void a_statement_the_server_cannot_do_in_bulk_goes_row_by_row(void)
{
    static const int64_t values[] = { 1, 2, 3 };
    const DbColumn column[] = { { .type = DB_INT, .values = values } };
    Db *db = fixture_open();
    uint64_t affected = 0;

    fixture_run(db, "CREATE TABLE l (id INT);");
    for (int i = 0; i < 2; i++) {
        EXPECT(!status_failed(db_execute_bulk(db,
                                              "INSERT INTO l SELECT seq FROM seq_1_to_5"
                                              " WHERE seq <= ?",
                                              column, 1, 3, &affected)));
        EXPECT(affected == 6);
    }
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM l") == 12);
    db_close(db);
}

static void one_statement_serves_one_row_and_many_in_turn(void)
{
    Db *db = fixture_open();
    uint64_t affected = 0;

    fixture_run(db, create);
    EXPECT(!status_failed(db_execute_bulk(db, insert, columns, 5, 1, &affected)));
    EXPECT(affected == 1);
    fixture_run(db, "DELETE FROM b;");
    EXPECT(!status_failed(db_execute_bulk(db, insert, columns, 5, 7, &affected)));
    EXPECT(affected == 7);
    fixture_run(db, "DELETE FROM b;");
    const DbValue values[] = { db_uint(1), db_int(2), db_text("a"), db_text("b"), db_time(3) };
    EXPECT(!status_failed(db_execute(db, insert, values, 5, &affected)));
    EXPECT(affected == 1);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM b WHERE i = 2 AND name = 'a'") == 1);
    db_close(db);
}

/* Text travels as bytes, which the server checks as db.h says. */
static const char create_texts[] =
    "CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY,"
    " wide VARCHAR(40) CHARACTER SET utf8mb4, narrow VARCHAR(40) CHARACTER SET ascii);";

enum {
    TEXTS = 3
};

typedef struct Texts {
    const char *wide[TEXTS];
    const char *narrow[TEXTS];
} Texts;

static Status insert_texts(void *context, Db *db)
{
    static const uint64_t keys[TEXTS] = { 1, 2, 3 };
    const Texts *texts = context;
    const DbColumn both[] = { { .type = DB_UINT, .values = keys },
                              { .type = DB_BYTES, .values = texts->wide },
                              { .type = DB_BYTES, .values = texts->narrow } };

    return db_execute_bulk(db, "INSERT INTO t (id, wide, narrow) VALUES (?, ?, ?)", both, 3, TEXTS,
                           NULL);
}

static void malformed_text_fails_the_bulk(void)
{
    static Texts bad[] = {
        { { "good", "\xff\xfe", "good" }, { "a", "b", "c" } },         /* never UTF-8 */
        { { "good", "good", "cut \xf0\x9f\x8d" }, { "a", "b", "c" } }, /* its end is missing */
        { { "\xc0\xaf", "good", "good" }, { "a", "b", "c" } },         /* longer than need be */
    };
    Db *db = fixture_open();

    fixture_run(db, create_texts);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        EXPECT(status_failed(db_transact(db, insert_texts, &bad[i])));
        EXPECT(fixture_number(db, "SELECT COUNT(*) FROM t") == 0);
    }
    db_close(db);
}

static Status expect_text(void *context, const DbRow *row)
{
    const Texts *texts = context;
    size_t i = (size_t)db_row_uint(row, 0) - 1;

    EXPECT(i < TEXTS && strcmp(db_row_text(row, 1), texts->wide[i]) == 0);
    EXPECT(strcmp(db_row_text(row, 2), texts->narrow[i]) == 0);
    return status_ok();
}

static void valid_text_of_a_bulk_arrives_unchanged_as_text(void)
{
    static Texts texts = { { "주문 잔 é", "🍚 𝄞 \xf4\x8f\xbf\xbf", "" }, { "plain", "~", "" } };
    Db *db = fixture_open();

    fixture_run(db, create_texts);
    EXPECT(!status_failed(db_transact(db, insert_texts, &texts)));
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM t") == TEXTS);
    EXPECT(!status_failed(
        db_query(db, "SELECT id, wide, narrow FROM t", NULL, 0, expect_text, &texts)));
    /* The server, too, sees characters: 주문 잔 é is six. */
    EXPECT(fixture_number(db, "SELECT CHAR_LENGTH(wide) FROM t WHERE id = 1") == 6);
    EXPECT(fixture_number(db, "SELECT CHAR_LENGTH(wide) FROM t WHERE id = 2") == 5);
    db_close(db);
}

/* 1,024 rows of 20,000 bytes are more than the server takes in one packet. */
static void a_bulk_larger_than_a_packet_is_cut(void)
{
    static uint64_t keys[DB_ROWS_MAX];
    static const char *bodies[DB_ROWS_MAX];
    static size_t lengths[DB_ROWS_MAX];
    static char body[20000];
    const DbColumn big[] = { { .type = DB_UINT, .values = keys },
                             { .type = DB_BYTES, .values = bodies, .sizes = lengths } };
    Db *db = fixture_open();
    uint64_t affected = 0;

    for (size_t i = 0; i < DB_ROWS_MAX; i++) {
        keys[i] = i;
        bodies[i] = body;
        lengths[i] = sizeof body;
    }
    fixture_run(db, create);
    EXPECT(!status_failed(db_execute_bulk(db, "INSERT INTO b (id, raw) VALUES (?, ?)", big, 2,
                                          DB_ROWS_MAX, &affected)));
    EXPECT(affected == DB_ROWS_MAX);
    EXPECT(fixture_number(db, "SELECT SUM(LENGTH(raw)) FROM b") ==
           (int64_t)DB_ROWS_MAX * (int64_t)sizeof body);
    db_close(db);
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(a_bulk_insert_stores_every_type_and_null),
        TEST(a_bulk_takes_one_round_trip),
        TEST(bulk_updates_and_deletes_count_the_rows_they_match),
        TEST(a_conditional_bulk_update_counts_only_what_the_condition_let_through),
        TEST(a_duplicate_in_a_bulk_fails_all_and_rolls_back),
        TEST(a_check_violation_in_a_bulk_fails_all),
        TEST(a_statement_the_server_cannot_do_in_bulk_goes_row_by_row),
        TEST(one_statement_serves_one_row_and_many_in_turn),
        TEST(malformed_text_fails_the_bulk),
        TEST(valid_text_of_a_bulk_arrives_unchanged_as_text),
        TEST(a_bulk_larger_than_a_packet_is_cut),
    };

    fill();
    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
