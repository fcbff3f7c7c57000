/* member_schema.c - plain C, for Criterion programs and others. */
#include "tests/integration/services/member/member_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/service_schema.h"

enum {
    STATEMENT_MAX = 256
};

static void require(Status status, const char *what)
{
    if (status_failed(status)) {
        (void)fprintf(stderr, "%s: %s %s\n", what, status_code_name(status.code), status.name);
        abort();
    }
}

static void run_on_server(const char *verb, const char *schema)
{
    char statement[STATEMENT_MAX];
    Db *db = NULL;

    (void)snprintf(statement, sizeof statement, "%s DATABASE %s;", verb, schema);
    require(db_open(getenv("JUMUN_TEST_MYSQL_URL"), &db), "JUMUN_TEST_MYSQL_URL");
    require(db_connect(db), "connect");
    require(db_run_script(db, statement), statement);
    db_close(db);
}

void member_schema_open(char ret_url[MEMBER_SCHEMA_URL_SIZE])
{
    static unsigned serial;
    char schema[64];
    Db *db = NULL;

    (void)snprintf(schema, sizeof schema, "member_test_%d_%u", (int)getpid(), ++serial);
    run_on_server("CREATE", schema);
    (void)snprintf(ret_url, MEMBER_SCHEMA_URL_SIZE, "%s%s", getenv("JUMUN_TEST_MYSQL_URL"), schema);
    require(db_open(ret_url, &db), ret_url);
    require(db_connect(db), "connect");
    service_schema_make(db, "member", "0001_init");
    /* A script that died half way runs again. */
    service_schema_run(db, "services/member/schema/0001_init.sql");
    db_close(db);
}

void member_schema_close(const char *url)
{
    run_on_server("DROP", strrchr(url, '/') + 1);
}

void member_schema_clear(Db *db)
{
    require(db_run_script(db, "DELETE FROM member; DELETE FROM ended_session;"), "clear");
}
