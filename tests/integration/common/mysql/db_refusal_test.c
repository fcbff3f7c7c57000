/* What the server refuses, and a server that is not there: each has its code. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/integration/common/mysql/failing_table.h"
#include "tests/integration/common/mysql/mysql_fixture.h"

static void refusals_have_their_codes(void)
{
    Db *db = fixture_open();

    table_make(db);
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
    EXPECT(count_rows(db) == 2);
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
    table_make(guest->root);
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
    EXPECT(count_rows(db) == 2);
    Status insert = add_row(db, 100);
    Status drop = db_run_script(db, "DROP TABLE f;");
    db_close(db);
    guest_close(&guest);
    EXPECT(insert.code == STATUS_PERMISSION_DENIED);
    EXPECT(drop.code == STATUS_PERMISSION_DENIED);
}

static void too_many_connections_are_an_outage(void)
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
    EXPECT(status.code == STATUS_UNAVAILABLE);
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

static Status count_run(void *context, Db *db)
{
    (void)db;
    ++*(int *)context;
    return status_ok();
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
        EXPECT(db_transact(db, count_run, &runs).code == STATUS_UNAVAILABLE);
        EXPECT(add_row(db, 1).code == STATUS_UNAVAILABLE);
    }
    EXPECT(runs == 0 && !db_is_up(db));
    EXPECT(clock_monotonic_us(clock_system()) - started_us < 1 * US_PER_S);
    db_close(db);
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(refusals_have_their_codes),
        TEST(text_that_is_not_utf8_does_not_enter_a_text_column),
        TEST(a_missing_right_is_permission_denied),
        TEST(too_many_connections_are_an_outage),
        TEST(a_server_that_is_down_is_unavailable_at_once),
    };

    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
