/* mysql_fixture.h - a schema of its own for each test, on a real MariaDB.
 *
 * The server is named by JUMUN_TEST_MYSQL_URL (root, any schema); without it the
 * program says so and exits with 77. The schema is made before each test and dropped
 * after it, also after a failed one, be it by EXPECT or by the assert of a contract.
 * Plain programs: some tests have threads. */
#ifndef JUMUN_TESTS_INTEGRATION_COMMON_MYSQL_MYSQL_FIXTURE_H
#define JUMUN_TESTS_INTEGRATION_COMMON_MYSQL_MYSQL_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/mysql/db.h"

enum {
    FIXTURE_TOGETHER_MAX = 8
};

typedef struct FixtureTest {
    const char *name;
    void (*run)(void);
} FixtureTest;

#define TEST(function)                                                                             \
    {                                                                                              \
#function, function                                                                        \
    }

/* Ends the program with the place of the failure, after cleaning up. Any thread. */
#define EXPECT(condition) ((condition) ? (void)0 : fixture_failed(__FILE__, __LINE__, #condition))

_Noreturn void fixture_failed(const char *file, int line, const char *condition);

/* The program's main. */
int fixture_main(const FixtureTest *tests, size_t count);

/* The URL of the test's schema; of another user, if one is named. */
const char *fixture_url(void);
void fixture_url_of(const char *user, char *ret_url, size_t size);

/* The schema's name, unlike any other. */
const char *fixture_schema(void);

/* A new connection to the schema. */
Db *fixture_open(void);

/* Runs a script that must succeed. */
void fixture_run(Db *db, const char *script);

/* The number in the first column of the last row of a SELECT that must succeed. */
int64_t fixture_number(Db *db, const char *sql);
int64_t fixture_number_of(Db *db, const char *sql, const DbValue *values, size_t count);

/* Runs it in `count` threads at once, which compete as processes do; each gets a shift of
 * its own, to begin elsewhere. Returns when all have ended. */
void fixture_run_together(void *(*run)(void *context), uint64_t *shifts, size_t count);

/* Kills the server's thread behind `victim`, which a query of its own must have named
 * (SELECT CONNECTION_ID()), and returns when it has gone. */
void fixture_kill(int64_t connection);

/* Asks until it is true, at most 20 s; then the test fails. */
void fixture_wait_until(bool (*is_true)(void *context), void *context);

#endif
