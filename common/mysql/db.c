/* The connection: options, session settings, loss and back-off. Everything that can
 * fail at the server ends in db_fail, which decides what is left of the connection. */
#include "common/mysql/db_internal.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/clock.h"
#include "common/runtime/log.h"

#define CONNECT_TIMEOUT_S  2u
#define IO_TIMEOUT_S       5u /* above the server's own limits, so it speaks first */
#define IO_PATIENT_S       900u
#define BACKOFF_MIN_US     (50 * US_PER_MS)
#define BACKOFF_MAX_US     (1 * US_PER_S)
#define REPEAT_WITHIN_US   (1 * US_PER_S)
#define IDLE_US            (2 * US_PER_S) /* unused so long, a connection is asked first */
#define SCRATCH_BLOCK_SIZE ((size_t)128 * 1024)
#define SCRATCH_SIZE_MAX   ((size_t)8 * 1024 * 1024)

/* MySQL reads what only MariaDB knows as a comment. The statement limit is above the lock
 * wait, or it would end a wait for a lock as if the statement were slow. */
#define SESSION                                                                                    \
    "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"                        \
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY',"                       \
    "time_zone='+00:00',autocommit=1,wait_timeout=600"

static const char *const session[] = {
    SESSION ",innodb_lock_wait_timeout=2"
            " /*M!100100 , max_statement_time=3, idle_transaction_timeout=10 */",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
};

static const char *const patient_session[] = {
    SESSION ",innodb_lock_wait_timeout=600"
            " /*M!100100 , max_statement_time=0, idle_transaction_timeout=0 */",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_key;
static bool library_is_ready;

static void end_thread(void *unused)
{
    (void)unused;
    mysql_thread_end();
}

static void start_library(void)
{
    library_is_ready =
        mysql_library_init(0, NULL, NULL) == 0 && pthread_key_create(&thread_key, end_thread) == 0;
}

/* MariaDB's library does not need it; Oracle's does, once in each thread. */
static bool start_thread(void)
{
    static _Thread_local bool started;

    if (!started && mysql_thread_init() == 0) {
        started = pthread_setspecific(thread_key, &started) == 0;
    }
    return started;
}

static Status db_make(const char *url, bool patient, Db **ret_db)
{
    pthread_once(&once, start_library);
    Db *db = calloc(1, sizeof *db);
    Status status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");

    if (db == NULL || !library_is_ready) {
        free(db);
        return status;
    }
    arena_init(&db->scratch, SCRATCH_BLOCK_SIZE, SCRATCH_SIZE_MAX);
    db->patient = patient;
    db->doom = status_ok();
    db->source = strdup(url);
    if (db->source != NULL) {
        status = db_url_parse(url, &db->url);
    }
    if (status_failed(status)) {
        db_close(db);
        return status;
    }
    *ret_db = db;
    return status_ok();
}

Status db_open(const char *url, Db **ret_db)
{
    return db_make(url, false, ret_db);
}

Status db_open_patient(const char *url, Db **ret_db)
{
    return db_make(url, true, ret_db);
}

void db_close(Db *db)
{
    if (db == NULL) {
        return;
    }
    db_drop(db);
    arena_deinit(&db->scratch);
    explicit_bzero(&db->url, sizeof db->url);
    if (db->source != NULL) {
        explicit_bzero(db->source, strlen(db->source));
        free(db->source);
    }
    free(db);
}

void db_drop(Db *db)
{
    atomic_store(&db->up, false);
    if (db->mysql == NULL) {
        return;
    }
    /* First the connection: then closing a statement says nothing to the server. */
    mysql_close(db->mysql);
    db->mysql = NULL;
    for (size_t i = 0; i < db->statement_count; i++) {
        DbStatement *statement = db->statements[i];
        if (statement->shown) {
            statement->dropped = true;
        } else {
            db_statement_close(statement);
        }
    }
    db->statement_count = 0;
}

int64_t db_random(int64_t limit)
{
    uint32_t number = 0;

    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number) {
        number = (uint32_t)clock_monotonic_us(clock_system());
    }
    return (int64_t)number % limit;
}

static bool set_options(Db *db)
{
    MYSQL *mysql = db->mysql;
    const my_bool no = 0;
    const unsigned zero = 0;
    const unsigned connect_s = CONNECT_TIMEOUT_S;
    const unsigned io_s = db->patient ? IO_PATIENT_S : IO_TIMEOUT_S;
    const unsigned protocol =
        db->url.socket[0] != '\0' ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;

    return mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s) == 0 &&
           mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &io_s) == 0 &&
           mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &io_s) == 0 &&
           mysql_options(mysql, MYSQL_OPT_RECONNECT, &no) == 0 &&
           mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &zero) == 0 &&
           mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol) == 0 &&
           mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4") == 0;
}

