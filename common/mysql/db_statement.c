/* Prepared statements: the cache, binding, running them for a query or an effect. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/mysql/db_internal.h"

static const Status no_memory = { STATUS_RESOURCE_EXHAUSTED, "OVERLOADED" };

void db_statement_close(DbStatement *statement)
{
    if (statement == NULL) {
        return;
    }
    if (statement->stmt != NULL) {
        (void)mysql_stmt_close(statement->stmt);
    }
    db_row_close(statement->row);
    free(statement->copy);
    free(statement);
}

/* Takes a statement out of the cache. */
static void forget(Db *db, DbStatement *statement)
{
    for (size_t i = 0; i < db->statement_count; i++) {
        if (db->statements[i] == statement) {
            db->statements[i] = db->statements[--db->statement_count];
            db_statement_close(statement);
            return;
        }
    }
}

Status db_statement_fail(Db *db, DbStatement *statement)
{
    Status status = db_fail(db, mysql_stmt_errno(statement->stmt),
                            mysql_stmt_error(statement->stmt), statement->copy);

    /* Perhaps the server no longer knows it, or the table has changed under it. */
    if (db->mysql != NULL && status.code == STATUS_INTERNAL) {
        forget(db, statement);
    }
    return status;
}

static void make_room(Db *db)
{
    if (db->statement_count < DB_STATEMENTS_MAX) {
        return;
    }
    for (;;) { /* few are shown at a time: callbacks nest */
        db->victim = (db->victim + 1) % DB_STATEMENTS_MAX;
        if (!db->statements[db->victim]->shown) {
            forget(db, db->statements[db->victim]);
            return;
        }
    }
}

static DbStatement *lookup(const Db *db, const char *sql, size_t repetitions)
{
    for (size_t i = 0; i < db->statement_count; i++) {
        DbStatement *statement = db->statements[i];
        if (statement->sql == sql && statement->repetitions == repetitions) {
            assert(strcmp(statement->copy, sql) == 0); /* the text must outlive the Db */
            return statement;
        }
    }
    return NULL;
}

/* What fails here did not run, whatever the number says. */
static Status prepare(Db *db, DbStatement *statement, const char *text)
{
    statement->stmt = mysql_stmt_init(db->mysql);
    if (statement->stmt == NULL) {
        return no_memory;
    }
    if (mysql_stmt_prepare(statement->stmt, text, (unsigned long)strlen(text)) != 0) {
        Status status = db_fail(db, mysql_stmt_errno(statement->stmt),
                                mysql_stmt_error(statement->stmt), statement->copy);
        db->loss = db->loss == MYSQL_LOST ? MYSQL_REFUSED : db->loss;
        return status;
    }
    if (mysql_stmt_field_count(statement->stmt) > 0) {
        statement->row = db_row_open(statement->stmt);
        return statement->row == NULL ? no_memory : status_ok();
    }
    return status_ok();
}

static Status make(Db *db, const char *sql, const DbExpansion *expansion,
                   DbStatement **ret_statement)
{
    DbStatement *statement = calloc(1, sizeof *statement);
    char *text = expansion == NULL ? strdup(sql) : db_expansion_text(expansion, sql);
    Status status = no_memory;

    if (statement != NULL && text != NULL) {
        statement->sql = sql;
        statement->repetitions = expansion == NULL ? 0 : expansion->repetitions;
        statement->copy = strdup(sql);
        status = statement->copy == NULL ? no_memory : prepare(db, statement, text);
    }
    free(text);
    if (status_failed(status)) {
        db_statement_close(statement);
        return status;
    }
    *ret_statement = statement;
    return status;
}

Status db_statement_find(Db *db, const char *sql, const DbExpansion *expansion,
                         DbStatement **ret_statement)
{
    Status status = db_ready(db);

    if (status_failed(status)) {
        return status;
    }
    DbStatement *statement = lookup(db, sql, expansion == NULL ? 0 : expansion->repetitions);
    if (statement == NULL) {
        make_room(db);
        status = make(db, sql, expansion, &statement);
        if (status_failed(status)) {
            return status;
        }
        db->statements[db->statement_count++] = statement;
    }
    assert(!statement->shown); /* a row callback may not run its own query again */
    *ret_statement = statement;
    return status;
}

