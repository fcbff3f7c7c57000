/* service_schema.h - makes a service's schema in a test's database, by its own migration. */
#ifndef JUMUN_TESTS_SUPPORT_SERVICE_SCHEMA_H
#define JUMUN_TESTS_SUPPORT_SERVICE_SCHEMA_H

#include "common/mysql/db.h"

/* Migrates to version 1 by services/<service>/schema/<name>.sql. Failure ends the test. */
void service_schema_make(Db *db, const char *service, const char *name);

/* Runs a script of the repository, without a version. */
void service_schema_run(Db *db, const char *path);

#endif
