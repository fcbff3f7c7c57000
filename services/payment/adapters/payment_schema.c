#include "services/payment/adapters/payment_schema.h"

#include "common/mysql/migrate.h"

Status payment_schema_check(Db *db, uint32_t version, bool *known)
{
    if (*known) {
        return status_ok();
    }
    Status status = migrate_check(db, version);
    if (status.code == STATUS_FAILED_PRECONDITION) {
        return status_make(STATUS_UNAVAILABLE, "SCHEMA_UNKNOWN");
    }
    *known = !status_failed(status);
    return status;
}
