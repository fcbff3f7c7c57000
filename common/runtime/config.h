/* config.h - the settings of a program: one table, read once from the environment.
 *
 * A row names a variable, its type, where its value goes, its default and its range.
 * NAME_FILE may stand instead of NAME: then the value is the file's first line (for
 * secrets; mode 0400). A wrong value, a missing required one, or a JUMUN_ variable
 * that nobody knows stops the start with a message that names it.
 *
 * Variables of other programs are left alone: a name is unknown only if it begins
 * with this program's own prefix (JUMUN_ORDER_), or with none of the programs'
 * prefixes and is not one of the shared names (config.c lists both). */
#ifndef JUMUN_COMMON_RUNTIME_CONFIG_H
#define JUMUN_COMMON_RUNTIME_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/status.h"

enum {
    CONFIG_TEXT_MAX = 512
}; /* bytes of a text value, with its NUL */

typedef enum ConfigType {
    CONFIG_TEXT,   /* char[CONFIG_TEXT_MAX] */
    CONFIG_SECRET, /* the same, printed as *** */
    CONFIG_URL,    /* the same, its password printed as *** */
    CONFIG_NUMBER, /* int64_t, within min..max */
    CONFIG_FLAG,   /* bool: 0 or 1 */
} ConfigType;

typedef struct ConfigRow {
    const char *name;
    ConfigType type;
    size_t offset;        /* of the field in the config struct */
    const char *standard; /* the default; NULL: must be set */
    int64_t min;          /* CONFIG_NUMBER only */
    int64_t max;
    const char *help; /* one line, with the unit */
} ConfigRow;

/* Fills *config. `program` is "order"; its own prefix is JUMUN_ORDER_. On failure
 * INVALID_ARGUMENT (CONFIG), and a line in the log says what to change. */
Status config_load(const char *program, const ConfigRow *rows, size_t count, void *config);

/* Logs the effective values, one event, secrets masked. */
void config_log(const ConfigRow *rows, size_t count, const void *config);

/* Reads a key file: lines of hex or "name hex", '#' comments. Calls `line` for each
 * with its words. NOT_FOUND if the file cannot be read, else what `line` returns. */
typedef Status ConfigLine(void *context, const char *const *words, size_t count);
Status config_read_lines(const char *path, ConfigLine *line, void *context);

#endif
