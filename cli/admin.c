/* admin.c - a row in member_db.member, made and changed the way the member service does it:
 * an id from a leased node, an Argon2id hash, sessions that end with the old password. The
 * service also refuses common passwords; its list is out of reach (tests/arch/layers.txt). */
#include "cli/admin.h"

#include <string.h>
#include <strings.h>

#include "cli/greeting.h"
#include "cli/say.h"
#include "common/base/text.h"
#include "common/crypto/password.h"
#include "common/crypto/token.h"
#include "common/mysql/db.h"
#include "common/mysql/node_lease.h"

enum {
    LOGIN_MIN = 4,
    LOGIN_MAX = 50,
    PASSWORD_MIN = 8,
    PASSWORD_MAX = 128,
    NAME_MAX_POINTS = 100,
    LEASE_WAIT_S = 10,
};

static bool is_login(const char *text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t size = strlen(text);

    return size >= LOGIN_MIN && size <= LOGIN_MAX && strspn(text, letters) == size;
}

static bool check(const NewAdmin *admin)
{
    if (!is_login(admin->login)) {
        return complain("a login id has 4 to 50 of the letters A-Z a-z 0-9 . _ -");
    }
    if (!text_is_line(admin->password, PASSWORD_MIN, PASSWORD_MAX)) {
        return complain("a password has 8 to 128 characters and no control characters");
    }
    if (strcasecmp(admin->password, admin->login) == 0) {
        return complain("a password must not be the login id");
    }
    return text_is_line(admin->name, 1, NAME_MAX_POINTS) ||
           complain("a name has 1 to 100 characters");
}

static Status see_row(void *context, const DbRow *row)
{
    bool *there = context;

    (void)row;
    *there = true;
    return status_ok();
}

static bool is_taken(Db *db, const char *login, bool *ret_taken)
{
    DbValue param = db_text(login);
    bool taken = false;

    Status status =
        db_query(db, "SELECT 1 FROM member WHERE login_id = ?", &param, 1, see_row, &taken);
    if (status_failed(status)) {
        return complain("cannot look for the member %s: %s", login, db_error(db));
    }
    *ret_taken = taken;
    return true;
}

/* Waits for a node to be leased: no other process may make the same id. */
static bool make_id(const char *db_url, uint64_t *ret_id)
{
    NodeLease *lease = NULL;
    int64_t deadline_us = clock_monotonic_us(clock_system()) + LEASE_WAIT_S * US_PER_S;

    if (status_failed(node_lease_open(db_url, NODE_RANGE_MEMBER, clock_system(), &lease))) {
        return complain("cannot lease a node number in member_db");
    }
    while (!node_lease_is_held(lease) && clock_monotonic_us(clock_system()) < deadline_us) {
        greeting_pause();
    }
    bool good = id_source_next_small(node_lease_ids(lease), ret_id);
    node_lease_close(lease);
    return good || complain("no node number could be leased in member_db");
}

static bool insert(Db *db, const NewAdmin *admin, uint64_t id, const char *hash, bool *ret_taken)
{
    int64_t now_us = clock_wall_us(clock_system());
    DbValue params[] = { db_uint(id),          db_text(admin->login), db_text(hash),
                         db_text(admin->name), db_time(now_us),       db_time(now_us),
                         db_time(now_us) };

    Status status = db_execute(db,
                               "INSERT INTO member (member_id, login_id, password_hash, name, role,"
                               " sessions_valid_after, created_at, updated_at)"
                               " VALUES (?, ?, ?, ?, 'ADMIN', ?, ?, ?)",
                               params, sizeof params / sizeof params[0], NULL);
    *ret_taken = status.code == STATUS_ALREADY_EXISTS;
    return !status_failed(status) || *ret_taken ||
           complain("cannot make the admin %s: %s", admin->login, db_error(db));
}

static bool hash_password(const NewAdmin *admin, char ret_hash[PASSWORD_HASH_SIZE])
{
    return (crypto_init() && !status_failed(password_hash(admin->password, ret_hash))) ||
           complain("cannot hash the password");
}

static bool make(Db *db, const char *db_url, const NewAdmin *admin, bool *ret_taken)
{
    char hash[PASSWORD_HASH_SIZE];
    uint64_t id = 0;

    if (!is_taken(db, admin->login, ret_taken)) {
        return false;
    }
    if (*ret_taken) {
        return true;
    }
    return hash_password(admin, hash) && make_id(db_url, &id) &&
           insert(db, admin, id, hash, ret_taken);
}

/* A microsecond later than any session so far, as when members change their passwords. */
static bool reset(Db *db, const NewAdmin *admin, bool *ret_known)
{
    char hash[PASSWORD_HASH_SIZE];
    uint64_t changed = 0;

    if (!hash_password(admin, hash)) {
        return false;
    }
    DbValue params[] = { db_text(hash), db_time(clock_wall_us(clock_system())),
                         db_text(admin->login) };
    Status status = db_execute(db,
                               "UPDATE member SET password_hash = ?, status = 'ACTIVE',"
                               " sessions_valid_after = GREATEST(sessions_valid_after, ?)"
                               " + INTERVAL 1 MICROSECOND,"
                               " updated_at = UTC_TIMESTAMP(6), version = version + 1"
                               " WHERE login_id = ? AND role = 'ADMIN'",
                               params, sizeof params / sizeof params[0], &changed);
    *ret_known = changed > 0;
    return !status_failed(status) ||
           complain("cannot change the admin %s: %s", admin->login, db_error(db));
}

static bool open_database(const char *db_url, Db **ret_db)
{
    return !status_failed(db_open(db_url, ret_db)) || complain("the database's URL is wrong");
}

bool admin_make(const char *db_url, const NewAdmin *admin, bool *ret_taken)
{
    Db *db = NULL;

    if (!check(admin) || !open_database(db_url, &db)) {
        return false;
    }
    bool good = make(db, db_url, admin, ret_taken);
    db_close(db);
    return good;
}

bool admin_reset(const char *db_url, const NewAdmin *admin, bool *ret_known)
{
    Db *db = NULL;

    if (!check(admin) || !open_database(db_url, &db)) {
        return false;
    }
    bool good = reset(db, admin, ret_known);
    db_close(db);
    return good;
}
