/* Result rows: how each column is fetched, and the conversions of the accessors. Text
 * buffers grow to the longest value met and stay with the statement. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mysql/db_internal.h"

enum {
    TEXT_CAPACITY_MIN = 64, /* holds any number and time as text */
};

static DbFieldKind kind_of(const MYSQL_FIELD *field)
{
    switch (field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return (field->flags & UNSIGNED_FLAG) != 0 ? DB_FIELD_UINT : DB_FIELD_INT;
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP:
        return DB_FIELD_TIME;
    default:
        return DB_FIELD_TEXT;
    }
}

/* Room for size bytes and a NUL. */
static bool reserve(DbField *field, size_t size)
{
    size_t capacity = field->capacity == 0 ? TEXT_CAPACITY_MIN : field->capacity;

    while (capacity <= size) {
        capacity *= 2;
    }
    if (capacity == field->capacity) {
        return true;
    }
    char *text = realloc(field->text, capacity);
    if (text == NULL) {
        return false;
    }
    field->text = text;
    field->capacity = capacity;
    return true;
}

static void bind_field(DbField *field, MYSQL_BIND *bind)
{
    *bind = (MYSQL_BIND){ .is_null = &field->null, .length = &field->size };
    switch (field->kind) {
    case DB_FIELD_INT:
    case DB_FIELD_UINT:
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = &field->integer;
        bind->buffer_length = sizeof field->integer;
        bind->is_unsigned = (my_bool)(field->kind == DB_FIELD_UINT);
        break;
    case DB_FIELD_TIME:
        bind->buffer_type = MYSQL_TYPE_DATETIME;
        bind->buffer = &field->time;
        bind->buffer_length = sizeof field->time;
        break;
    case DB_FIELD_TEXT:
        bind->buffer_type = MYSQL_TYPE_STRING;
        bind->buffer = field->text;
        bind->buffer_length = (unsigned long)(field->capacity - 1);
        break;
    }
}

DbRow *db_row_open(MYSQL_STMT *stmt)
{
    MYSQL_RES *columns = mysql_stmt_result_metadata(stmt);
    DbRow *row = columns == NULL ? NULL : calloc(1, sizeof *row);

    if (row != NULL) {
        assert(mysql_num_fields(columns) <= DB_COLUMNS_MAX);
        row->count = mysql_num_fields(columns);
        for (unsigned i = 0; i < row->count; i++) {
            row->fields[i].kind = kind_of(mysql_fetch_field_direct(columns, i));
            if (!reserve(&row->fields[i], 0)) {
                db_row_close(row);
                row = NULL;
                break;
            }
        }
    }
    if (columns != NULL) {
        mysql_free_result(columns);
    }
    return row;
}

void db_row_close(DbRow *row)
{
    if (row == NULL) {
        return;
    }
    for (unsigned i = 0; i < row->count; i++) {
        free(row->fields[i].text);
    }
    free(row);
}

int db_row_bind(DbRow *row, MYSQL_STMT *stmt)
{
    for (unsigned i = 0; i < row->count; i++) {
        bind_field(&row->fields[i], &row->binds[i]);
    }
    return mysql_stmt_bind_result(stmt, row->binds);
}

/* Fetches the value again that did not fit. */
static int fetch_long(DbRow *row, unsigned column, MYSQL_STMT *stmt)
{
    DbField *field = &row->fields[column];

    if (!reserve(field, field->size)) {
        return -1;
    }
    bind_field(field, &row->binds[column]);
    return mysql_stmt_fetch_column(stmt, &row->binds[column], column, 0);
}

int db_row_fetch(DbRow *row, MYSQL_STMT *stmt)
{
    bool grown = false;
    int end = mysql_stmt_fetch(stmt);

    if (end != 0 && end != MYSQL_DATA_TRUNCATED) {
        return end;
    }
    for (unsigned i = 0; i < row->count; i++) {
        DbField *field = &row->fields[i];
        if (field->kind != DB_FIELD_TEXT) {
            continue;
        }
        if (field->null) {
            field->size = 0;
        } else if (field->size >= field->capacity) {
            if (fetch_long(row, i, stmt) != 0) {
                return -1;
            }
            grown = true;
        }
        field->text[field->size] = '\0';
    }
    /* Only now: binding forgets where the row at hand is. */
    return grown ? mysql_stmt_bind_result(stmt, row->binds) : 0;
}

static const DbField *field_of(const DbRow *row, unsigned column)
{
    assert(column < row->count);
    return &row->fields[column];
}

bool db_row_is_null(const DbRow *row, unsigned column)
{
    return field_of(row, column)->null != 0;
}

int64_t db_row_int(const DbRow *row, unsigned column)
{
    const DbField *field = field_of(row, column);

    if (field->null) {
        return 0;
    }
    assert(field->kind != DB_FIELD_TIME);
    return field->kind == DB_FIELD_TEXT ? strtoll(field->text, NULL, 10) : field->integer;
}

uint64_t db_row_uint(const DbRow *row, unsigned column)
{
    const DbField *field = field_of(row, column);

    if (field->null) {
        return 0;
    }
    assert(field->kind != DB_FIELD_TIME);
    return field->kind == DB_FIELD_TEXT ? strtoull(field->text, NULL, 10)
                                        : (uint64_t)field->integer;
}

int64_t db_row_time(const DbRow *row, unsigned column)
{
    const DbField *field = field_of(row, column);

    if (field->null) {
        return 0;
    }
    assert(field->kind == DB_FIELD_TIME);
    return db_time_to_us(&field->time);
}

/* Numbers and times become text in the column's buffer, which is free for it. */
static size_t text_of(const DbField *field)
{
    const MYSQL_TIME *at = &field->time;
    int size = 0;

    switch (field->kind) {
    case DB_FIELD_TEXT:
        return field->size;
    case DB_FIELD_INT:
        size = snprintf(field->text, field->capacity, "%" PRId64, field->integer);
        break;
    case DB_FIELD_UINT:
        size = snprintf(field->text, field->capacity, "%" PRIu64, (uint64_t)field->integer);
        break;
    case DB_FIELD_TIME:
        size =
            snprintf(field->text, field->capacity, "%04u-%02u-%02u %02u:%02u:%02u.%06lu", at->year,
                     at->month, at->day, at->hour, at->minute, at->second, at->second_part);
        break;
    }
    assert(size > 0 && (size_t)size < field->capacity);
    return (size_t)size;
}

const char *db_row_text(const DbRow *row, unsigned column)
{
    const DbField *field = field_of(row, column);

    if (field->null) {
        return "";
    }
    (void)text_of(field);
    return field->text;
}

const void *db_row_bytes(const DbRow *row, unsigned column, size_t *ret_size)
{
    const DbField *field = field_of(row, column);

    if (field->null) {
        *ret_size = 0;
        return "";
    }
    *ret_size = text_of(field);
    return field->text;
}
