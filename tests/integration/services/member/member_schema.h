/* member_schema.h - a migrated member_db of the test's own, under a unique name. */
#ifndef JUMUN_TESTS_INTEGRATION_SERVICES_MEMBER_MEMBER_SCHEMA_H
#define JUMUN_TESTS_INTEGRATION_SERVICES_MEMBER_MEMBER_SCHEMA_H

#include "common/mysql/db.h"

enum {
    MEMBER_SCHEMA_URL_SIZE = 512
};

/* JUMUN_TEST_MYSQL_URL must be set. Aborts the test program on failure. */
void member_schema_open(char ret_url[MEMBER_SCHEMA_URL_SIZE]);

/* Drops the schema at url. */
void member_schema_close(const char *url);

/* Empties its tables. */
void member_schema_clear(Db *db);

#endif
