/* login.h - from a password to a session.
 *
 * Unknown, wrong and disabled get the same answer after the same work. Without the
 * throttle's counters nobody logs in: they are what stands between an attacker and the
 * passwords. */
#ifndef JUMUN_SERVICES_MEMBER_APP_LOGIN_H
#define JUMUN_SERVICES_MEMBER_APP_LOGIN_H

#include "services/member/app/member_ports.h"

typedef struct Login {
    const char *login_id;          /* in */
    const char *password;          /* in */
    Member member;                 /* out */
    char token[MEMBER_TOKEN_SIZE]; /* out */
    int64_t expires_at_us;         /* out: unless the session is used before */
    uint32_t retry_after_s;        /* out, with LOGIN_THROTTLED */
} Login;

/* UNAUTHENTICATED (BAD_CREDENTIALS), RESOURCE_EXHAUSTED (LOGIN_THROTTLED), UNAVAILABLE. */
Status log_in(MemberApp *app, Login *item);

/* Shared with the change of a password: asks the throttle, counts a failure, verifies, and
 * forgets the failures if the password is right. member NULL is an unknown account. Errors
 * as for login. */
Status verify_password(MemberApp *app, const char *login_id, const Member *member,
                       const char *password, uint32_t *ret_retry_after_s);

#endif
