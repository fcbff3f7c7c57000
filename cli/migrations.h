/* migrations.h - the scripts of services/<service>/schema, embedded by CMake
 * (embed_migrations.cmake), in the order of their numbers. */
#ifndef JUMUN_CLI_MIGRATIONS_H
#define JUMUN_CLI_MIGRATIONS_H

#include <stddef.h>

#include "common/mysql/migrate.h"

typedef struct SchemaScripts {
    const char *schema; /* "order_db" */
    const Migration *migrations;
    size_t count;
} SchemaScripts;

extern const SchemaScripts schema_scripts[];
extern const size_t schema_scripts_count;

#endif