static const char *or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static bool connect_now(Db *db)
{
    const char *const *settings = db->patient ? patient_session : session;
    const DbUrl *url = &db->url;

    if (!set_options(db) || mysql_real_connect(db->mysql, or_null(url->host), or_null(url->user),
                                               url->password, or_null(url->schema), url->port,
                                               or_null(url->socket), CLIENT_FOUND_ROWS) == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof session / sizeof session[0]; i++) {
        if (mysql_real_query(db->mysql, settings[i], (unsigned long)strlen(settings[i])) != 0) {
            return false;
        }
    }
    return true;
}

/* All but "too many connections" is UNAVAILABLE here, a wrong password too: whoever
 * asks can only come back later, and the log tells the operator which it was. */
static Status connect_failed(Db *db)
{
    unsigned number = mysql_errno(db->mysql);
    Status status = mysql_outcome(number).status;

    (void)snprintf(db->error, sizeof db->error, "%s", mysql_error(db->mysql));
    log_warn("mysql.connect_failed", "code=%u reason=%s", number, db->error);
    db_drop(db);
    db->backoff_us = db->backoff_us * 2 < BACKOFF_MIN_US ? BACKOFF_MIN_US : db->backoff_us * 2;
    if (db->backoff_us > BACKOFF_MAX_US) {
        db->backoff_us = BACKOFF_MAX_US;
    }
    db->retry_at_us =
        clock_monotonic_us(clock_system()) + db->backoff_us / 2 + db_random(db->backoff_us / 2 + 1);
    return status.code == STATUS_UNAVAILABLE ? status
                                             : status_make(STATUS_UNAVAILABLE, "DATABASE_DOWN");
}

/* A connection may have died while nobody looked. To find out with a write would leave
 * its outcome unknown, a ping has none. */
static void drop_if_dead(Db *db, int64_t now_us)
{
    if (db->mysql != NULL && now_us - db->used_at_us > IDLE_US && mysql_ping(db->mysql) != 0) {
        log_warn("mysql.connection_lost", "code=%u", mysql_errno(db->mysql));
        db_drop(db);
    }
    db->used_at_us = now_us;
}

Status db_connect(Db *db)
{
    int64_t now_us = clock_monotonic_us(clock_system());

    drop_if_dead(db, now_us);
    if (db->mysql != NULL) {
        return status_ok();
    }
    db->loss = MYSQL_KEPT;
    if (db->retry_at_us > now_us) {
        return status_make(STATUS_UNAVAILABLE, "DATABASE_DOWN");
    }
    db->mysql = start_thread() ? mysql_init(NULL) : NULL;
    if (db->mysql == NULL) {
        return status_make(STATUS_UNAVAILABLE, "DATABASE_DOWN");
    }
    if (!connect_now(db)) {
        return connect_failed(db);
    }
    db->backoff_us = 0;
    db->retry_at_us = 0;
    atomic_store(&db->up, true);
    return status_ok();
}

Status db_ready(Db *db)
{
    if (db->in_transaction) {
        assert(db->mysql != NULL || status_failed(db->doom));
        return db->doom;
    }
    return db_connect(db);
}

bool db_is_up(const Db *db)
{
    return atomic_load(&db->up);
}

const char *db_error(const Db *db)
{
    return db->error;
}

/* What was sent is named only where the fault must be ours; values are never in it. */
static void log_failure(const MysqlOutcome *outcome, unsigned number, const char *sql)
{
    if (outcome->status.code == STATUS_INTERNAL) {
        log_error("mysql.statement_failed", "code=%u sql=%.400s", number, sql);
    } else if (outcome->loss != MYSQL_KEPT) {
        log_warn("mysql.connection_lost", "code=%u", number);
    }
}

Status db_fail(Db *db, unsigned number, const char *text, const char *sql)
{
    MysqlOutcome outcome = mysql_outcome(number);

    (void)snprintf(db->error, sizeof db->error, "%s", text);
    log_failure(&outcome, number, sql);
    db->loss = outcome.loss;
    if (outcome.loss != MYSQL_KEPT) {
        db_drop(db);
    }
    /* After a deadlock the server has rolled back already: what came before is gone. */
    if (db->in_transaction &&
        (outcome.loss != MYSQL_KEPT || outcome.status.code == STATUS_ABORTED)) {
        db->doom = outcome.status;
    }
    return outcome.status;
}

bool db_may_repeat(const Db *db, int64_t started_us, bool reads)
{
    if (db->in_transaction || db->mysql != NULL) {
        return false;
    }
    /* A lost read that took long was a hanging server, not a connection idle too long. */
    return db->loss == MYSQL_REFUSED ||
           (db->loss == MYSQL_LOST && reads &&
            clock_monotonic_us(clock_system()) - started_us < REPEAT_WITHIN_US);
}
