/* database.c - SQL that only an administrator runs. Names in it are constants of this
 * program; passwords are hex. */
#include "cli/database.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/migrations.h"
#include "cli/say.h"
#include "common/mysql/db.h"

enum {
    SCRIPT_MAX = 16 * 1024
};

typedef struct User {
    const char *name;
    SecretName secret;
    const char *schema; /* whose every table it uses; NULL: see its own rule */
} User;

static const User users[] = {
    { "member", SECRET_MEMBER, "member_db" },       { "product", SECRET_PRODUCT, "product_db" },
    { "order", SECRET_ORDER, "order_db" },          { "payment", SECRET_PAYMENT, "payment_db" },
    { "provider", SECRET_PROVIDER, "provider_db" }, { "relay", SECRET_RELAY, NULL },
    { "jumun_audit", SECRET_AUDIT, NULL },
};

/* Tables of which a service may not do everything with rows. */
static const struct {
    const char *table;
    const char *rights;
} limited_tables[] = {
    { "orders_event", "SELECT, INSERT" },
    { "stock_ledger", "SELECT, INSERT" },
    { "schema_migration", "SELECT" },
    { "schema_migration_lock", "SELECT" },
};

/* What the relay may do, in each schema that has these tables. */
static const struct {
    const char *table;
    const char *rights;
} relay_tables[] = {
    { "outbox", "SELECT, DELETE" },
    { "relay_lease", "SELECT, INSERT, UPDATE" },
    { "schema_migration", "SELECT" },
};

static const char *const relayed_schemas[] = { "order_db", "product_db", "payment_db" };

typedef struct Script {
    char text[SCRIPT_MAX];
    size_t size;
} Script;

__attribute__((format(printf, 2, 3))) static void add(Script *script, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(&script->text[script->size], sizeof script->text - script->size, format,
                           arguments);
    va_end(arguments);
    assert(length >= 0 && (size_t)length < sizeof script->text - script->size);
    script->size += (size_t)length;
}

static bool run(Db *db, const char *script, const char *what)
{
    Status status = db_run_script(db, script);

    return !status_failed(status) || complain("cannot %s: %s", what, db_error(db));
}

/* The URL with another schema. */
static bool url_of_schema(const char *url, const char *schema, char ret_url[CLI_URL_MAX])
{
    const char *scheme_end = strstr(url, "://");
    const char *slash = scheme_end == NULL ? NULL : strchr(scheme_end + 3, '/');
    const char *query = strchr(url, '?');
    size_t size = slash == NULL ? strcspn(url, "?") : (size_t)(slash - url);

    int length = snprintf(ret_url, CLI_URL_MAX, "%.*s/%s%s", (int)size, url, schema,
                          query == NULL ? "" : query);
    return (length >= 0 && length < CLI_URL_MAX) || complain("the database's URL is too long");
}

static bool open_schema(const char *url, const char *schema, Db **ret_db)
{
    char schema_url[CLI_URL_MAX];

    if (!url_of_schema(url, schema, schema_url)) {
        return false;
    }
    Status status = db_open(schema_url, ret_db);
    explicit_bzero(schema_url, sizeof schema_url);
    return !status_failed(status) || complain("the database's URL is wrong");
}

static bool make_schemas(const char *url)
{
    Script script = { .size = 0 };
    Db *db = NULL;

    if (!open_schema(url, "", &db)) {
        return false;
    }
    for (size_t i = 0; i < schema_scripts_count; i++) {
        add(&script,
            "CREATE DATABASE IF NOT EXISTS `%s` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n",
            schema_scripts[i].schema);
    }
    bool good = run(db, script.text, "make the schemas");
    db_close(db);
    return good;
}

static bool migrate_schema(const char *url, const SchemaScripts *scripts, bool tell)
{
    Db *db = NULL;
    size_t applied = 0;

    if (!open_schema(url, scripts->schema, &db)) {
        return false;
    }
    Status status = migrate_up(db, scripts->migrations, scripts->count, &applied);
    if (status_failed(status)) {
        (void)complain("cannot migrate %s: %s %s", scripts->schema, status.name, db_error(db));
    } else if (tell) {
        say("%-12s version %zu, %zu applied", scripts->schema, scripts->count, applied);
    }
    db_close(db);
    return !status_failed(status);
}

