/* get_members.h - members by id, and whether the sessions asked about are over. */
#ifndef JUMUN_SERVICES_MEMBER_APP_GET_MEMBERS_H
#define JUMUN_SERVICES_MEMBER_APP_GET_MEMBERS_H

#include "services/member/app/member_ports.h"

enum {
    GET_MEMBERS_MAX = MEMBERS_FIND_MAX
};

typedef struct GetMember {
    MemberQuery query;             /* in: id, session; out: member */
    int64_t session_created_at_us; /* in, with a session */
    bool session_over;             /* out: logged out, password changed since, or disabled */
    Status status;                 /* out: NOT_FOUND (MEMBER_NOT_FOUND) */
} GetMember;

/* 1..GET_MEMBERS_MAX items at the price of one. */
void get_members(MemberApp *app, GetMember *const *items, size_t count);

#endif
