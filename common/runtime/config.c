/* config.c - from the environment into a struct, by the program's table. Every wrong
 * setting is named before the start is refused, not only the first. */
#include "common/runtime/config.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/runtime/config_names.h"
#include "common/runtime/log.h"

enum {
    NAME_MAX_SIZE = 128,
    LINE_SIZE_MAX = 1024,
    LINE_WORDS_MAX = 8,
    VALUES_TEXT_MAX = 3500, /* of all values in one log line */
};

/* Not rate-limited: several settings may be wrong at once. */
static bool refuse(const char *name, const char *why)
{
    log_write(LOG_ERROR, "config.invalid", "name=%s reason=%s", name, why);
    return false;
}

/* The file's first line, without its end. */
static bool read_first_line(const char *name, const char *path, char *ret_text)
{
    char text[CONFIG_TEXT_MAX + 1]; /* one more, to see that a line is too long */
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return refuse(name, "cannot read the file that it names");
    }
    bool got = fgets(text, sizeof text, file) != NULL;
    (void)fclose(file);
    if (!got) {
        return refuse(name, "the file that it names is empty");
    }
    text[strcspn(text, "\r\n")] = '\0';
    if (strlen(text) >= CONFIG_TEXT_MAX) {
        return refuse(name, "the line in its file is too long");
    }
    memcpy(ret_text, text, strlen(text) + 1);
    return true;
}

/* Finds the row's text: NAME, the file that NAME_FILE names, or the default. */
static bool find_text(const ConfigRow *row, char *ret_text)
{
    char file_name[NAME_MAX_SIZE];

    (void)snprintf(file_name, sizeof file_name, "%s_FILE", row->name);
    /* NOLINTBEGIN(concurrency-mt-unsafe): nothing here changes the environment */
    const char *text = getenv(row->name);
    const char *path = getenv(file_name);
    /* NOLINTEND(concurrency-mt-unsafe) */
    if (text != NULL && path != NULL) {
        return refuse(row->name, "set it or its _FILE form, not both");
    }
    if (path != NULL) {
        return read_first_line(file_name, path, ret_text);
    }
    if (text == NULL || (text[0] == '\0' && row->standard == NULL)) {
        text = row->standard;
    }
    if (text == NULL) {
        return refuse(row->name, "must be set");
    }
    size_t size = strlen(text);
    if (size >= CONFIG_TEXT_MAX || !text_is_line(text, 0, CONFIG_TEXT_MAX)) {
        return refuse(row->name, "is too long or not printable");
    }
    memcpy(ret_text, text, size + 1);
    return true;
}

static bool store_number(const ConfigRow *row, const char *text, void *field)
{
    char *end;
    char why[96];

    errno = 0;
    int64_t number = strtoll(text, &end, 10);
    bool whole = text[0] != '\0' && *end == '\0' && errno == 0 && strchr(" +\t", text[0]) == NULL;
    if (!whole || number < row->min || number > row->max) {
        (void)snprintf(why, sizeof why, "must be a number from %" PRId64 " to %" PRId64, row->min,
                       row->max);
        return refuse(row->name, why);
    }
    memcpy(field, &number, sizeof number);
    return true;
}

static bool store_flag(const ConfigRow *row, const char *text, void *field)
{
    bool flag = strcmp(text, "1") == 0;

    if (!flag && strcmp(text, "0") != 0) {
        return refuse(row->name, "must be 0 or 1");
    }
    memcpy(field, &flag, sizeof flag);
    return true;
}

static bool load_row(const ConfigRow *row, void *config)
{
    char text[CONFIG_TEXT_MAX];
    char *field = (char *)config + row->offset;

    assert(strlen(row->name) + sizeof "_FILE" <= NAME_MAX_SIZE);
    if (!find_text(row, text)) {
        return false;
    }
    switch (row->type) {
    case CONFIG_NUMBER:
        return store_number(row, text, field);
    case CONFIG_FLAG:
        return store_flag(row, text, field);
    case CONFIG_URL:
        if (text[0] != '\0' && strchr(text, ':') == NULL) {
            return refuse(row->name, "must be a URL");
        }
        break;
    case CONFIG_TEXT:
    case CONFIG_SECRET:
        break;
    }
    memcpy(field, text, strlen(text) + 1);
    return true;
}

static bool is_row(const char *name, const ConfigRow *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(rows[i].name);
        if (strncmp(name, rows[i].name, size) == 0 &&
            (name[size] == '\0' || strcmp(&name[size], "_FILE") == 0)) {
            return true;
        }
    }
    return false;
}

/* service.h reads the operations address of every program by itself. */
static bool is_ops_address(const char *name)
{
    size_t size = strlen(name);
    size_t suffix_size = strlen("_OPS_ADDRESS");

    return size > suffix_size && strcmp(&name[size - suffix_size], "_OPS_ADDRESS") == 0;
}