bool database_migrate(const char *url, bool tell)
{
    bool good = make_schemas(url);

    for (size_t i = 0; good && i < schema_scripts_count; i++) {
        good = migrate_schema(url, &schema_scripts[i], tell);
    }
    return good;
}

static void add_grant(Script *script, const char *rights, const char *schema, const char *table,
                      const char *user)
{
    /* By name for TCP, by "localhost" for the socket. */
    add(script, "GRANT %s ON `%s`.`%s` TO '%s'@'127.0.0.1', '%s'@'localhost';\n", rights, schema,
        table, user, user);
}

/* One table of a schema at a time; the user of the schema gets its rights on it. */
typedef struct Granting {
    Script script;
    const User *user;
} Granting;

static Status grant_table(void *context, const DbRow *row)
{
    Granting *granting = context;
    const char *table = db_row_text(row, 0);
    const char *rights = "SELECT, INSERT, UPDATE, DELETE";

    for (size_t i = 0; i < sizeof limited_tables / sizeof limited_tables[0]; i++) {
        if (strcmp(table, limited_tables[i].table) == 0) {
            rights = limited_tables[i].rights;
        }
    }
    add_grant(&granting->script, rights, granting->user->schema, table, granting->user->name);
    return status_ok();
}

static bool grant_schema(Db *db, const User *user)
{
    Granting granting = { .user = user };
    DbValue schema = db_text(user->schema);

    Status status = db_query(db,
                             "SELECT table_name FROM information_schema.tables"
                             " WHERE table_schema = ? AND table_type = 'BASE TABLE'",
                             &schema, 1, grant_table, &granting);
    if (status_failed(status)) {
        return complain("cannot list the tables of %s: %s", user->schema, db_error(db));
    }
    return granting.script.size == 0 || run(db, granting.script.text, "grant rights");
}

static Status see_table(void *context, const DbRow *row)
{
    bool *there = context;

    (void)row;
    *there = true;
    return status_ok();
}

/* Does nothing where the table is missing: a service may not have it yet. */
static bool grant_relay_table(Db *db, const char *schema, const char *table, const char *rights)
{
    Script script = { .size = 0 };
    DbValue params[] = { db_text(schema), db_text(table) };
    bool there = false;

    Status status = db_query(db,
                             "SELECT 1 FROM information_schema.tables"
                             " WHERE table_schema = ? AND table_name = ?",
                             params, 2, see_table, &there);
    if (status_failed(status)) {
        return complain("cannot look for %s.%s: %s", schema, table, db_error(db));
    }
    if (!there) {
        return true;
    }
    add_grant(&script, rights, schema, table, "relay");
    return run(db, script.text, "grant the relay's rights");
}

static bool grant_relay(Db *db)
{
    bool good = true;

    for (size_t i = 0; i < sizeof relayed_schemas / sizeof relayed_schemas[0]; i++) {
        for (size_t j = 0; good && j < sizeof relay_tables / sizeof relay_tables[0]; j++) {
            good = grant_relay_table(db, relayed_schemas[i], relay_tables[j].table,
                                     relay_tables[j].rights);
        }
    }
    return good;
}

static bool make_accounts(Db *db, const Secrets *secrets)
{
    Script script = { .size = 0 };

    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
        const char *name = users[i].name;
        const char *password = secrets->passwords[users[i].secret];

        add(&script, "CREATE USER IF NOT EXISTS '%s'@'127.0.0.1', '%s'@'localhost';\n", name, name);
        add(&script,
            "ALTER USER '%s'@'127.0.0.1' IDENTIFIED BY '%s', '%s'@'localhost' IDENTIFIED BY "
            "'%s';\n",
            name, password, name, password);
    }
    for (size_t i = 0; i < schema_scripts_count; i++) {
        add(&script,
            "GRANT SELECT ON `%s`.* TO 'jumun_audit'@'127.0.0.1', "
            "'jumun_audit'@'localhost';\n",
            schema_scripts[i].schema);
    }
    bool good = run(db, script.text, "make the database's users");
    explicit_bzero(&script, sizeof script);
    return good;
}

bool database_make_users(const char *url, const Secrets *secrets)
{
    Db *db = NULL;

    if (!open_schema(url, "", &db)) {
        return false;
    }
    bool good = make_accounts(db, secrets);
    for (size_t i = 0; good && i < sizeof users / sizeof users[0]; i++) {
        good = users[i].schema == NULL || grant_schema(db, &users[i]);
    }
    good = good && grant_relay(db);
    db_close(db);
    return good;
}
