/* admin.c - an admin, made or reset by the rules of the service. `jumun admin create` does
 * it by itself (cli/admin.c), as cli/ may not include services. */
#include "common/base/clock.h"
#include "common/crypto/token.h"
#include "services/member/adapters/mysql_member_store.h"
#include "services/member/adapters/sodium_secrets.h"
#include "services/member/app/signup.h"
#include "services/member/service.h"

Status member_create_admin(Db *db, IdSource *ids, const char *login_id, const char *password,
                           const char *name, const char **ret_reason)
{
    MysqlMemberStore store;
    MemberApp app = {
        .store = &store.base,
        .secrets = sodium_secrets(),
        .clock = clock_system(),
        .ids = ids,
    };
    Signup item = { .login_id = login_id, .password = password, .name = name };

    if (!crypto_init()) {
        return status_make(STATUS_INTERNAL, "INTERNAL");
    }
    mysql_member_store_init(&store, db);
    Status status = create_admin(&app, &item);
    if (ret_reason != NULL && status.code == STATUS_INVALID_ARGUMENT && item.faults.count > 0) {
        *ret_reason = item.faults.faults[0].detail;
    }
    return status;
}
