/* state.c - var/state.json. */
#include "cli/state.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/engines.h"
#include "cli/say.h"
#include "cli/services.h"

static const struct {
    const char *name;
    PortName port;
} engines[] = {
    { ENGINE_MARIADB, PORT_MARIADB },
    { ENGINE_REDIS, PORT_REDIS },
    { ENGINE_RABBITMQ, PORT_RABBITMQ },
};

/* Appends a child's entry to the list, if there is such a child. */
static void add_entry(json_t *list, const Supervisor *supervisor, const char *name, const char *key,
                      const char *scheme, uint16_t port)
{
    char address[64];
    pid_t pid = supervisor_pid(supervisor, name);

    if (pid < 0) {
        return;
    }
    (void)snprintf(address, sizeof address, "%s127.0.0.1:%u", scheme, (unsigned)port);
    (void)json_array_append_new(
        list, json_pack("{s:s, s:i, s:s}", "name", name, "pid", (int)pid, key, address));
}

bool state_write(const Instance *instance, const Supervisor *supervisor)
{
    char path[CLI_PATH_MAX];
    char url[CLI_URL_MAX];
    json_t *service_list = json_array();
    json_t *engine_list = json_array();

    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        add_entry(service_list, supervisor, service_programs[i].name, "ops", "http://",
                  instance->ports.numbers[service_programs[i].ops]);
    }
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        add_entry(engine_list, supervisor, engines[i].name, "address", "",
                  instance->ports.numbers[engines[i].port]);
    }
    instance_url(instance, url);
    json_t *state = json_pack("{s:s, s:s, s:s, s:o, s:o}", "url", url, "adminLogin", ADMIN_LOGIN,
                              "adminPasswordFile", instance->secrets.admin_password_path,
                              "services", service_list, "engines", engine_list);
    char *text = json_dumps(state, JSON_INDENT(2));
    json_decref(state);
    bool good = text != NULL && path_join(path, instance->var, "state.json") &&
                private_file_write(path, text);
    free(text);
    return good;
}

json_t *state_read(const Instance *instance)
{
    char path[CLI_PATH_MAX];
    json_error_t error;

    if (!path_join(path, instance->var, "state.json")) {
        return NULL;
    }
    json_t *state = json_load_file(path, 0, &error);
    if (state == NULL) {
        (void)complain("cannot read %s: %s", path, error.text);
    }
    return state;
}
