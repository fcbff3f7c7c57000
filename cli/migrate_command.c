/* migrate_command.c - schemas first, then the users' rights on new tables. */
#include <argp.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/database.h"
#include "cli/engines.h"
#include "cli/instance.h"
#include "cli/say.h"

typedef struct MigrateOptions {
    const char *var;
    const char *db_url;
} MigrateOptions;

/* The users of a private instance get their rights on what is new. */
static bool migrate_instance(const char *var)
{
    char url[CLI_URL_MAX];
    Instance instance;

    if (!instance_find(var, &instance)) {
        return false;
    }
    mariadb_url(&instance, "root", instance.secrets.passwords[SECRET_ROOT], "", url);
    bool good = database_migrate(url, true) && database_make_users(url, &instance.secrets);
    explicit_bzero(url, sizeof url);
    instance_close(&instance);
    return good;
}

static const struct argp_option options[] = {
    { "var", 'v', "DIR", 0, "The folder of a running private instance (./var)", 0 },
    { "db-url", 'u', "URL", 0,
      "Another server: mysql://user:password@host:port/ of a user who may create schemas. Users "
      "and "
      "their rights are then up to you",
      0 },
    { 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    MigrateOptions *migrate = state->input;

    switch (key) {
    case 'v':
        migrate->var = argument;
        return 0;
    case 'u':
        migrate->db_url = argument;
        return 0;
    case ARGP_KEY_ARG:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int migrate_command(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Brings member_db, product_db, order_db, payment_db and provider_db to the version "
               "that this release's services know. Safe to repeat."
    };
    MigrateOptions migrate = { .var = standard_var() };

    if (argp_parse(&argp, argc, argv, 0, NULL, &migrate) != 0) {
        return EXIT_MISUSED;
    }
    bool good = migrate.db_url == NULL ? migrate_instance(migrate.var)
                                       : database_migrate(migrate.db_url, true);
    return good ? EXIT_DONE : EXIT_FAILED;
}
