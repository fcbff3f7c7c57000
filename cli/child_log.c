/* child_log.c - lines out of a pipe, into a file and onto the terminal. */
#include "cli/child_log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/private_file.h"
#include "cli/say.h"

enum {
    SHOWN_MAX = 400, /* bytes of a line on the terminal */
};

/* Long and the same at every start: in the file only. */
static const char *const file_only[] = { "\"event\":\"config.loaded\"",
                                         "\"event\":\"admin.listening\"" };

struct ChildLog {
    char name[32];
    char path[CLI_PATH_MAX];
    bool shown;
    int file;
    size_t file_size;
    size_t size;
    char line[CHILD_LOG_LINE_MAX];
};

static bool open_file(ChildLog *log)
{
    struct stat info;

    log->file = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log->file < 0 || fstat(log->file, &info) != 0) {
        return complain("cannot write %s: %s", log->path, strerror(errno));
    }
    log->file_size = (size_t)info.st_size;
    return true;
}

bool child_log_open(const char *var, const char *name, bool shown, ChildLog **ret_log)
{
    char path[CLI_PATH_MAX];
    ChildLog *log = calloc(1, sizeof *log);

    if (log == NULL) {
        return complain("out of memory");
    }
    log->shown = shown;
    log->file = -1;
    (void)snprintf(log->name, sizeof log->name, "%s", name);
    (void)snprintf(path, sizeof path, "log/%s.log", name);
    if (!path_join(log->path, var, path) || !open_file(log)) {
        child_log_close(log);
        return false;
    }
    *ret_log = log;
    return true;
}

static void rotate(ChildLog *log)
{
    char old[CLI_PATH_MAX];

    (void)close(log->file);
    log->file = -1;
    if (snprintf(old, sizeof old, "%s.1", log->path) < (int)sizeof old) {
        (void)rename(log->path, old);
    }
    (void)open_file(log);
}

static void keep(ChildLog *log)
{
    log->line[log->size] = '\n';
    if (log->file_size + log->size + 1 > CHILD_LOG_FILE_MAX) {
        rotate(log);
    }
    /* A full disk must not stop the shop: what cannot be written is lost. */
    if (log->file >= 0 && write(log->file, log->line, log->size + 1) > 0) {
        log->file_size += log->size + 1;
    }
    log->line[log->size] = '\0';
}

static bool is_file_only(const char *line)
{
    for (size_t i = 0; i < sizeof file_only / sizeof file_only[0]; i++) {
        if (strstr(line, file_only[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void finish_line(ChildLog *log)
{
    char text[SHOWN_MAX];

    keep(log);
    if (log->shown && !is_file_only(log->line)) {
        child_log_render(log->line, text, sizeof text);
        say("%-8s| %s", log->name, text);
    }
    log->size = 0;
}

void child_log_feed(ChildLog *log, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            finish_line(log);
        } else if (log->size < sizeof log->line - 1) { /* the rest of a longer line is lost */
            log->line[log->size++] = bytes[i];
        }
    }
}

void child_log_flush(ChildLog *log)
{
    if (log->size > 0) {
        finish_line(log);
    }
}

void child_log_hide(ChildLog *log)
{
    log->shown = false;
}

const char *child_log_path(const ChildLog *log)
{
    return log->path;
}

void child_log_close(ChildLog *log)
{
    if (log == NULL) {
        return;
    }
    if (log->file >= 0) {
        (void)close(log->file);
    }
    free(log);
}

typedef struct Shown {
    char *text;
    size_t capacity;
    size_t size;
} Shown;

static void put(Shown *shown, const char *text)
{
    for (; *text != '\0' && shown->size + 1 < shown->capacity; text++) {
        unsigned char byte = (unsigned char)*text;
        shown->text[shown->size++] = (char)(byte < 0x20 || byte == 0x7F ? '?' : byte);
    }
    shown->text[shown->size] = '\0';
}

static void put_value(Shown *shown, const json_t *value)
{
    char number[32];

    if (json_is_string(value)) {
        put(shown, json_string_value(value));
    } else if (json_is_integer(value)) {
        (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        put(shown, number);
    } else {
        put(shown, "?");
    }
}

static bool is_head(const char *key)
{
    return strcmp(key, "ts") == 0 || strcmp(key, "level") == 0 || strcmp(key, "svc") == 0 ||
           strcmp(key, "event") == 0;
}

static void render_json(json_t *line, Shown *shown)
{
    const char *time = json_string_value(json_object_get(line, "ts"));
    const char *level = json_string_value(json_object_get(line, "level"));
    const char *event = json_string_value(json_object_get(line, "event"));
    char head[64];

    /* "2026-11-25T10:20:30.123456Z": its time of day, to the millisecond. */
    (void)snprintf(head, sizeof head, "%.12s %-5s ", strlen(time) > 24 ? &time[11] : "", level);
    put(shown, head);
    put(shown, event);
    for (void *at = json_object_iter(line); at != NULL; at = json_object_iter_next(line, at)) {
        if (!is_head(json_object_iter_key(at))) {
            put(shown, " ");
            put(shown, json_object_iter_key(at));
            put(shown, "=");
            put_value(shown, json_object_iter_value(at));
        }
    }
}

void child_log_render(const char *line, char *ret_text, size_t size)
{
    Shown shown = { .text = ret_text, .capacity = size };
    json_t *json = line[0] == '{' ? json_loads(line, 0, NULL) : NULL;

    ret_text[0] = '\0';
    if (json_is_string(json_object_get(json, "ts")) &&
        json_is_string(json_object_get(json, "level")) &&
        json_is_string(json_object_get(json, "event"))) {
        render_json(json, &shown);
    } else {
        put(&shown, line);
    }
    json_decref(json);
}
