/* change_password.c - the database first: sessions_valid_after ends every session begun so
 * far. The asking one survives by beginning anew, with its old absolute end. */
#include "services/member/app/change_password.h"

#include <string.h>

#include "services/member/app/login.h"

static Status find_member(MemberApp *app, MemberId id, Member *ret_member)
{
    MemberQuery query = { .id = id };
    MemberQuery *queries[] = { &query };
    Status status = app->store->ops->find(app->store, queries, 1);

    if (status_failed(status)) {
        return status;
    }
    if (!query.found || query.member.status != MEMBER_ACTIVE) {
        return status_make(STATUS_UNAUTHENTICATED, "UNAUTHENTICATED");
    }
    *ret_member = query.member;
    return status_ok();
}

static Status store_password(MemberApp *app, Member *member, const char *next)
{
    Member stored;
    Status status = app->secrets->ops->hash(app->secrets, next, member->password_hash);

    if (status_failed(status)) {
        return status;
    }
    member->sessions_valid_after_us = member_end_sessions(member, clock_wall_us(app->clock));
    status = app->store->ops->update(app->store, member);
    if (status.code != STATUS_UNKNOWN) {
        return status;
    }
    /* The salt makes the hash ours alone: if it is there, our commit was. */
    if (status_failed(find_member(app, member->id, &stored))) {
        return status;
    }
    return strcmp(stored.password_hash, member->password_hash) == 0
               ? status_ok()
               : status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
}

/* Failures cost logins, never safety: the database has ended them all. */
static void keep_only(MemberApp *app, const Member *member, const uint8_t *hash)
{
    SessionStore *sessions = app->sessions;
    int64_t now_us = clock_wall_us(app->clock);
    bool found = false;
    Session session;
    Status status = sessions->ops->find(sessions, hash, now_us, &found, &session);

    if (!status_failed(status) && found && session.member.value == member->id.value) {
        session.created_at_us = member_session_begin(member, now_us);
        (void)sessions->ops->begin(sessions, &session, now_us);
    }
    (void)sessions->ops->end_others(sessions, member->id, hash);
}

Status change_password(MemberApp *app, ChangePassword *item)
{
    Member member;
    Status status = find_member(app, item->member, &member);

    if (!status_failed(status)) {
        status =
            member_check_new_password(member.login_id, item->current, item->next, &item->faults);
    }
    if (!status_failed(status) && !password_may_exist(item->current)) {
        status = status_make(STATUS_UNAUTHENTICATED, "BAD_CREDENTIALS");
    }
    if (!status_failed(status)) {
        status =
            verify_password(app, member.login_id, &member, item->current, &item->retry_after_s);
    }
    if (!status_failed(status)) {
        status = store_password(app, &member, item->next);
    }
    if (!status_failed(status)) {
        keep_only(app, &member, item->session);
    }
    return status;
}
