/* member.h - who may order: what names and passwords are allowed, and when a session is
 * over. Pure: no I/O, no clock, no allocation, no randomness. */
#ifndef JUMUN_SERVICES_MEMBER_DOMAIN_MEMBER_H
#define JUMUN_SERVICES_MEMBER_DOMAIN_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/id.h"
#include "common/base/status.h"

enum {
    LOGIN_ID_MIN = 4, /* of [A-Za-z0-9._-] */
    LOGIN_ID_MAX = 50,
    LOGIN_ID_SIZE = LOGIN_ID_MAX + 1,
    PASSWORD_MIN = 8, /* code points */
    PASSWORD_MAX = 128,
    PASSWORD_BYTES_MAX = 512,
    MEMBER_NAME_MAX = 100, /* code points */
    MEMBER_NAME_SIZE = 4 * MEMBER_NAME_MAX + 1,
    MEMBER_HASH_SIZE = 128, /* of a password hash with its NUL */
    SESSION_HASH_SIZE = 32, /* a session is known by the hash of its token */
    FIELD_FAULTS_MAX = 4,
};

/* The numbers are those of jumun.rpc.v1.Role. */
typedef enum MemberRole {
    MEMBER_ROLE_MEMBER = 1,
    MEMBER_ROLE_ADMIN = 2,
} MemberRole;

typedef enum MemberStatus {
    MEMBER_ACTIVE = 1,
    MEMBER_DISABLED,
} MemberStatus;

typedef struct Member {
    MemberId id;
    char login_id[LOGIN_ID_SIZE];
    char name[MEMBER_NAME_SIZE];
    char password_hash[MEMBER_HASH_SIZE];
    MemberRole role;
    MemberStatus status;
    int64_t sessions_valid_after_us; /* sessions that began before are over */
    int64_t created_at_us;
    uint64_t version;
} Member;

/* What is wrong with a field of the request. All three are literals. */
typedef struct FieldFault {
    const char *pointer; /* "/loginId" */
    const char *code;    /* "TOO_SHORT" */
    const char *detail;  /* one sentence */
} FieldFault;

typedef struct FieldFaults {
    FieldFault faults[FIELD_FAULTS_MAX];
    size_t count;
} FieldFaults;

/* Both fill ret_faults with every fault; INVALID_ARGUMENT (VALIDATION) if there is one.
 * `current` is what the member says it is: whether it is true is not looked at. */
Status member_check_signup(const char *login_id, const char *password, const char *name,
                           FieldFaults *ret_faults);
Status member_check_new_password(const char *login_id, const char *current, const char *next,
                                 FieldFaults *ret_faults);

/* True if an account could have this login id, or this password: what cannot is refused
 * before any work is done for it. */
bool login_id_is_valid(const char *login_id);
bool password_may_exist(const char *password);

/* Login ids are the same if they differ in case only. */
void login_id_fold(const char *login_id, char ret_folded[LOGIN_ID_SIZE]);

/* True if a session that began then is over for this member. */
bool member_session_is_over(const Member *member, int64_t created_at_us);

/* When a session that begins now is said to have begun: never before what the member's
 * sessions must have begun after, though a clock may have stepped back. */
int64_t member_session_begin(const Member *member, int64_t now_us);

/* The new sessions_valid_after that ends every session begun so far. */
int64_t member_end_sessions(const Member *member, int64_t now_us);

#endif
