/* payment_schema.h - which payment_db and provider_db this program knows. */
#ifndef JUMUN_SERVICES_PAYMENT_ADAPTERS_PAYMENT_SCHEMA_H
#define JUMUN_SERVICES_PAYMENT_ADAPTERS_PAYMENT_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/status.h"
#include "common/mysql/db.h"

enum {
    PAYMENT_SCHEMA_VERSION = 1,
    PROVIDER_SCHEMA_VERSION = 1,
};

/* Asks the schema for its version until it is once found good, then no more. UNAVAILABLE
 * (SCHEMA_UNKNOWN), so that work waits for the migration instead of being thrown away. */
Status payment_schema_check(Db *db, uint32_t version, bool *known);

#endif
