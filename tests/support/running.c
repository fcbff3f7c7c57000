#include "tests/support/running.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
    STATUS_TEXT_MAX = 64 * 1024,
    PATH_SIZE = 512
};

static Status not_running(const char *what)
{
    (void)fprintf(stderr, "jumun status: %s\n", what);
    return status_make(STATUS_NOT_FOUND, "NOT_RUNNING");
}

static json_t *ask_status(const char *bin, const char *var)
{
    char command[2 * PATH_SIZE];
    char *text = malloc(STATUS_TEXT_MAX);
    json_t *json = NULL;

    (void)snprintf(command, sizeof command, "exec '%s/jumun' status --json --var '%s'", bin, var);
    FILE *pipe = text == NULL ? NULL : popen(command, "re");
    if (pipe != NULL) {
        size_t size = fread(text, 1, STATUS_TEXT_MAX, pipe);
        if (pclose(pipe) == 0) {
            json = json_loadb(text, size, 0, NULL);
        }
    }
    free(text);
    return json;
}

static void copy_text(char *to, size_t size, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    (void)snprintf(to, size, "%s", text == NULL ? "" : text);
}

static void add_processes(const json_t *list, Running *running)
{
    size_t i;
    const json_t *item;

    json_array_foreach(list, i, item)
    {
        if (running->process_count < RUNNING_PROCESSES_MAX) {
            RunningProcess *process = &running->processes[running->process_count++];
            copy_text(process->name, sizeof process->name, item, "name");
            copy_text(process->ops, sizeof process->ops, item, "ops");
            process->pid = (pid_t)json_integer_value(json_object_get(item, "pid"));
        }
    }
}

/* The first line of a file, or the rest of the line that begins with `prefix`. */
static bool read_line(const char *path, const char *prefix, char *ret_text, size_t size)
{
    char line[PATH_SIZE];
    bool found = false;
    FILE *file = fopen(path, "re");

    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, prefix, strlen(prefix)) == 0) {
            (void)snprintf(ret_text, size, "%s", line + strlen(prefix));
            found = true;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

static bool find_audit_url(const json_t *engines, const char *var, Running *running)
{
    char path[PATH_SIZE];
    char password[PATH_SIZE];
    size_t i;
    const json_t *engine;

    (void)snprintf(path, sizeof path, "%s/secrets/passwords", var);
    if (!read_line(path, "jumun_audit ", password, sizeof password)) {
        return false;
    }
    json_array_foreach(engines, i, engine)
    {
        char name[32];
        char address[128];
        copy_text(name, sizeof name, engine, "name");
        copy_text(address, sizeof address, engine, "address");
        if (strcmp(name, "mariadb") == 0) {
            (void)snprintf(running->audit_url, sizeof running->audit_url,
                           "mysql://jumun_audit:%.128s@%s/order_db", password, address);
            return true;
        }
    }
    return false;
}

Status running_find(const char *bin, const char *var, Running *ret_running)
{
    Running running = { .process_count = 0 };
    char path[PATH_SIZE];
    json_t *json = ask_status(bin, var);

    if (json == NULL) {
        return not_running("no answer that can be read");
    }
    copy_text(running.url, sizeof running.url, json, "url");
    copy_text(running.admin_login, sizeof running.admin_login, json, "adminLogin");
    copy_text(path, sizeof path, json, "adminPasswordFile");
    add_processes(json_object_get(json, "services"), &running);
    add_processes(json_object_get(json, "engines"), &running);
    bool complete = read_line(path, "", running.admin_password, sizeof running.admin_password) &&
                    find_audit_url(json_object_get(json, "engines"), var, &running);
    json_decref(json);
    if (!complete) {
        return not_running("the admin's password or the audit user is missing");
    }
    *ret_running = running;
    return status_ok();
}

static const RunningProcess *find(const Running *running, const char *name)
{
    for (size_t i = 0; i < running->process_count; i++) {
        if (strcmp(running->processes[i].name, name) == 0) {
            return &running->processes[i];
        }
    }
    return NULL;
}

const char *running_ops(const Running *running, const char *name)
{
    const RunningProcess *process = find(running, name);

    return process == NULL ? "" : process->ops;
}

pid_t running_pid(const Running *running, const char *name)
{
    const RunningProcess *process = find(running, name);

    return process == NULL ? 0 : process->pid;
}
