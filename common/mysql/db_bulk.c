/* Bulk execution: MariaDB's array binding, one round trip for many rows.
 *
 * Numbers are bound as they lie in the caller's arrays; text and times as arrays of
 * pointers, which is what the library wants for anything of no fixed size. A server or
 * a statement that cannot do it is served row by row. */
#include <assert.h>
#include <string.h>

#include "common/mysql/db_internal.h"

/* Bytes of text in one round trip, well below the server's max_allowed_packet. */
#define CHUNK_SIZE_MAX ((size_t)4 * 1024 * 1024)

enum {
    NOT_PREPARABLE = 1295, /* the server: not in this protocol */
};

/* The rows at hand: count of them from first on, of every column. */
typedef struct Rows {
    const DbColumn *columns;
    size_t column_count;
    size_t first;
    size_t count;
} Rows;

static const Status no_memory = { STATUS_RESOURCE_EXHAUSTED, "OVERLOADED" };

static bool is_null(const DbColumn *column, size_t row)
{
    return (column->nulls != NULL && column->nulls[row]) ||
           (column->type == DB_BYTES && ((const char *const *)column->values)[row] == NULL);
}

static size_t size_of(const DbColumn *column, size_t row)
{
    if (column->type != DB_BYTES || is_null(column, row)) {
        return 0;
    }
    return column->sizes != NULL ? column->sizes[row]
                                 : strlen(((const char *const *)column->values)[row]);
}

static DbValue value_of(const DbColumn *column, size_t row)
{
    DbValue value = { .type = column->type, .null = is_null(column, row) };

    if (value.null) {
        return value;
    }
    if (column->type == DB_BYTES) {
        value.bytes = ((const char *const *)column->values)[row];
        value.size = size_of(column, row);
    } else {
        value.integer = ((const int64_t *)column->values)[row];
    }
    return value;
}

static Status run_row(Db *db, const char *sql, const Rows *rows, size_t row, uint64_t *ret_affected)
{
    DbValue values[DB_COLUMNS_MAX];

    for (size_t i = 0; i < rows->column_count; i++) {
        values[i] = value_of(&rows->columns[i], row);
    }
    return db_execute(db, sql, values, rows->column_count, ret_affected);
}

static Status run_row_by_row(Db *db, const char *sql, const Rows *rows, uint64_t *affected)
{
    for (size_t i = 0; i < rows->count; i++) {
        uint64_t of_row = 0;
        Status status = run_row(db, sql, rows, rows->first + i, &of_row);
        if (status_failed(status)) {
            return status;
        }
        *affected += of_row;
    }
    return status_ok();
}

#ifdef MARIADB_PACKAGE_VERSION

/* Marks the NULLs; nothing to do if there are none. */
static bool bind_nulls(Arena *scratch, const DbColumn *column, const Rows *rows, MYSQL_BIND *bind)
{
    if (column->nulls == NULL && column->type != DB_BYTES) {
        return true;
    }
    bind->u.indicator = arena_alloc(scratch, rows->count);
    if (bind->u.indicator == NULL) {
        return false;
    }
    for (size_t i = 0; i < rows->count; i++) {
        bind->u.indicator[i] =
            is_null(column, rows->first + i) ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
    }
    return true;
}

static bool bind_texts(Arena *scratch, const DbColumn *column, const Rows *rows, MYSQL_BIND *bind)
{
    const void **texts = arena_alloc(scratch, rows->count * sizeof *texts);
    unsigned long *sizes = arena_alloc(scratch, rows->count * sizeof *sizes);

    if (texts == NULL || sizes == NULL) {
        return false;
    }
    for (size_t i = 0; i < rows->count; i++) {
        DbValue value = value_of(column, rows->first + i);
        texts[i] = value.null || value.size == 0 ? "" : value.bytes;
        sizes[i] = (unsigned long)value.size;
    }
    /* Not STRING: the server would convert each value to its column's character set. Bytes it
     * only checks, at a tenth less of a row's cost. */
    bind->buffer_type = MYSQL_TYPE_BLOB;
    bind->buffer = texts;
    bind->length = sizes;
    return true;
}

static bool bind_times(Arena *scratch, const DbColumn *column, const Rows *rows, MYSQL_BIND *bind)
{
    const int64_t *values = (const int64_t *)column->values + rows->first;
    MYSQL_TIME *times = arena_alloc(scratch, rows->count * sizeof *times);
    MYSQL_TIME **pointers = arena_alloc(scratch, rows->count * sizeof *pointers);

    if (times == NULL || pointers == NULL) {
        return false;
    }
    for (size_t i = 0; i < rows->count; i++) {
        db_time_from_us(is_null(column, rows->first + i) ? 0 : values[i], &times[i]);
        pointers[i] = &times[i];
    }
    bind->buffer_type = MYSQL_TYPE_DATETIME;
    bind->buffer = pointers;
    return true;
}

