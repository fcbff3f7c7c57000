#include "services/order/adapters/order_schema.h"

#include "common/mysql/migrate.h"
#include "common/runtime/log.h"

Status order_schema_check(Db *db, bool *known)
{
    if (*known) {
        return status_ok();
    }
    Status status = migrate_check(db, ORDER_SCHEMA_VERSION);
    if (status.code == STATUS_FAILED_PRECONDITION) {
        log_warn("order.schema_unknown", "wanted=%d", ORDER_SCHEMA_VERSION);
        return status_make(STATUS_UNAVAILABLE, "SCHEMA_UNKNOWN");
    }
    *known = !status_failed(status);
    return status;
}
