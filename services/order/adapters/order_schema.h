/* order_schema.h - which order_db this program knows. */
#ifndef JUMUN_SERVICES_ORDER_ADAPTERS_ORDER_SCHEMA_H
#define JUMUN_SERVICES_ORDER_ADAPTERS_ORDER_SCHEMA_H

#include <stdbool.h>

#include "common/base/status.h"
#include "common/mysql/db.h"

enum {
    ORDER_SCHEMA_VERSION = 1
};

/* Asks the schema for its version until it is once found good, then no more. UNAVAILABLE
 * (SCHEMA_UNKNOWN), so that work waits for the migration instead of being thrown away. */
Status order_schema_check(Db *db, bool *known);

#endif