Status db_statement_execute(Db *db, DbStatement *statement, MYSQL_BIND *binds)
{
    MYSQL_STMT *stmt = statement->stmt;

    if (mysql_stmt_param_count(stmt) > 0 && mysql_stmt_bind_param(stmt, binds) != 0) {
        return db_statement_fail(db, statement);
    }
    if (mysql_stmt_execute(stmt) != 0) {
        return db_statement_fail(db, statement);
    }
    if (statement->row != NULL && mysql_stmt_store_result(stmt) != 0) {
        return db_statement_fail(db, statement);
    }
    return status_ok();
}

static Status run_once(Db *db, const char *sql, const DbExpansion *expansion, const DbValue *params,
                       DbStatement **ret_statement)
{
    size_t count = db_expansion_params(expansion);
    Status status = db_statement_find(db, sql, expansion, ret_statement);

    if (status_failed(status)) {
        return status;
    }
    assert(mysql_stmt_param_count((*ret_statement)->stmt) == count);
    arena_reset(&db->scratch);
    MYSQL_BIND *binds = arena_alloc(&db->scratch, (count + 1) * sizeof *binds);
    if (binds == NULL) {
        return no_memory;
    }
    for (size_t i = 0; i < count; i++) {
        const DbValue *value = &params[db_expansion_source(expansion, i)];
        if (!db_bind_value(&db->scratch, value, &binds[i])) {
            return no_memory;
        }
    }
    return db_statement_execute(db, *ret_statement, binds);
}

/* Runs it, a second time where a lost connection allows that. */
static Status run(Db *db, const char *sql, const DbValue *params, size_t count, bool reads,
                  DbStatement **ret_statement)
{
    DbExpansion expansion;
    int64_t started_us = clock_monotonic_us(clock_system());

    db_expansion_init(&expansion, sql, count);
    Status status = run_once(db, sql, &expansion, params, ret_statement);
    if (status_failed(status) && db_may_repeat(db, started_us, reads)) {
        status = run_once(db, sql, &expansion, params, ret_statement);
    }
    if (status_failed(status) && !reads && !db->in_transaction && db->loss == MYSQL_LOST &&
        db->mysql == NULL) {
        return status_make(STATUS_UNKNOWN, "DATABASE_LOST");
    }
    return status;
}

static Status show_rows(Db *db, DbStatement *statement, DbRowRun *row_run, void *context)
{
    Status status = status_ok();

    if (db_row_bind(statement->row, statement->stmt) != 0) {
        return db_statement_fail(db, statement);
    }
    while (!status_failed(status)) {
        int end = db_row_fetch(statement->row, statement->stmt);
        if (end == MYSQL_NO_DATA) {
            return status;
        }
        if (end != 0) {
            return db_statement_fail(db, statement);
        }
        statement->shown = true;
        status = row_run(context, statement->row);
        statement->shown = false;
        if (statement->dropped) {
            db_statement_close(statement);
            return status_failed(status) ? status
                                         : status_make(STATUS_UNAVAILABLE, "DATABASE_DOWN");
        }
    }
    return status;
}

Status db_query(Db *db, const char *sql, const DbValue *params, size_t count, DbRowRun *row_run,
                void *context)
{
    DbStatement *statement;
    Status status = run(db, sql, params, count, true, &statement);

    if (status_failed(status)) {
        return status;
    }
    assert(statement->row != NULL); /* not a SELECT */
    return show_rows(db, statement, row_run, context);
}

Status db_execute(Db *db, const char *sql, const DbValue *params, size_t count,
                  uint64_t *ret_affected)
{
    DbStatement *statement;
    Status status = run(db, sql, params, count, false, &statement);

    if (!status_failed(status) && ret_affected != NULL) {
        *ret_affected = mysql_stmt_affected_rows(statement->stmt);
    }
    return status;
}
