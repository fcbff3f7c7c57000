/* What is said and what is stored when something goes wrong: locks, lost connections,
 * refused statements, no server. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/integration/common/mysql/mysql_fixture.h"

static const char create[] = "CREATE TABLE f (id INT PRIMARY KEY, n INT, CHECK (n >= 0));"
                             "INSERT INTO f VALUES (1, 0), (2, 0);";
static const char count_rows[] = "SELECT COUNT(*) FROM f";
static const char my_connection[] = "SELECT CONNECTION_ID()";

static Status add_row(Db *db, int64_t id)
{
    const DbValue value = db_int(id);

    return db_execute(db, "INSERT INTO f (id, n) VALUES (?, 0)", &value, 1, NULL);
}

static Status increment(Db *db, int64_t id)
{
    const DbValue value = db_int(id);

    return db_execute(db, "UPDATE f SET n = n + 1 WHERE id = ?", &value, 1, NULL);
}

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

    fixture_run(db, create);
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

    fixture_run(db, create);
    fixture_run(blocked.holder, "BEGIN; UPDATE f SET n = 7 WHERE id = 1;");
    EXPECT(increment(db, 1).code == STATUS_ABORTED);
    /* The row of the first run must be gone before the second inserts it again. */
    EXPECT(!status_failed(db_transact(db, meet_lock, &blocked)));
    EXPECT(blocked.runs == 2);
    EXPECT(fixture_number(db, count_rows) == 3);
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

    fixture_run(db, create);
    EXPECT(db_transact(db, lose_a_race, &runs).code == STATUS_ABORTED);
    EXPECT(runs == 3);
    EXPECT(fixture_number(db, count_rows) == 2);
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

    fixture_run(db, create);
    fixture_run(holder, "BEGIN; UPDATE f SET n = 7 WHERE id = 1;");
    EXPECT(db_transact(db, swallow_abort, &runs).code == STATUS_ABORTED);
    EXPECT(runs == 3);
    EXPECT(fixture_number(db, count_rows) == 2);
    db_close(holder);
    db_close(db);
}

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

    fixture_run(db, create);
    EXPECT(db_transact(db, be_killed_half_way, &runs).code == STATUS_UNAVAILABLE);
    EXPECT(runs == 1);
    EXPECT(fixture_number(db, count_rows) == 2);
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

    fixture_run(db, create);
    EXPECT(db_transact(db, be_killed_before_commit, &runs).code == STATUS_UNKNOWN);
    EXPECT(runs == 1);
    EXPECT(fixture_number(db, count_rows) == 2);
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

    fixture_run(db, create);
    fixture_kill(fixture_number(db, my_connection));
    EXPECT(fixture_number(db, count_rows) == 2);
    fixture_kill(fixture_number(db, my_connection));
    EXPECT(!status_failed(db_transact(db, add_one, NULL)));
    EXPECT(fixture_number(db, count_rows) == 3);
    db_close(db);
}

/* The server's own SLEEP lets the time pass that makes a connection count as idle. */
static void a_write_on_a_connection_that_died_idle_is_not_unknown(void)
{
    Db *db = fixture_open();
    Db *other = fixture_open();

    fixture_run(db, create);
    EXPECT(!status_failed(add_row(db, 100)));
    fixture_kill(fixture_number(db, my_connection));
    EXPECT(fixture_number(other, "SELECT SLEEP(2.2)") == 0);
    EXPECT(!status_failed(add_row(db, 101)));
    EXPECT(fixture_number(db, count_rows) == 4);
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

    fixture_run(db, create);
    EXPECT(db_query(db, "SELECT CONNECTION_ID() FROM f", NULL, 0, lose_connection, db).code ==
           STATUS_UNAVAILABLE);
    EXPECT(fixture_number(db, count_rows) == 2);
    db_close(db);
}

static void a_write_that_outlasts_the_read_timeout_is_unknown(void)
{
    Db *db = fixture_open();

    fixture_run(db, create);
    fixture_run(db, "SET SESSION max_statement_time = 0;");
    int64_t connection = fixture_number(db, my_connection);
    EXPECT(db_execute(db, "INSERT INTO f SELECT 100, SLEEP(20)", NULL, 0, NULL).code ==
           STATUS_UNKNOWN);
    EXPECT(!db_is_up(db));
    fixture_kill(connection); /* the server itself is still at it, */
    int64_t rows = fixture_number(db, count_rows);
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

static void refusals_have_their_codes(void)
{
    Db *db = fixture_open();

    fixture_run(db, create);
    fixture_run(db, "CREATE TABLE child (id INT, FOREIGN KEY (id) REFERENCES f (id));");
    Status check = db_execute(db, "UPDATE f SET n = -1 WHERE id = 1", NULL, 0, NULL);
    EXPECT(check.code == STATUS_FAILED_PRECONDITION);
    EXPECT(db_execute(db, "INSERT INTO child VALUES (9)", NULL, 0, NULL).code ==
           STATUS_FAILED_PRECONDITION);
    EXPECT(add_row(db, 1).code == STATUS_ALREADY_EXISTS);
    EXPECT(db_execute(db, "INSERT INTO f VALUES (7, 99999999999)", NULL, 0, NULL).code ==
           STATUS_INTERNAL);
    EXPECT(db_execute(db, "INSERT INTO nowhere VALUES (7)", NULL, 0, NULL).code == STATUS_INTERNAL);
    EXPECT(db_is_up(db));
    EXPECT(fixture_number(db, count_rows) == 2);
    db_close(db);
}

static void text_that_is_not_utf8_does_not_enter_a_text_column(void)
{
    Db *db = fixture_open();
    const DbValue value = db_bytes("a\xff\xfe", 3);

    fixture_run(db, "CREATE TABLE w (name VARCHAR(10) CHARACTER SET utf8mb4, raw VARBINARY(10));");
    EXPECT(db_execute(db, "INSERT INTO w (name) VALUES (?)", &value, 1, NULL).code ==
           STATUS_INTERNAL);
    EXPECT(!status_failed(db_execute(db, "INSERT INTO w (raw) VALUES (?)", &value, 1, NULL)));
    db_close(db);
}

/* A user with few rights and a place for one connection. */
typedef struct Guest {
    Db *root;
    char name[64];
    char url[512];
} Guest;

/* The guest is two users: the server may see a loopback connection as either host. */
static void on_users(Guest *guest, const char *before, const char *after)
{
    static const char *const hosts[] = { "localhost", "127.0.0.1" };
    char text[256];

    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        (void)snprintf(text, sizeof text, "%s '%s'@'%s' %s", before, guest->name, hosts[i], after);
        fixture_run(guest->root, text);
    }
}

