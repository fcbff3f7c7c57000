/* Migrations. The lock row is held by a connection of its own, since the scripts' DDL
 * commits and would let go of it. */
#include "common/mysql/migrate.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/mysql/db_internal.h"
#include "common/runtime/log.h"

static const char create_tables[] =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "  version INT UNSIGNED PRIMARY KEY,"
    "  name VARCHAR(64) NOT NULL,"
    "  checksum BIGINT UNSIGNED NOT NULL,"
    "  at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;"
    "CREATE TABLE IF NOT EXISTS schema_migration_lock ("
    "  id TINYINT UNSIGNED PRIMARY KEY"
    ") ENGINE=InnoDB;"
    "INSERT INTO schema_migration_lock (id) VALUES (1) ON DUPLICATE KEY UPDATE id = id;";
static const char take_lock[] = "SELECT id FROM schema_migration_lock WHERE id = 1 FOR UPDATE";
static const char find_applied[] =
    "SELECT version, checksum FROM schema_migration ORDER BY version";
static const char append_applied[] =
    "INSERT INTO schema_migration (version, name, checksum) VALUES (?, ?, ?)";
static const char find_table[] =
    "SELECT COUNT(*) FROM information_schema.tables"
    " WHERE table_schema = DATABASE() AND table_name = 'schema_migration'";
static const char find_version[] =
    "SELECT COALESCE(MAX(version), 0), COUNT(*) FROM schema_migration";

typedef struct Migrator {
    const Migration *migrations;
    size_t count;
    Db *worker;
    size_t present; /* scripts that have run already */
    size_t applied; /* now */
} Migrator;

/* FNV-1a: tells an edited script, not a forged one. */
static uint64_t checksum_of(const char *sql)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (const char *c = sql; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    }
    return hash;
}

static Status unknown_schema(void)
{
    return status_make(STATUS_FAILED_PRECONDITION, "SCHEMA_UNKNOWN");
}

static Status ignore_row(void *context, const DbRow *row)
{
    (void)context;
    (void)row;
    return status_ok();
}

static Status check_applied(void *context, const DbRow *row)
{
    Migrator *migrator = context;
    uint64_t version = db_row_uint(row, 0);

    if (version != migrator->present + 1 || version > migrator->count) {
        log_error("migrate.schema_unknown", "version=%llu known=%zu", (unsigned long long)version,
                  migrator->count);
        return unknown_schema();
    }
    const Migration *migration = &migrator->migrations[migrator->present];
    if (db_row_uint(row, 1) != checksum_of(migration->sql)) {
        log_error("migrate.script_changed", "name=%s", migration->name);
        return unknown_schema();
    }
    migrator->present++;
    return status_ok();
}

static Status apply(Migrator *migrator, const Migration *migration)
{
    const DbValue params[] = { db_uint(migration->version), db_text(migration->name),
                               db_uint(checksum_of(migration->sql)) };
    Status status = db_run_script(migrator->worker, migration->sql);

    if (!status_failed(status)) {
        status = db_execute(migrator->worker, append_applied, params,
                            sizeof params / sizeof params[0], NULL);
    }
    if (status_failed(status)) {
        log_error("migrate.failed", "name=%s code=%s", migration->name,
                  status_code_name(status.code));
        return status;
    }
    migrator->applied++;
    log_info("migrate.applied", "name=%s", migration->name);
    return status_ok();
}

/* Runs while `lock` holds the lock row; asks before each script whether it still does. */
static Status migrate_locked(void *context, Db *lock)
{
    Migrator *migrator = context;
    Status status = db_query(lock, take_lock, NULL, 0, ignore_row, NULL);

    migrator->present = 0;
    if (!status_failed(status)) {
        status = db_query(migrator->worker, find_applied, NULL, 0, check_applied, migrator);
    }
    for (size_t i = migrator->present; i < migrator->count && !status_failed(status); i++) {
        status = db_query(lock, take_lock, NULL, 0, ignore_row, NULL);
        if (!status_failed(status)) {
            status = apply(migrator, &migrator->migrations[i]);
        }
    }
    return status;
}

Status migrate_up(Db *db, const Migration *migrations, size_t count, size_t *ret_applied)
{
    Migrator migrator = { .migrations = migrations, .count = count };
    Db *lock = NULL;

    for (size_t i = 0; i < count; i++) {
        assert(migrations[i].version == i + 1);
    }
    Status status = db_open_patient(db->source, &lock);
    if (!status_failed(status)) {
        status = db_open_patient(db->source, &migrator.worker);
    }
    if (!status_failed(status)) {
        status = db_run_script(migrator.worker, create_tables);
    }
    if (!status_failed(status)) {
        status = db_transact(lock, migrate_locked, &migrator);
    }
    if (!status_failed(status)) {
        *ret_applied = migrator.applied;
    } else if (migrator.worker != NULL) {
        (void)snprintf(db->error, sizeof db->error, "%s", db_error(migrator.worker));
    }
    db_close(migrator.worker);
    db_close(lock);
    return status;
}

static Status take_number(void *context, const DbRow *row)
{
    *(uint64_t *)context = db_row_uint(row, 0);
    return status_ok();
}

/* Versions have no gaps, so the highest is also how many there are. */
static Status take_version(void *context, const DbRow *row)
{
    uint64_t version = db_row_uint(row, 0);

    if (version != db_row_uint(row, 1)) {
        return unknown_schema();
    }
    *(uint64_t *)context = version;
    return status_ok();
}

Status migrate_check(Db *db, uint32_t version)
{
    uint64_t tables = 0;
    uint64_t found = 0;
    Status status = db_query(db, find_table, NULL, 0, take_number, &tables);

    if (!status_failed(status) && tables > 0) {
        status = db_query(db, find_version, NULL, 0, take_version, &found);
    }
    if (!status_failed(status) && found != version) {
        log_error("migrate.schema_unknown", "version=%llu wanted=%u", (unsigned long long)found,
                  version);
        return unknown_schema();
    }
    return status;
}
