/* change_password.h - a new password; every session but the asking one ends. */
#ifndef JUMUN_SERVICES_MEMBER_APP_CHANGE_PASSWORD_H
#define JUMUN_SERVICES_MEMBER_APP_CHANGE_PASSWORD_H

#include "services/member/app/member_ports.h"

typedef struct ChangePassword {
    MemberId member;                    /* in */
    const char *current;                /* in */
    const char *next;                   /* in */
    uint8_t session[SESSION_HASH_SIZE]; /* in: the one that asks */
    FieldFaults faults;                 /* out, with VALIDATION */
    uint32_t retry_after_s;             /* out, with LOGIN_THROTTLED */
} ChangePassword;

/* INVALID_ARGUMENT (VALIDATION), UNAUTHENTICATED (BAD_CREDENTIALS: `current` is wrong),
 * RESOURCE_EXHAUSTED (LOGIN_THROTTLED), ABORTED. From the commit on the old sessions are
 * over, also if Redis never hears of it; then the asking one is over too. */
Status change_password(MemberApp *app, ChangePassword *item);

#endif
