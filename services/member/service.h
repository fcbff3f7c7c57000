/* service.h - the member service, for its own main and for programs that hold several
 * services, and its rules for making admins. */
#ifndef JUMUN_SERVICES_MEMBER_SERVICE_H
#define JUMUN_SERVICES_MEMBER_SERVICE_H

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/mysql/db.h"
#include "common/service/service.h"

extern const Service member_service;

/* Creates an admin in member_db (which must be migrated), or gives the member of that
 * login id the password, the name and the role ADMIN, and ends all sessions. ids is a
 * source of the member service's node range, used for a new member only. INVALID_ARGUMENT
 * (VALIDATION) if a value breaks a rule of services/member/domain/member.h; ret_reason may
 * be NULL and is then told which, a literal. */
Status member_create_admin(Db *db, IdSource *ids, const char *login_id, const char *password,
                           const char *name, const char **ret_reason);

#endif
