/* db_internal.h - what the files of a Db share. Internal to common/mysql: the only
 * header here that shows the client library.
 *
 * A Db keeps its prepared statements in a small cache; a result lives in its statement,
 * so that a row callback may run another statement. Losing the connection empties the
 * cache; a statement whose rows are just being shown is then freed by who shows them. */
#ifndef JUMUN_COMMON_MYSQL_DB_INTERNAL_H
#define JUMUN_COMMON_MYSQL_DB_INTERNAL_H

#include <mysql/mysql.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/mysql/db.h"
#include "common/mysql/db_expand.h"
#include "common/mysql/db_url.h"
#include "common/mysql/mysql_status.h"

enum {
    DB_STATEMENTS_MAX = 128, /* prepared on one connection; then one makes room */
    DB_ERROR_SIZE = 256,
};

/* How a column is fetched; the accessors convert between them. */
typedef enum DbFieldKind {
    DB_FIELD_INT,
    DB_FIELD_UINT,
    DB_FIELD_TIME,
    DB_FIELD_TEXT, /* and everything else, decimals too */
} DbFieldKind;

typedef struct DbField {
    DbFieldKind kind;
    int64_t integer; /* or the bits of an unsigned one */
    MYSQL_TIME time;
    char *text; /* also where the other kinds are formatted */
    size_t capacity;
    unsigned long size;
    my_bool null;
} DbField;

struct DbRow {
    unsigned count;
    MYSQL_BIND binds[DB_COLUMNS_MAX];
    DbField fields[DB_COLUMNS_MAX];
};

typedef struct DbStatement {
    const char *sql;    /* the key: its address */
    size_t repetitions; /* and the expansion; 0 without */
    char *copy;         /* of sql, to catch a key whose text has changed */
    MYSQL_STMT *stmt;
    DbRow *row;   /* NULL if it has no result */
    bool unbulky; /* the server refuses it as a bulk */
    bool shown;   /* a callback is looking at its rows */
    bool dropped; /* meanwhile the connection was lost */
} DbStatement;

struct Db {
    DbUrl url;
    char *source; /* the URL as it came */
    bool patient;
    MYSQL *mysql;   /* NULL: not connected */
    MysqlLoss loss; /* what the last error left of the connection */
    DbStatement *statements[DB_STATEMENTS_MAX];
    size_t statement_count;
    size_t victim; /* which statement makes room next */
    Arena scratch; /* bindings of one execute */
    bool in_transaction;
    Status doom;        /* failed: the transaction cannot be committed any more */
    int64_t used_at_us; /* monotonic, as the next */
    int64_t retry_at_us;
    int64_t backoff_us;
    _Atomic bool up;
    char error[DB_ERROR_SIZE];
};

/* Closes the connection, as after a loss. */
void db_drop(Db *db);

/* Takes note of an error of the server or the client library: logs it, drops the
 * connection or dooms the transaction as it demands, and says what it means inside a
 * transaction. `sql` is text without values. */
Status db_fail(Db *db, unsigned number, const char *text, const char *sql);

/* Connects if that is allowed now: inside a transaction a lost connection stays lost,
 * and a doomed one fails. */
Status db_ready(Db *db);

/* Connects, runs one statement as text and drains its results. */
Status db_run_text(Db *db, const char *sql, size_t size);

/* True once if what has just failed did nothing and may be tried on a new connection,
 * started_us being when it began: a connection that died while idle. */
bool db_may_repeat(const Db *db, int64_t started_us, bool reads);

/* 0 .. limit-1, for jitter. */
int64_t db_random(int64_t limit);

/* Finds or prepares the statement. `expansion` may be NULL: the text is as it stands. */
Status db_statement_find(Db *db, const char *sql, const DbExpansion *expansion,
                         DbStatement **ret_statement);

/* Binds, executes, stores the result if there is one. */
Status db_statement_execute(Db *db, DbStatement *statement, MYSQL_BIND *binds);

/* db_fail for a statement; it may be gone afterwards. */
Status db_statement_fail(Db *db, DbStatement *statement);

/* NULL is ignored. The connection may be gone. */
void db_statement_close(DbStatement *statement);

/* Fills a parameter from a value; scratch holds what a time needs. False: no memory. */
bool db_bind_value(Arena *scratch, const DbValue *value, MYSQL_BIND *bind);

/* A result row for the columns of a prepared statement. NULL: no memory. */
DbRow *db_row_open(MYSQL_STMT *stmt);
void db_row_close(DbRow *row);

/* Binds the row to a stored result, and fetches: 0, MYSQL_NO_DATA or another number for
 * an error of the statement. */
int db_row_bind(DbRow *row, MYSQL_STMT *stmt);
int db_row_fetch(DbRow *row, MYSQL_STMT *stmt);

/* UTC microseconds since 1970 <-> DATETIME(6); beyond the years 1 .. 9999 the nearest
 * bound. */
void db_time_from_us(int64_t at_us, MYSQL_TIME *ret_time);
int64_t db_time_to_us(const MYSQL_TIME *at);

/* The client library takes pointers that it does not write through without const. */
void *db_lend(const void *bytes);

#endif
