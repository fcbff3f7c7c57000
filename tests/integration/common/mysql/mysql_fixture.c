#include "tests/integration/common/mysql/mysql_fixture.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"

enum {
    URL_SIZE = 512,
    SCHEMA_SIZE = 64,
    SKIPPED = 77,
    POLL_MS = 5,
};

#define WAIT_MAX_US (20 * US_PER_S)

static const char variable[] = "JUMUN_TEST_MYSQL_URL";
static const char *server_url;
static char schema[SCHEMA_SIZE];
static char url[URL_SIZE];
static const char *test_name = "";

/* The server's URL with another schema, and perhaps another user. */
static void make_url(const char *user, const char *name, char *ret_url, size_t size)
{
    static const char scheme[] = "mysql://";
    const char *host = server_url + sizeof scheme - 1;
    const char *login_end = strrchr(host, '@');
    const char *path = strchr(host, '/');
    const char *query = strchr(host, '?');

    if (user != NULL && login_end != NULL) {
        host = login_end + 1;
    }
    int host_size = path == NULL ? (int)strlen(host) : (int)(path - host);
    (void)snprintf(ret_url, size, "%s%s%s%.*s/%s%s", scheme, user == NULL ? "" : user,
                   user == NULL ? "" : ":@", host_size, host, name, query == NULL ? "" : query);
}

static bool run_on_server(const char *format)
{
    char text[URL_SIZE];
    char server[URL_SIZE];
    Db *db = NULL;

    (void)snprintf(text, sizeof text, "%s %s;", format, schema);
    make_url(NULL, "", server, sizeof server);
    bool done = !status_failed(db_open(server, &db)) && !status_failed(db_run_script(db, text));
    if (!done) {
        (void)fprintf(stderr, "%s: %s\n", text, db == NULL ? "bad URL" : db_error(db));
    }
    db_close(db);
    return done;
}

static Status kill_one(void *context, const DbRow *row)
{
    char text[64];

    (void)snprintf(text, sizeof text, "KILL %lld;", (long long)db_row_int(row, 0));
    return db_run_script(context, text);
}

/* What a failed test left open may hold locks that dropping the schema waits for. */
static void kill_all(void)
{
    const DbValue name = db_text(schema);
    char server[URL_SIZE];
    Db *db = NULL;

    make_url(NULL, "", server, sizeof server);
    if (!status_failed(db_open(server, &db))) {
        (void)db_query(db, "SELECT id FROM information_schema.processlist WHERE db = ?", &name, 1,
                       kill_one, db);
    }
    db_close(db);
}

void fixture_failed(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "FAILED %s\n%s:%d: %s\n", test_name, file, line, condition);
    kill_all();
    (void)run_on_server("DROP SCHEMA IF EXISTS");
    _exit(1);
}

/* Contracts and some helpers use assert, which has said where. */
static void on_abort(int number)
{
    (void)number;
    fixture_failed("assert", 0, "assertion");
}

int fixture_main(const FixtureTest *tests, size_t count)
{
    server_url = getenv(variable); /* NOLINT(concurrency-mt-unsafe): no threads yet */
    if (server_url == NULL || server_url[0] == '\0') {
        printf("SKIPPED: %s is not set\n", variable);
        return SKIPPED;
    }
    (void)signal(SIGABRT, on_abort);
    for (size_t i = 0; i < count; i++) {
        test_name = tests[i].name;
        (void)snprintf(schema, sizeof schema, "jumun_test_%d_%zu_%lld", (int)getpid(), i,
                       (long long)(clock_wall_us(clock_system()) % US_PER_S));
        make_url(NULL, schema, url, sizeof url);
        if (!run_on_server("CREATE SCHEMA")) {
            return 1;
        }
        tests[i].run();
        EXPECT(run_on_server("DROP SCHEMA"));
        printf("ok %s\n", test_name);
        (void)fflush(stdout);
    }
    return 0;
}

const char *fixture_url(void)
{
    return url;
}

void fixture_url_of(const char *user, char *ret_url, size_t size)
{
    make_url(user, schema, ret_url, size);
}

const char *fixture_schema(void)
{
    return schema;
}

Db *fixture_open(void)
{
    Db *db = NULL;

    EXPECT(!status_failed(db_open(url, &db)));
    EXPECT(!status_failed(db_connect(db)));
    return db;
}

void fixture_run(Db *db, const char *script)
{
    Status status = db_run_script(db, script);

    if (status_failed(status)) {
        (void)fprintf(stderr, "%s\n", db_error(db));
    }
    EXPECT(!status_failed(status));
}

static Status take_number(void *context, const DbRow *row)
{
    *(int64_t *)context = db_row_int(row, 0);
    return status_ok();
}

int64_t fixture_number_of(Db *db, const char *sql, const DbValue *values, size_t count)
{
    int64_t number = -1;
    Status status = db_query(db, sql, values, count, take_number, &number);

    if (status_failed(status)) {
        (void)fprintf(stderr, "%s: %s\n", sql, db_error(db));
    }
    EXPECT(!status_failed(status));
    return number;
}

int64_t fixture_number(Db *db, const char *sql)
{
    return fixture_number_of(db, sql, NULL, 0);
}

void fixture_run_together(void *(*run)(void *context), uint64_t *shifts, size_t count)
{
    pthread_t threads[FIXTURE_TOGETHER_MAX];

    EXPECT(count <= FIXTURE_TOGETHER_MAX);
    for (size_t i = 0; i < count; i++) {
        EXPECT(pthread_create(&threads[i], NULL, run, &shifts[i]) == 0);
    }
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

typedef struct Killed {
    Db *db;
    int64_t connection;
} Killed;

static bool has_gone(void *context)
{
    const Killed *killed = context;
    int64_t left = -1;
    DbValue id = db_int(killed->connection);

    EXPECT(!status_failed(db_query(killed->db,
                                   "SELECT COUNT(*) FROM information_schema.processlist"
                                   " WHERE id = ?",
                                   &id, 1, take_number, &left)));
    return left == 0;
}

void fixture_kill(int64_t connection)
{
    Killed killed = { fixture_open(), connection };
    char text[64];

    (void)snprintf(text, sizeof text, "KILL %lld;", (long long)connection);
    (void)db_run_script(killed.db, text); /* refused if it has gone already */
    fixture_wait_until(has_gone, &killed);
    db_close(killed.db);
}

void fixture_wait_until(bool (*is_true)(void *context), void *context)
{
    int64_t until_us = clock_monotonic_us(clock_system()) + WAIT_MAX_US;

    while (!is_true(context)) {
        EXPECT(clock_monotonic_us(clock_system()) < until_us);
        (void)poll(NULL, 0, POLL_MS); /* nothing of the server's can be waited for */
    }
}
