/* demo_command.c - one more order in a running instance. */
#include <argp.h>

#include "cli/commands.h"
#include "cli/demo.h"
#include "cli/instance.h"
#include "cli/say.h"

static const struct argp_option options[] = {
    { "var", 'v', "DIR", 0, "The folder of the instance (./var)", 0 },
    { 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    const char **var = state->input;

    switch (key) {
    case 'v':
        *var = argument;
        return 0;
    case ARGP_KEY_ARG:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int demo_command(int argc, char **argv)
{
    static const struct argp argp = { .options = options,
                                      .parser = parse,
                                      .doc = "Plays one order to COMPLETED and prints its "
                                             "timeline." };
    const char *var = standard_var();
    Instance instance;
    int code = EXIT_FAILED;

    if (argp_parse(&argp, argc, argv, 0, NULL, &var) != 0) {
        return EXIT_MISUSED;
    }
    if (instance_find(var, &instance)) {
        if (demo_play(&instance)) {
            code = EXIT_DONE;
            demo_print_commands(&instance);
        }
        instance_close(&instance);
    }
    return code;
}
