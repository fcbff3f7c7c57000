/* signup.c - checked, hashed, stored; the unique key decides between two at once. */
#include "services/member/app/signup.h"

#include <string.h>

/* After a lost commit: is the row there, and is it ours? */
static Status read_back(MemberApp *app, const Member *member)
{
    MemberQuery query = { .id = member->id };
    MemberQuery *queries[] = { &query };
    Status status = app->store->ops->find(app->store, queries, 1);

    if (status_failed(status)) {
        return status_make(STATUS_UNKNOWN, "UNKNOWN");
    }
    return query.found ? status_ok() : status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
}

/* The item has been checked: its texts fit. */
static Status store_new(MemberApp *app, Signup *item, MemberRole role)
{
    int64_t now_us = clock_wall_us(app->clock);
    Member member = {
        .role = role,
        .status = MEMBER_ACTIVE,
        .sessions_valid_after_us = now_us,
        .created_at_us = now_us,
        .version = 1,
    };

    if (!id_source_next_small(app->ids, &member.id.value)) {
        return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    }
    memcpy(member.login_id, item->login_id, strlen(item->login_id) + 1);
    memcpy(member.name, item->name, strlen(item->name) + 1);
    Status status = app->secrets->ops->hash(app->secrets, item->password, member.password_hash);
    if (!status_failed(status)) {
        status = app->store->ops->append(app->store, &member);
    }
    if (status.code == STATUS_UNKNOWN) {
        status = read_back(app, &member);
    }
    if (!status_failed(status)) {
        item->member = member.id;
    }
    return status.code == STATUS_ALREADY_EXISTS
               ? status_make(STATUS_ALREADY_EXISTS, "LOGIN_ID_TAKEN")
               : status;
}

Status signup(MemberApp *app, Signup *item)
{
    Member taken;
    Status status = member_check_signup(item->login_id, item->password, item->name, &item->faults);

    if (status_failed(status)) {
        return status;
    }
    /* A taken id is told before the expensive hash; a race is left to the unique key. */
    status = app->store->ops->find_by_login(app->store, item->login_id, &taken);
    if (status.code == STATUS_OK) {
        return status_make(STATUS_ALREADY_EXISTS, "LOGIN_ID_TAKEN");
    }
    return status.code == STATUS_NOT_FOUND ? store_new(app, item, MEMBER_ROLE_MEMBER) : status;
}

static Status reset_admin(MemberApp *app, Signup *item, Member *member)
{
    Status status = app->secrets->ops->hash(app->secrets, item->password, member->password_hash);

    if (status_failed(status)) {
        return status;
    }
    memcpy(member->name, item->name, strlen(item->name) + 1);
    member->role = MEMBER_ROLE_ADMIN;
    member->status = MEMBER_ACTIVE;
    member->sessions_valid_after_us = member_end_sessions(member, clock_wall_us(app->clock));
    item->member = member->id;
    return app->store->ops->update(app->store, member);
}

Status create_admin(MemberApp *app, Signup *item)
{
    Member member;
    Status status = member_check_signup(item->login_id, item->password, item->name, &item->faults);

    if (status_failed(status)) {
        return status;
    }
    status = app->store->ops->find_by_login(app->store, item->login_id, &member);
    if (status.code == STATUS_NOT_FOUND) {
        return store_new(app, item, MEMBER_ROLE_ADMIN);
    }
    return status_failed(status) ? status : reset_admin(app, item, &member);
}
