/* signup.h - a new member. */
#ifndef JUMUN_SERVICES_MEMBER_APP_SIGNUP_H
#define JUMUN_SERVICES_MEMBER_APP_SIGNUP_H

#include "services/member/app/member_ports.h"

typedef struct Signup {
    const char *login_id; /* in */
    const char *password; /* in */
    const char *name;     /* in */
    FieldFaults faults;   /* out, with VALIDATION */
    MemberId member;      /* out */
} Signup;

/* INVALID_ARGUMENT (VALIDATION), ALREADY_EXISTS (LOGIN_ID_TAKEN). A lost commit is read
 * back; UNKNOWN only if that fails too. */
Status signup(MemberApp *app, Signup *item);

/* The operator's: creates an admin, or gives the member of that login id the password,
 * the name and the role, and ends all sessions. Needs neither sessions nor throttle. */
Status create_admin(MemberApp *app, Signup *item);

#endif
