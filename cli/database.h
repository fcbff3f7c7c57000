/* database.h - the five schemas, who may use them, and how they grow.
 *
 * A user sees one schema and only reads and writes rows in it; what is append-only it
 * cannot change or delete. The scripts are part of this program. Functions block: only
 * in a task or a command of its own. */
#ifndef JUMUN_CLI_DATABASE_H
#define JUMUN_CLI_DATABASE_H

#include <stdbool.h>

#include "cli/instance.h"

/* Makes schemas and brings each to the last version; says what it did if `tell`. The
 * URL is of a user who may do so; its schema is ignored. */
bool database_migrate(const char *url, bool tell);

/* Makes the users of an instance, with their passwords, and grants what is missing. */
bool database_make_users(const char *url, const Secrets *secrets);

#endif