static void guest_open(Guest *guest)
{
    guest->root = fixture_open();
    (void)snprintf(guest->name, sizeof guest->name, "guest_%d", (int)getpid());
    fixture_url_of(guest->name, guest->url, sizeof guest->url);
    fixture_run(guest->root, create);
    on_users(guest, "CREATE USER", "WITH MAX_USER_CONNECTIONS 1");
    on_users(guest, "GRANT SELECT ON f TO", "");
}

static void guest_close(Guest *guest)
{
    on_users(guest, "DROP USER", "");
    db_close(guest->root);
}

static void a_missing_right_is_permission_denied(void)
{
    Guest guest;
    Db *db = NULL;

    guest_open(&guest);
    EXPECT(!status_failed(db_open(guest.url, &db)));
    EXPECT(fixture_number(db, count_rows) == 2);
    Status insert = add_row(db, 100);
    Status drop = db_run_script(db, "DROP TABLE f;");
    db_close(db);
    guest_close(&guest);
    EXPECT(insert.code == STATUS_PERMISSION_DENIED);
    EXPECT(drop.code == STATUS_PERMISSION_DENIED);
}

static void too_many_connections_are_resource_exhausted(void)
{
    Guest guest;
    Db *first = NULL;
    Db *second = NULL;

    guest_open(&guest);
    EXPECT(!status_failed(db_open(guest.url, &first)) && !status_failed(db_connect(first)));
    EXPECT(!status_failed(db_open(guest.url, &second)));
    Status status = db_connect(second);
    db_close(first);
    db_close(second);
    guest_close(&guest);
    EXPECT(status.code == STATUS_RESOURCE_EXHAUSTED);
}

/* A port of the loopback on which nobody listens. */
static int closed_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    EXPECT(fd >= 0);
    EXPECT(bind(fd, (struct sockaddr *)&address, size) == 0);
    EXPECT(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void a_server_that_is_down_is_unavailable_at_once(void)
{
    char url[64];
    Db *db = NULL;
    int runs = 0;
    int64_t started_us = clock_monotonic_us(clock_system());

    (void)snprintf(url, sizeof url, "mysql://u:p@127.0.0.1:%d/s", closed_port());
    EXPECT(!status_failed(db_open(url, &db)));
    for (int i = 0; i < 1000; i++) { /* nearly all of them too early for another attempt */
        EXPECT(db_connect(db).code == STATUS_UNAVAILABLE);
        EXPECT(db_transact(db, lose_a_race, &runs).code == STATUS_UNAVAILABLE);
        EXPECT(add_row(db, 1).code == STATUS_UNAVAILABLE);
    }
    EXPECT(runs == 0 && !db_is_up(db));
    EXPECT(clock_monotonic_us(clock_system()) - started_us < 1 * US_PER_S);
    db_close(db);
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(a_deadlock_is_run_again_and_both_succeed_once),
        TEST(a_lock_wait_ends_as_aborted_and_the_whole_is_run_again),
        TEST(what_is_always_aborted_is_given_up_after_three_runs),
        TEST(a_body_that_swallows_an_abort_does_not_commit_the_rest),
        TEST(a_connection_lost_in_a_transaction_stores_nothing_and_the_next_use_reconnects),
        TEST(a_connection_lost_at_commit_is_unknown_and_not_run_again),
        TEST(a_connection_that_died_idle_is_replaced_without_a_word),
        TEST(a_write_on_a_connection_that_died_idle_is_not_unknown),
        TEST(losing_the_connection_under_a_row_callback_is_survived),
        TEST(a_write_that_outlasts_the_read_timeout_is_unknown),
        TEST(a_slow_statement_is_cut_off_and_the_connection_lives),
        TEST(refusals_have_their_codes),
        TEST(text_that_is_not_utf8_does_not_enter_a_text_column),
        TEST(a_missing_right_is_permission_denied),
        TEST(too_many_connections_are_resource_exhausted),
        TEST(a_server_that_is_down_is_unavailable_at_once),
    };

    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
