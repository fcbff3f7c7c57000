/* logout.h - ends sessions: first in the database, so that no Redis that comes back from
 * the past can revive them, then in Redis. */
#ifndef JUMUN_SERVICES_MEMBER_APP_LOGOUT_H
#define JUMUN_SERVICES_MEMBER_APP_LOGOUT_H

#include "services/member/app/member_ports.h"

enum {
    LOGOUT_MAX = ENDED_APPEND_MAX
};

typedef struct Logout {
    MemberId member;                    /* in */
    uint8_t session[SESSION_HASH_SIZE]; /* in */
    Status status;                      /* out */
} Logout;

/* 1..LOGOUT_MAX items. Repeatable. Once the database knows, a session is over: that Redis
 * is down does not matter. */
void log_out(MemberApp *app, Logout *const *items, size_t count);

#endif
