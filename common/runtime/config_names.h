/* config_names.h - whose a JUMUN_ variable is. Pure; config.c's own. */
#ifndef JUMUN_COMMON_RUNTIME_CONFIG_NAMES_H
#define JUMUN_COMMON_RUNTIME_CONFIG_NAMES_H

#include <stdbool.h>

/* True if `name` is a setting that several programs share, or the file form of one. */
bool config_name_is_shared(const char *name);

/* True if `name` belongs to a program other than `program` ("order"), or to the tests. */
bool config_name_is_of_others(const char *name, const char *program);

#endif
