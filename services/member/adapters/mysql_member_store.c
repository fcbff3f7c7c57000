/* mysql_member_store.c - every statement reads or writes by a key. */
#include "services/member/adapters/mysql_member_store.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/mysql/migrate.h"

#define MEMBER_COLUMNS                                                                             \
    "member_id, login_id, name, password_hash, role, status, sessions_valid_after, created_at, "   \
    "version"

static const char append_sql[] =
    "INSERT INTO member (" MEMBER_COLUMNS ", updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char find_by_login_sql[] = "SELECT " MEMBER_COLUMNS " FROM member WHERE login_id = ?";
static const char find_sql[] = "SELECT " MEMBER_COLUMNS " FROM member WHERE member_id IN ({?|,})";
static const char find_ended_sql[] = "SELECT session FROM ended_session WHERE session IN ({?|,})";
static const char update_sql[] =
    "UPDATE member SET name = ?, password_hash = ?, role = ?, status = ?, "
    "sessions_valid_after = ?, updated_at = UTC_TIMESTAMP(6), version = version + 1 "
    "WHERE member_id = ? AND version = ?";
static const char append_ended_sql[] = "INSERT INTO ended_session (session, ended_at) "
                                       "VALUES (?, ?) ON DUPLICATE KEY UPDATE ended_at = ended_at";
static const char purge_ended_sql[] = "DELETE FROM ended_session WHERE ended_at < ? LIMIT 1000";
static const char ping_sql[] = "SELECT 1";

static_assert(ENDED_PURGE_MAX == 1000, "as in purge_ended_sql");
static_assert((int)ENDED_APPEND_MAX <= (int)DB_ROWS_MAX, "one bulk execute");
static_assert((int)MEMBERS_FIND_MAX <= (int)DB_PARAMS_MAX, "one query");

static const char *role_text(MemberRole role)
{
    return role == MEMBER_ROLE_ADMIN ? "ADMIN" : "MEMBER";
}

static const char *status_text(MemberStatus status)
{
    return status == MEMBER_ACTIVE ? "ACTIVE" : "DISABLED";
}

static Status know_schema(MysqlMemberStore *store)
{
    if (!store->schema_is_known) {
        Status status = migrate_check(store->db, MEMBER_SCHEMA_VERSION);
        if (status_failed(status)) {
            return status;
        }
        store->schema_is_known = true;
    }
    return status_ok();
}

/* Every read goes this way; db_query asks again by itself when a connection was lost. */
static Status query(MysqlMemberStore *store, const char *sql, const DbValue *params, size_t count,
                    DbRowRun *run, void *context)
{
    Status status = know_schema(store);

    return status_failed(status) ? status : db_query(store->db, sql, params, count, run, context);
}

static void read_text(const DbRow *row, unsigned column, char *ret_text, size_t size)
{
    int length = snprintf(ret_text, size, "%s", db_row_text(row, column));

    assert(length >= 0 && (size_t)length < size); /* the columns are no wider */
    (void)length;
}

static void read_member(const DbRow *row, Member *ret_member)
{
    Member *member = ret_member;

    member->id = (MemberId){ db_row_uint(row, 0) };
    read_text(row, 1, member->login_id, sizeof member->login_id);
    read_text(row, 2, member->name, sizeof member->name);
    read_text(row, 3, member->password_hash, sizeof member->password_hash);
    member->role =
        strcmp(db_row_text(row, 4), "ADMIN") == 0 ? MEMBER_ROLE_ADMIN : MEMBER_ROLE_MEMBER;
    member->status = strcmp(db_row_text(row, 5), "ACTIVE") == 0 ? MEMBER_ACTIVE : MEMBER_DISABLED;
    member->sessions_valid_after_us = db_row_time(row, 6);
    member->created_at_us = db_row_time(row, 7);
    member->version = db_row_uint(row, 8);
}

static Status append(MemberStore *base, const Member *member)
{
    MysqlMemberStore *store = (MysqlMemberStore *)base;
    const DbValue values[] = {
        db_uint(member->id.value),
        db_text(member->login_id),
        db_text(member->name),
        db_text(member->password_hash),
        db_text(role_text(member->role)),
        db_text(status_text(member->status)),
        db_time(member->sessions_valid_after_us),
        db_time(member->created_at_us),
        db_uint(member->version),
        db_time(member->created_at_us),
    };
    Status status = know_schema(store);

    if (!status_failed(status)) {
        status = db_execute(store->db, append_sql, values, sizeof values / sizeof values[0], NULL);
    }
    return status;
}

typedef struct FindOne {
    Member *member;
    bool found;
} FindOne;

static Status on_one(void *context, const DbRow *row)
{
    FindOne *find = context;

    read_member(row, find->member);
    find->found = true;
    return status_ok();
}

static Status find_by_login(MemberStore *base, const char *login_id, Member *ret_member)
{
    Member member;
    FindOne find = { .member = &member, .found = false };
    const DbValue values[] = { db_text(login_id) };
    Status status = query((MysqlMemberStore *)base, find_by_login_sql, values, 1, on_one, &find);

    if (status_failed(status)) {
        return status;
    }
    if (!find.found) {
        return status_make(STATUS_NOT_FOUND, "MEMBER_NOT_FOUND");
    }
    *ret_member = member;
    return status_ok();
}

