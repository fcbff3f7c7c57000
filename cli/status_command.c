/* status_command.c - what runs in an instance, for people or as JSON. */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/instance.h"
#include "cli/say.h"
#include "cli/services.h"
#include "cli/state.h"

typedef struct StatusOptions {
    const char *var;
    bool json;
} StatusOptions;

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static bool ask_ready(const Instance *instance, const char *name)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        if (strcmp(service_programs[i].name, name) == 0) {
            return service_is_ready(instance, &service_programs[i]);
        }
    }
    return false;
}

static const char *state_of(const Instance *instance, const json_t *entry, const char *key)
{
    if (json_integer_value(json_object_get(entry, "pid")) == 0) {
        return "down";
    }
    if (strcmp(key, "ops") != 0) {
        return "up";
    }
    return ask_ready(instance, text_of(entry, "name")) ? "ready" : "not ready";
}

/* True if all of them are well; prints a row of the table for each entry. */
static bool judge_entries(const Instance *instance, const json_t *entries, const char *key,
                          bool prints)
{
    size_t index;
    json_t *entry;
    bool all_well = true;

    json_array_foreach(entries, index, entry)
    {
        const char *state = state_of(instance, entry, key);

        all_well = all_well && (strcmp(state, "ready") == 0 || strcmp(state, "up") == 0);
        if (prints) {
            say("  %-9s %7d  %-26s %s", text_of(entry, "name"),
                (int)json_integer_value(json_object_get(entry, "pid")), text_of(entry, key), state);
        }
    }
    return all_well;
}

static int judge(const Instance *instance, const json_t *state, bool prints)
{
    bool services = judge_entries(instance, json_object_get(state, "services"), "ops", prints);
    bool engines = judge_entries(instance, json_object_get(state, "engines"), "address", prints);
    return services && engines ? EXIT_DONE : EXIT_FAILED;
}

static int print_text(const Instance *instance, const json_t *state, pid_t holder)
{
    say("jumun at %s, admin \"%s\", password in %s; supervisor %d", text_of(state, "url"),
        text_of(state, "adminLogin"), text_of(state, "adminPasswordFile"), (int)holder);
    return judge(instance, state, true);
}

static bool print_json(const json_t *state)
{
    char *text = json_dumps(state, JSON_INDENT(2));

    if (text == NULL) {
        return false;
    }
    say("%s", text);
    free(text);
    return true;
}

static int print_nothing(const Instance *instance, bool as_json)
{
    if (!as_json) {
        say("nothing runs in %s", instance->var);
        return EXIT_FAILED;
    }
    json_t *state = json_pack("{s:n, s:s, s:s, s:[], s:[]}", "url", "adminLogin", ADMIN_LOGIN,
                              "adminPasswordFile", instance->secrets.admin_password_path,
                              "services", "engines");
    (void)print_json(state);
    json_decref(state);
    return EXIT_FAILED;
}

static int print_status(const Instance *instance, bool as_json)
{
    pid_t holder = instance_holder(instance);

    if (holder == 0) {
        return print_nothing(instance, as_json);
    }
    json_t *state = state_read(instance);
    if (state == NULL) {
        return EXIT_FAILED;
    }
    int code = EXIT_FAILED;
    if (!as_json) {
        code = print_text(instance, state, holder);
    } else if (print_json(state)) {
        code = judge(instance, state, false);
    }
    json_decref(state);
    return code;
}

static const struct argp_option options[] = {
    { "json", 'j', NULL, 0, "As JSON, for programs", 0 },
    { "var", 'v', "DIR", 0, "The folder of the instance (./var)", 0 },
    { 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    StatusOptions *status = state->input;

    switch (key) {
    case 'j':
        status->json = true;
        return 0;
    case 'v':
        status->var = argument;
        return 0;
    case ARGP_KEY_ARG:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int status_command(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Tells what runs. Exit code 1 if nothing does, or a part is not well."
    };
    StatusOptions status = { .var = standard_var() };
    Instance instance;
    int code = EXIT_FAILED;

    if (argp_parse(&argp, argc, argv, 0, NULL, &status) != 0) {
        return EXIT_MISUSED;
    }
    if (instance_find(status.var, &instance)) {
        code = print_status(&instance, status.json);
        instance_close(&instance);
    }
    return code;
}
