/* migrate.h - numbered SQL scripts, each run once per schema, and the check that a
 * service knows the schema it meets.
 *
 * Table schema_migration(version, name, checksum, at). Two migrators at once: the
 * second waits on the row lock of schema_migration_lock. A changed checksum of a
 * script that has run is an error: scripts are never edited. DDL commits by itself in
 * MariaDB, so a script that fails half way is reported with its statement and must be
 * written so that it can run again (IF NOT EXISTS). */
#ifndef JUMUN_COMMON_MYSQL_MIGRATE_H
#define JUMUN_COMMON_MYSQL_MIGRATE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/status.h"
#include "common/mysql/db.h"

typedef struct Migration {
    uint32_t version; /* 1, 2, 3 ... without gaps */
    const char *name; /* "0001_init" */
    const char *sql;
} Migration;

/* Brings the Db's schema, which must exist, to the last version. ret_applied counts
 * the scripts that ran. FAILED_PRECONDITION (SCHEMA_UNKNOWN) if the schema is newer
 * than the scripts or a checksum differs. */
Status migrate_up(Db *db, const Migration *migrations, size_t count, size_t *ret_applied);

/* FAILED_PRECONDITION (SCHEMA_UNKNOWN) unless the schema is exactly at `version`. */
Status migrate_check(Db *db, uint32_t version);

#endif