typedef struct FindMany {
    MemberQuery *const *queries;
    size_t count;
} FindMany;

static Status on_member(void *context, const DbRow *row)
{
    FindMany *find = context;
    uint64_t id = db_row_uint(row, 0);

    for (size_t i = 0; i < find->count; i++) {
        if (find->queries[i]->id.value == id) {
            read_member(row, &find->queries[i]->member);
            find->queries[i]->found = true;
        }
    }
    return status_ok();
}

static Status on_ended(void *context, const DbRow *row)
{
    FindMany *find = context;
    size_t size = 0;
    const void *session = db_row_bytes(row, 0, &size);

    assert(size == SESSION_HASH_SIZE);
    for (size_t i = 0; i < find->count; i++) {
        MemberQuery *asked = find->queries[i];

        if (asked->session != NULL && memcmp(asked->session, session, SESSION_HASH_SIZE) == 0) {
            asked->session_ended = true;
        }
    }
    return status_ok();
}

static Status find(MemberStore *base, MemberQuery *const *queries, size_t count)
{
    MysqlMemberStore *store = (MysqlMemberStore *)base;
    FindMany context = { queries, count };
    DbValue ids[MEMBERS_FIND_MAX];
    DbValue sessions[MEMBERS_FIND_MAX];
    size_t session_count = 0;

    assert(count > 0 && count <= MEMBERS_FIND_MAX);
    for (size_t i = 0; i < count; i++) {
        queries[i]->found = false;
        queries[i]->session_ended = false;
        ids[i] = db_uint(queries[i]->id.value);
        if (queries[i]->session != NULL) {
            sessions[session_count++] = db_bytes(queries[i]->session, SESSION_HASH_SIZE);
        }
    }
    Status status = query(store, find_sql, ids, count, on_member, &context);
    if (!status_failed(status) && session_count > 0) {
        status = query(store, find_ended_sql, sessions, session_count, on_ended, &context);
    }
    return status;
}

static Status update(MemberStore *base, const Member *member)
{
    MysqlMemberStore *store = (MysqlMemberStore *)base;
    uint64_t affected = 0;
    const DbValue values[] = {
        db_text(member->name),
        db_text(member->password_hash),
        db_text(role_text(member->role)),
        db_text(status_text(member->status)),
        db_time(member->sessions_valid_after_us),
        db_uint(member->id.value),
        db_uint(member->version),
    };
    Status status = know_schema(store);

    if (!status_failed(status)) {
        status =
            db_execute(store->db, update_sql, values, sizeof values / sizeof values[0], &affected);
    }
    if (!status_failed(status) && affected == 0) {
        status = status_make(STATUS_ABORTED, "VERSION_CHANGED");
    }
    return status;
}

typedef struct EndedRows {
    const char *sessions[ENDED_APPEND_MAX];
    size_t sizes[ENDED_APPEND_MAX];
    int64_t times[ENDED_APPEND_MAX];
    size_t count;
} EndedRows;

static Status insert_ended(void *context, Db *db)
{
    const EndedRows *rows = context;
    const DbColumn columns[] = {
        { .type = DB_BYTES, .values = rows->sessions, .sizes = rows->sizes },
        { .type = DB_TIME, .values = rows->times },
    };

    return db_execute_bulk(db, append_ended_sql, columns, 2, rows->count, NULL);
}

static Status append_ended(MemberStore *base, const uint8_t *const *sessions, size_t count,
                           int64_t at_us)
{
    MysqlMemberStore *store = (MysqlMemberStore *)base;
    EndedRows rows = { .count = count };
    Status status = know_schema(store);

    assert(count > 0 && count <= ENDED_APPEND_MAX);
    for (size_t i = 0; i < count; i++) {
        rows.sessions[i] = (const char *)sessions[i];
        rows.sizes[i] = SESSION_HASH_SIZE;
        rows.times[i] = at_us;
    }
    return status_failed(status) ? status : db_transact(store->db, insert_ended, &rows);
}

static Status purge_ended(MemberStore *base, int64_t before_us, uint64_t *ret_purged)
{
    MysqlMemberStore *store = (MysqlMemberStore *)base;
    const DbValue values[] = { db_time(before_us) };
    Status status = know_schema(store);

    if (!status_failed(status)) {
        status = db_execute(store->db, purge_ended_sql, values, 1, ret_purged);
    }
    return status;
}

static const MemberStoreOps ops = {
    .append = append,
    .find_by_login = find_by_login,
    .find = find,
    .update = update,
    .append_ended = append_ended,
    .purge_ended = purge_ended,
};

void mysql_member_store_init(MysqlMemberStore *store, Db *db)
{
    *store = (MysqlMemberStore){ .base = { .ops = &ops }, .db = db };
}

static Status ignore_row(void *context, const DbRow *row)
{
    (void)context;
    (void)row;
    return status_ok();
}

Status mysql_member_store_check(MysqlMemberStore *store)
{
    return query(store, ping_sql, NULL, 0, ignore_row, NULL);
}