static bool bind_column(Arena *scratch, const DbColumn *column, const Rows *rows, MYSQL_BIND *bind)
{
    *bind = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG };
    if (!bind_nulls(scratch, column, rows, bind)) {
        return false;
    }
    if (column->type == DB_BYTES) {
        return bind_texts(scratch, column, rows, bind);
    }
    if (column->type == DB_TIME) {
        return bind_times(scratch, column, rows, bind);
    }
    bind->buffer = db_lend((const int64_t *)column->values + rows->first);
    bind->is_unsigned = (my_bool)(column->type == DB_UINT);
    return true;
}

/* Sets the array size; the library wants it before each binding. */
static bool set_array_size(DbStatement *statement, size_t count)
{
    unsigned size = (unsigned)count;

    return mysql_stmt_attr_set(statement->stmt, STMT_ATTR_ARRAY_SIZE, &size) == 0;
}

/* Runs the rows at once. *ret_unbulky: nothing happened, and it cannot be done so. */
static Status run_array(Db *db, DbStatement *statement, const Rows *rows, uint64_t *affected,
                        bool *ret_unbulky)
{
    MYSQL_BIND binds[DB_COLUMNS_MAX];

    arena_reset(&db->scratch);
    for (size_t i = 0; i < rows->column_count; i++) {
        if (!bind_column(&db->scratch, &rows->columns[i], rows, &binds[i])) {
            return no_memory;
        }
    }
    if (!set_array_size(statement, rows->count)) {
        *ret_unbulky = true;
        return status_ok();
    }
    if (mysql_stmt_bind_param(statement->stmt, binds) != 0 ||
        mysql_stmt_execute(statement->stmt) != 0) {
        if (mysql_stmt_errno(statement->stmt) == NOT_PREPARABLE) {
            (void)set_array_size(statement, 0);
            *ret_unbulky = true;
            return status_ok();
        }
        (void)set_array_size(statement, 0);
        return db_statement_fail(db, statement);
    }
    *affected += mysql_stmt_affected_rows(statement->stmt);
    (void)set_array_size(statement, 0);
    return status_ok();
}

#else /* Oracle's library has no arrays. */

static Status run_array(Db *db, DbStatement *statement, const Rows *rows, uint64_t *affected,
                        bool *ret_unbulky)
{
    (void)db;
    (void)statement;
    (void)rows;
    (void)affected;
    *ret_unbulky = true;
    return status_ok();
}

#endif

static Status run_rows(Db *db, const char *sql, const Rows *rows, uint64_t *affected)
{
    DbStatement *statement;
    bool unbulky = false;
    Status status = db_statement_find(db, sql, NULL, &statement);

    if (status_failed(status)) {
        return status;
    }
    assert(mysql_stmt_param_count(statement->stmt) == rows->column_count);
    if (rows->count > 1 && !statement->unbulky) {
        status = run_array(db, statement, rows, affected, &unbulky);
        if (!unbulky) {
            return status;
        }
        statement->unbulky = true;
    }
    return run_row_by_row(db, sql, rows, affected);
}

/* As many of the next rows as fit a round trip; at least one. */
static size_t chunk(const Rows *rows, size_t end)
{
    size_t count = 0;
    size_t size = 0;

    while (rows->first + count < end) {
        for (size_t i = 0; i < rows->column_count; i++) {
            size += size_of(&rows->columns[i], rows->first + count);
        }
        if (count > 0 && size > CHUNK_SIZE_MAX) {
            break;
        }
        count++;
    }
    return count;
}

Status db_execute_bulk(Db *db, const char *sql, const DbColumn *columns, size_t column_count,
                       size_t row_count, uint64_t *ret_affected)
{
    Rows rows = { .columns = columns, .column_count = column_count };
    uint64_t affected = 0;

    assert(column_count > 0 && column_count <= DB_COLUMNS_MAX);
    assert(row_count > 0 && row_count <= DB_ROWS_MAX);
    while (rows.first < row_count) {
        rows.count = chunk(&rows, row_count);
        Status status = run_rows(db, sql, &rows, &affected);
        if (status_failed(status)) {
            /* Some rows may have taken effect: such a transaction must not commit. */
            if (db->in_transaction && !status_failed(db->doom)) {
                db->doom = status;
            }
            if (!db->in_transaction && db->mysql == NULL && db->loss == MYSQL_LOST) {
                return status_make(STATUS_UNKNOWN, "DATABASE_LOST");
            }
            return status;
        }
        rows.first += rows.count;
    }
    if (ret_affected != NULL) {
        *ret_affected = affected;
    }
    return status_ok();
}
