/* admin_command.c - `jumun admin create`: a new admin, or a new password for one who is
 * there. A password comes from a file or from standard input, never from the command line,
 * where everybody could read it. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/engines.h"
#include "cli/instance.h"
#include "cli/say.h"

enum {
    PASSWORD_SIZE = 600 /* 128 characters of up to four bytes, and more */
};

typedef struct AdminOptions {
    const char *var;
    const char *db_url;
    const char *login;
    const char *name;
    const char *password_file; /* NULL: make one */
    bool create;
} AdminOptions;

static bool read_password(const char *path, char *ret_password)
{
    if (strcmp(path, "-") != 0) {
        return private_file_read_line(path, ret_password, PASSWORD_SIZE) ||
               complain("cannot read a password from %s", path);
    }
    if (fgets(ret_password, PASSWORD_SIZE, stdin) == NULL) {
        return complain("no password came on standard input");
    }
    ret_password[strcspn(ret_password, "\r\n")] = '\0';
    return true;
}

static bool find_database(const AdminOptions *options, char ret_url[CLI_URL_MAX])
{
    Instance instance;

    if (options->db_url != NULL) {
        (void)snprintf(ret_url, CLI_URL_MAX, "%s", options->db_url);
        return true;
    }
    if (!instance_find(options->var, &instance)) {
        return false;
    }
    mariadb_url(&instance, "member", instance.secrets.passwords[SECRET_MEMBER], "member_db",
                ret_url);
    instance_close(&instance);
    return true;
}

/* Tells what was done; the password only if nobody else knows it. */
static bool make_or_reset(const AdminOptions *options, const char *url, const char *password)
{
    NewAdmin admin = { .login = options->login, .password = password, .name = options->name };
    bool taken = false;
    bool known = true;

    if (!admin_make(url, &admin, &taken) || (taken && !admin_reset(url, &admin, &known))) {
        return false;
    }
    if (!known) {
        return complain("the login id %s is taken by a member", options->login);
    }
    const char *done = taken ? "reset" : "made";
    if (options->password_file == NULL) {
        say("admin %s %s; password: %s", options->login, done, password);
    } else {
        say("admin %s %s", options->login, done);
    }
    return true;
}

static bool create(const AdminOptions *options)
{
    char url[CLI_URL_MAX];
    char password[PASSWORD_SIZE];

    bool got = options->password_file == NULL ? secret_make(password, SECRET_SIZE)
                                              : read_password(options->password_file, password);
    if (!got || !find_database(options, url)) {
        return false;
    }
    bool good = make_or_reset(options, url, password);
    explicit_bzero(password, sizeof password);
    explicit_bzero(url, sizeof url);
    return good;
}

static const struct argp_option options[] = {
    { "login", 'l', "ID", 0, "The login id, required", 0 },
    { "name", 'n', "NAME", 0, "The name (Administrator)", 0 },
    { "password-file", 'f', "FILE", 0,
      "The password is this file's first line; - is standard input. Without it one is made and "
      "printed",
      0 },
    { "var", 'v', "DIR", 0, "The folder of a running private instance (./var)", 0 },
    { "db-url", 'u', "URL", 0, "Another server: mysql://user:password@host:port/member_db", 0 },
    { 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    AdminOptions *admin = state->input;

    switch (key) {
    case 'l':
        admin->login = argument;
        return 0;
    case 'n':
        admin->name = argument;
        return 0;
    case 'f':
        admin->password_file = argument;
        return 0;
    case 'v':
        admin->var = argument;
        return 0;
    case 'u':
        admin->db_url = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0 || strcmp(argument, "create") != 0) {
            argp_usage(state);
        }
        admin->create = true;
        return 0;
    case ARGP_KEY_END:
        if (!admin->create || admin->login == NULL) {
            argp_usage(state);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int admin_command(int argc, char **argv)
{
    static const struct argp argp = { .options = options,
                                      .parser = parse,
                                      .args_doc = "create --login=ID",
                                      .doc = "Makes a member with the role of an administrator. An "
                                             "administrator who is there gets a new password, and "
                                             "all sessions of the account end." };
    AdminOptions admin = { .var = standard_var(), .name = "Administrator" };

    if (argp_parse(&argp, argc, argv, 0, NULL, &admin) != 0) {
        return EXIT_MISUSED;
    }
    return create(&admin) ? EXIT_DONE : EXIT_FAILED;
}
