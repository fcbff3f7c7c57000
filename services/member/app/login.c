/* login.c - the order of the steps is the security of it: count before hashing, begin the
 * session, then look whether the password has been changed meanwhile. Counted after, all
 * guesses of a crowd would be hashed before the first of them counts. */
#include "services/member/app/login.h"

#include <string.h>

static Status bad_credentials(void)
{
    return status_make(STATUS_UNAUTHENTICATED, "BAD_CREDENTIALS");
}

static Status closed(void)
{
    return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
}

Status verify_password(MemberApp *app, const char *login_id, const Member *member,
                       const char *password, uint32_t *ret_retry_after_s)
{
    LoginThrottle *throttle = app->throttle;
    int64_t now_us = clock_wall_us(app->clock);
    char folded[LOGIN_ID_SIZE];
    LoginFailures failures;

    login_id_fold(login_id, folded);
    Status status = throttle->ops->find(throttle, folded, &failures);
    if (status_failed(status)) {
        return closed();
    }
    uint32_t wait_s = login_wait_s(&failures, now_us);
    if (wait_s > 0) {
        *ret_retry_after_s = wait_s;
        return status_make(STATUS_RESOURCE_EXHAUSTED, "LOGIN_THROTTLED");
    }
    /* A try that is not counted would be a free guess. */
    if (status_failed(throttle->ops->add_failure(throttle, folded, now_us))) {
        return closed();
    }
    const char *hash = member == NULL ? NULL : member->password_hash;
    bool right = app->secrets->ops->verify(app->secrets, hash, password);
    if (!right || member == NULL || member->status != MEMBER_ACTIVE) {
        return bad_credentials();
    }
    /* What stays counted makes the next failure a little dearer; that is all. */
    (void)throttle->ops->clear(throttle, folded);
    return status_ok();
}

/* The parameters have changed since the hash was made. If it fails, the next login does it. */
static void rehash(MemberApp *app, const Member *member, const char *password)
{
    Member renewed = *member;

    if (app->secrets->ops->needs_rehash(app->secrets, member->password_hash) &&
        !status_failed(app->secrets->ops->hash(app->secrets, password, renewed.password_hash))) {
        (void)app->store->ops->update(app->store, &renewed);
    }
}

/* A password change between our reading of the hash and the begin of the session may have
 * missed it. True if the session may live. */
static Status still_allowed(MemberApp *app, const Session *session)
{
    MemberQuery query = { .id = session->member };
    MemberQuery *queries[] = { &query };
    Status status = app->store->ops->find(app->store, queries, 1);

    if (!status_failed(status) &&
        (!query.found || member_session_is_over(&query.member, session->created_at_us))) {
        status = bad_credentials();
    }
    if (status_failed(status)) {
        (void)app->sessions->ops->end(app->sessions, session->member, session->hash);
    }
    return status;
}

static Status begin_session(MemberApp *app, int64_t now_us, Login *item)
{
    SessionStore *sessions = app->sessions;
    Session session = {
        .member = item->member.id,
        .role = item->member.role,
        .created_at_us = member_session_begin(&item->member, now_us),
    };
    char token[MEMBER_TOKEN_SIZE];

    app->secrets->ops->make_token(app->secrets, token, session.hash);
    session.ends_at_us = session.created_at_us + sessions->max_s * US_PER_S;
    Status status = sessions->ops->begin(sessions, &session, now_us);
    if (status_failed(status)) {
        return closed();
    }
    status = still_allowed(app, &session);
    if (!status_failed(status)) {
        int64_t idle_end_us = now_us + sessions->idle_s * US_PER_S;

        memcpy(item->token, token, sizeof token);
        item->expires_at_us = idle_end_us < session.ends_at_us ? idle_end_us : session.ends_at_us;
    }
    return status;
}

Status log_in(MemberApp *app, Login *item)
{
    /* Before the member is read: a later change of the password is after this begin. */
    int64_t now_us = clock_wall_us(app->clock);

    if (!login_id_is_valid(item->login_id) || !password_may_exist(item->password)) {
        return bad_credentials();
    }
    Status status = app->store->ops->find_by_login(app->store, item->login_id, &item->member);
    if (status_failed(status) && status.code != STATUS_NOT_FOUND) {
        return status;
    }
    bool known = !status_failed(status);
    status = verify_password(app, item->login_id, known ? &item->member : NULL, item->password,
                             &item->retry_after_s);
    if (status_failed(status)) {
        return status;
    }
    rehash(app, &item->member, item->password);
    return begin_session(app, now_us, item);
}
