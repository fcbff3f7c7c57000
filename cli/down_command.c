/* down_command.c - asks the holder of an instance to stop, and waits until it has. */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/greeting.h"
#include "cli/instance.h"
#include "cli/say.h"
#include "common/base/clock.h"

enum {
    WAIT_S = 180,
    EXIT_PAUSES_MAX = 25
};

static bool ask_to_stop(pid_t holder)
{
    return kill(holder, SIGTERM) == 0 || errno == ESRCH ||
           complain("cannot stop process %d: %s", (int)holder, strerror(errno));
}

static int stop(const Instance *instance)
{
    int64_t deadline_us = clock_monotonic_us(clock_system()) + WAIT_S * US_PER_S;
    pid_t holder = instance_holder(instance);
    pid_t asked = 0;

    if (holder == 0) {
        say("nothing runs in %s", instance->var);
        return EXIT_DONE;
    }
    /* `up --detach` hands over to its copy: who holds the instance next is asked, too. */
    for (; holder != 0; holder = instance_holder(instance)) {
        if (holder != asked && !ask_to_stop(holder)) {
            return EXIT_FAILED;
        }
        asked = holder;
        if (clock_monotonic_us(clock_system()) > deadline_us) {
            (void)complain("process %d does not end; see %s/log", (int)holder, instance->var);
            return EXIT_FAILED;
        }
        greeting_pause();
    }
    /* It has let go and is about to be gone; a zombie is for its parent to bury. */
    for (int i = 0; i < EXIT_PAUSES_MAX && kill(asked, 0) == 0; i++) {
        greeting_pause();
    }
    say("stopped");
    return EXIT_DONE;
}

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

int down_command(int argc, char **argv)
{
    static const struct argp argp = { .options = options,
                                      .parser = parse,
                                      .doc = "Stops what runs in an instance's folder." };
    const char *var = standard_var();
    Instance instance;
    int code = EXIT_FAILED;

    if (argp_parse(&argp, argc, argv, 0, NULL, &var) != 0) {
        return EXIT_MISUSED;
    }
    if (instance_find(var, &instance)) {
        code = stop(&instance);
        instance_close(&instance);
    }
    return code;
}
