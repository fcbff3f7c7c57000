/* db.h - one connection to MariaDB or MySQL, with its reconnect and its error classes.
 *
 * A Db belongs to one thread. It connects when first used and again after a loss, with
 * a back-off of at most 1 s; statements are prepared once per connection and found by
 * the address of their text, so the text must be a string literal or live as long as
 * the Db. Everything runs with READ COMMITTED, UTC, strict sql_mode, utf8mb4, lock wait
 * 2 s, statement limit 3 s; values only ever travel as bound parameters.
 *
 * Errors (shared/engines.md, section 10): ALREADY_EXISTS duplicate key; ABORTED
 * deadlock, lock wait, record changed; UNAVAILABLE nothing happened, also for too many
 * connections; UNKNOWN lost during COMMIT or during a statement outside a transaction;
 * RESOURCE_EXHAUSTED a limit of the user's; FAILED_PRECONDITION (WOULD_VIOLATE) a CHECK or
 * foreign key; PERMISSION_DENIED a right that the user lacks; INTERNAL everything else,
 * logged. */
#ifndef JUMUN_COMMON_MYSQL_DB_H
#define JUMUN_COMMON_MYSQL_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/status.h"

enum {
    DB_ROWS_MAX = 1024,   /* in one bulk execute */
    DB_COLUMNS_MAX = 24,  /* of a bulk execute or a result */
    DB_PARAMS_MAX = 2048, /* of one statement */
};

typedef struct Db Db;

/* mysql://user:password@host:port/schema[?socket=/path]; percent-decoding as in URLs.
 * INVALID_ARGUMENT (CONFIG) if it is malformed. Does not connect. */
Status db_open(const char *url, Db **ret_db);

/* The same for migrations and audits: no statement limit, lock waits of 10 minutes. */
Status db_open_patient(const char *url, Db **ret_db);

/* NULL is ignored. */
void db_close(Db *db);

/* Connects if necessary; UNAVAILABLE if that fails or is too early. */
Status db_connect(Db *db);

/* True after the last use succeeded in talking to the server. Any thread. */
bool db_is_up(const Db *db);

typedef enum DbType {
    DB_INT,   /* int64_t */
    DB_UINT,  /* uint64_t */
    DB_BYTES, /* const char * and its size: text or binary */
    DB_TIME,  /* int64_t microseconds UTC <-> DATETIME(6) */
} DbType;

typedef struct DbValue {
    DbType type;
    bool null;
    union {
        int64_t integer; /* DB_INT, DB_TIME */
        uint64_t natural;
        const void *bytes;
    };
    size_t size; /* of bytes */
} DbValue;

DbValue db_int(int64_t value);
DbValue db_uint(uint64_t value);
DbValue db_text(const char *text); /* NULL becomes SQL NULL; borrowed until execute */
DbValue db_bytes(const void *bytes, size_t size);
DbValue db_time(int64_t at_us);
DbValue db_null(void);

/* One column of a bulk execute: an array of row_count values of its type. DB_BYTES are sent
 * as bytes there, also text: the server refuses malformed UTF-8 for a utf8mb4 column, but
 * takes any byte for an ascii one. So text is checked where it enters, as it must be anyway.
 * (A lone statement sends text as text.) */
typedef struct DbColumn {
    DbType type;
    const void *values;  /* int64_t[], uint64_t[], const char *[] */
    const size_t *sizes; /* DB_BYTES: of each; NULL: strlen */
    const bool *nulls;   /* NULL: none is */
} DbColumn;

/* The row at hand; its text is borrowed for the length of the callback. */
typedef struct DbRow DbRow;
bool db_row_is_null(const DbRow *row, unsigned column);
int64_t db_row_int(const DbRow *row, unsigned column);
uint64_t db_row_uint(const DbRow *row, unsigned column);
const char *db_row_text(const DbRow *row, unsigned column); /* NUL-terminated, "" for NULL */
const void *db_row_bytes(const DbRow *row, unsigned column, size_t *ret_size);
int64_t db_row_time(const DbRow *row, unsigned column);

/* Returning a failure ends the query with it. */
typedef Status DbRowRun(void *context, const DbRow *row);

/* Runs a SELECT and calls `run` for each row, in order. A "{pattern|separator}" in sql
 * is repeated for all parameters that the rest does not take:
 *
 *     SELECT ... WHERE order_id IN ({?|,}) ORDER BY order_id FOR UPDATE
 *     SELECT ... WHERE {(member_id = ? AND req_key = ?)| OR }
 *
 * The count of repetitions is rounded up to a power of two by repeating the last
 * group, so that few statements are prepared. Only one per sql; parameters before and
 * after it are counted by their '?'. */
Status db_query(Db *db, const char *sql, const DbValue *params, size_t count, DbRowRun *run,
                void *context);

/* Runs anything else. ret_affected may be NULL; it counts rows matched by an UPDATE's
 * WHERE (CLIENT_FOUND_ROWS), so that "affected = expected" also holds for an UPDATE
 * that changes nothing. */
Status db_execute(Db *db, const char *sql, const DbValue *params, size_t count,
                  uint64_t *ret_affected);

/* Runs one statement for row_count (1..DB_ROWS_MAX) rows in one round trip where the
 * server can (MariaDB's bulk binding), else row by row. All or nothing only inside a
 * transaction: any row's error fails the whole. Multi-row effects are summed in
 * ret_affected, which may be NULL. Works for INSERT, UPDATE and DELETE. */
Status db_execute_bulk(Db *db, const char *sql, const DbColumn *columns, size_t column_count,
                       size_t row_count, uint64_t *ret_affected);

/* The statements of a transaction, between BEGIN and COMMIT. Must not talk to anything
 * but this Db; may run again from the start. */
typedef Status DbTransaction(void *context, Db *db);

/* BEGIN, body, COMMIT; after a failure of body ROLLBACK. ABORTED is retried, at most
 * three times in all with jitter. UNKNOWN if it cannot be told whether COMMIT happened:
 * read back by key before you say anything. */
Status db_transact(Db *db, DbTransaction *body, void *context);

/* Runs each ';'-terminated statement of a script (migrations, tests): no parameters. */
Status db_run_script(Db *db, const char *script);

/* The last error's text from the server, for logs of migrations and tests only. */
const char *db_error(const Db *db);

#endif
