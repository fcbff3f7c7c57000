/* main.c - jumun, the operator's command: which word was given, and who does it. */
#include <argp.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "common/runtime/log.h"

static const struct {
    const char *word;
    int (*run)(int argc, char **argv);
} commands[] = {
    { "up", up_command },           { "down", down_command },   { "status", status_command },
    { "migrate", migrate_command }, { "admin", admin_command }, { "demo", demo_command },
};

static const char summary[] =
    "Runs and looks after jumun, an order backend.\v"
    "Commands:\n"
    "  up             start engines and services under ./var, play an order, stay\n"
    "  down           stop what `up --detach` has started\n"
    "  status         what runs, and where\n"
    "  migrate        bring the schemas to this program's version\n"
    "  admin create   make an administrator, or set a new password\n"
    "  demo           play one more order\n"
    "\n"
    "`jumun COMMAND --help` tells more. Exit codes: 0 done, 1 failed, 2 called wrongly.";

const char *argp_program_version = "jumun " JUMUN_VERSION;

const char *standard_var(void)
{
    const char *var = getenv("JUMUN_CLI_VAR");
    return var == NULL || var[0] == '\0' ? "var" : var;
}

/* Runs the command whose word is argv[0]; its name becomes "jumun <word>". */
static int run_command(int argc, char **argv)
{
    char name[32];

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[0], commands[i].word) == 0) {
            (void)snprintf(name, sizeof name, "jumun %s", argv[0]);
            argv[0] = name;
            return commands[i].run(argc, argv);
        }
    }
    (void)fprintf(stderr, "jumun: there is no command \"%s\"; see jumun --help\n", argv[0]);
    return EXIT_MISUSED;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    int *code = state->input;

    (void)argument;
    switch (key) {
    case ARGP_KEY_ARG:
        *code = run_command(state->argc - state->next + 1, &state->argv[state->next - 1]);
        state->next = state->argc; /* the rest was the command's */
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp argp = { .parser = parse, .args_doc = "COMMAND ...", .doc = summary };
    int code = EXIT_MISUSED;

    (void)setlocale(LC_CTYPE, "C.UTF-8");
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    log_open("jumun", LOG_ERROR); /* the libraries' errors; ours are for people */
    argp_err_exit_status = EXIT_MISUSED;
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &code) != 0) {
        code = EXIT_MISUSED;
    }
    return code;
}
