/* failing_table.h - a table of two rows, (1, 0) and (2, 0), on which statements fail. */
#ifndef JUMUN_TESTS_INTEGRATION_COMMON_MYSQL_FAILING_TABLE_H
#define JUMUN_TESTS_INTEGRATION_COMMON_MYSQL_FAILING_TABLE_H

#include "common/mysql/db.h"

/* f (id, n), n not negative. */
void table_make(Db *db);

Status add_row(Db *db, int64_t id);

/* Adds 1 to the row's n. */
Status increment(Db *db, int64_t id);

int64_t count_rows(Db *db);

#endif
