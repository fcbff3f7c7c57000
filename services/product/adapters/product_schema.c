#include "services/product/adapters/product_schema.h"

#include "common/mysql/migrate.h"

Status product_schema_check(Db *db, bool *known)
{
    if (*known) {
        return status_ok();
    }
    Status status = migrate_check(db, PRODUCT_SCHEMA_VERSION);
    if (status.code == STATUS_FAILED_PRECONDITION) {
        return status_make(STATUS_UNAVAILABLE, "SCHEMA_UNKNOWN");
    }
    *known = !status_failed(status);
    return status;
}