/* A mistyped variable would silently leave its default in force. */
static bool only_known_names(const char *program, const ConfigRow *rows, size_t count)
{
    bool all_known = true;

    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        char name[NAME_MAX_SIZE];
        size_t size = strcspn(*variable, "=");

        if (strncmp(*variable, "JUMUN_", strlen("JUMUN_")) != 0) {
            continue;
        }
        (void)snprintf(name, sizeof name, "%.*s",
                       (int)(size < NAME_MAX_SIZE ? size : NAME_MAX_SIZE), *variable);
        if (!is_row(name, rows, count) && !config_name_is_shared(name) && !is_ops_address(name) &&
            !config_name_is_of_others(name, program)) {
            all_known = refuse(name, "no such setting");
        }
    }
    return all_known;
}

Status config_load(const char *program, const ConfigRow *rows, size_t count, void *config)
{
    bool good = only_known_names(program, rows, count);

    for (size_t i = 0; i < count; i++) {
        good = load_row(&rows[i], config) && good;
    }
    return good ? status_ok() : status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
}

/* Writes the URL with what stands between the last ':' and '@' of its authority masked. */
static void mask_url(const char *url, char *ret_text, size_t size)
{
    const char *scheme_end = strstr(url, "://");
    const char *authority = scheme_end == NULL ? url : scheme_end + 3;
    const char *at = strrchr(authority, '@'); /* a password may hold '/' or '@' by mistake */
    const char *colon = at == NULL ? NULL : memchr(authority, ':', (size_t)(at - authority));

    if (colon == NULL) {
        (void)snprintf(ret_text, size, "%s", url);
    } else {
        (void)snprintf(ret_text, size, "%.*s:***%s", (int)(colon - url), url, at);
    }
}

static void print_value(const ConfigRow *row, const void *config, char *ret_text, size_t size)
{
    const char *field = (const char *)config + row->offset;
    int64_t number;
    bool flag;

    switch (row->type) {
    case CONFIG_TEXT:
        (void)snprintf(ret_text, size, "%s", field);
        break;
    case CONFIG_SECRET:
        (void)snprintf(ret_text, size, "%s", field[0] == '\0' ? "" : "***");
        break;
    case CONFIG_URL:
        mask_url(field, ret_text, size);
        break;
    case CONFIG_NUMBER:
        memcpy(&number, field, sizeof number);
        (void)snprintf(ret_text, size, "%" PRId64, number);
        break;
    case CONFIG_FLAG:
        memcpy(&flag, field, sizeof flag);
        (void)snprintf(ret_text, size, "%d", flag);
        break;
    }
}

void config_log(const ConfigRow *rows, size_t count, const void *config)
{
    char all[VALUES_TEXT_MAX] = "";
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        char value[CONFIG_TEXT_MAX + 8];

        print_value(&rows[i], config, value, sizeof value);
        int length = snprintf(&all[used], sizeof all - used, "%s%s=%s", i == 0 ? "" : " ",
                              rows[i].name, value);
        if (length < 0 || (size_t)length >= sizeof all - used) {
            all[used] = '\0';
            break;
        }
        used += (size_t)length;
    }
    log_info("config.loaded", "values=%s", all);
}

/* Splits the line in place. False if it has too many words. */
static bool split_words(char *line, const char **words, size_t *ret_count)
{
    char *rest = NULL;
    size_t count = 0;

    line[strcspn(line, "#\r\n")] = '\0';
    for (char *word = strtok_r(line, " \t", &rest); word != NULL;
         word = strtok_r(NULL, " \t", &rest)) {
        if (count == LINE_WORDS_MAX) {
            return false;
        }
        words[count++] = word;
    }
    *ret_count = count;
    return true;
}

Status config_read_lines(const char *path, ConfigLine *line, void *context)
{
    char text[LINE_SIZE_MAX];
    Status status = status_ok();
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return status_make(STATUS_NOT_FOUND, "CONFIG");
    }
    while (!status_failed(status) && fgets(text, sizeof text, file) != NULL) {
        const char *words[LINE_WORDS_MAX];
        size_t count = 0;
        bool cut = strlen(text) == sizeof text - 1 && text[sizeof text - 2] != '\n';

        if (cut || !split_words(text, words, &count)) {
            status = status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
        } else if (count > 0) {
            status = line(context, words, count);
        }
    }
    if (!status_failed(status) && ferror(file) != 0) {
        status = status_make(STATUS_NOT_FOUND, "CONFIG");
    }
    (void)fclose(file);
    explicit_bzero(text, sizeof text);
    return status;
}
