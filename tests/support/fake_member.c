/* fake_member.c - see the header. */
#include "tests/support/fake_member.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    FAKE_DIGEST_PLAIN = 64, /* bytes of a password that are kept as they are */
    FAKE_DIGEST_SIZE = FAKE_DIGEST_PLAIN + 18,
};

/* 2026-11-25, after the ids' epoch. */
#define FAKE_NOW_US INT64_C(1795600000000000)

static int64_t fake_now(const Clock *clock)
{
    return ((const FakeClock *)clock)->now_us;
}

static const ClockOps clock_ops = { .wall_us = fake_now, .monotonic_us = fake_now };

/* The fault of this call. */
static FakeFault next_fault(FakeStore *store)
{
    store->calls++;
    bool now = store->fails_at != 0 && (store->calls == store->fails_at ||
                                        (store->stays_down && store->calls > store->fails_at));
    return now ? store->fault : FAKE_GOES_WELL;
}

/* Dresses what happened as the fault would have it. */
static Status dress(FakeFault fault, Status status)
{
    if (fault == FAKE_IS_DOWN) {
        return status_make(STATUS_UNAVAILABLE, "DB_DOWN");
    }
    return fault == FAKE_GOES_WELL ? status : status_make(STATUS_UNKNOWN, "DB_LOST");
}

static bool happens(FakeFault fault)
{
    return fault == FAKE_GOES_WELL || fault == FAKE_LOSES_ANSWER;
}

static Member *find_login(FakeStore *store, const char *login_id)
{
    for (size_t i = 0; i < store->member_count; i++) {
        if (strcasecmp(store->members[i].login_id, login_id) == 0) {
            return &store->members[i];
        }
    }
    return NULL;
}

static Member *find_id(FakeStore *store, MemberId id)
{
    for (size_t i = 0; i < store->member_count; i++) {
        if (store->members[i].id.value == id.value) {
            return &store->members[i];
        }
    }
    return NULL;
}

static Status store_append(MemberStore *base, const Member *member)
{
    FakeStore *store = (FakeStore *)base;
    FakeFault fault = next_fault(store);
    Status status = status_ok();

    if (happens(fault)) {
        if (find_login(store, member->login_id) != NULL || find_id(store, member->id) != NULL) {
            status = status_make(STATUS_ALREADY_EXISTS, "DUPLICATE");
        } else {
            assert(store->member_count < FAKE_MEMBERS_MAX);
            store->members[store->member_count++] = *member;
        }
    }
    return dress(fault, status);
}

static Status store_find_by_login(MemberStore *base, const char *login_id, Member *ret_member)
{
    FakeStore *store = (FakeStore *)base;
    FakeFault fault = next_fault(store);
    const Member *member = find_login(store, login_id);

    if (fault != FAKE_GOES_WELL) {
        return dress(FAKE_IS_DOWN, status_ok()); /* a lost query is no more than that */
    }
    if (member == NULL) {
        return status_make(STATUS_NOT_FOUND, "MEMBER_NOT_FOUND");
    }
    *ret_member = *member;
    return status_ok();
}

static bool is_ended(const FakeStore *store, const uint8_t *session)
{
    for (size_t i = 0; i < store->ended_count; i++) {
        if (memcmp(store->ended[i], session, SESSION_HASH_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static Status store_find(MemberStore *base, MemberQuery *const *queries, size_t count)
{
    FakeStore *store = (FakeStore *)base;

    if (next_fault(store) != FAKE_GOES_WELL) {
        return dress(FAKE_IS_DOWN, status_ok());
    }
    for (size_t i = 0; i < count; i++) {
        const Member *member = find_id(store, queries[i]->id);

        queries[i]->found = member != NULL;
        queries[i]->session_ended =
            queries[i]->session != NULL && is_ended(store, queries[i]->session);
        if (member != NULL) {
            queries[i]->member = *member;
        }
    }
    return status_ok();
}

static Status store_update(MemberStore *base, const Member *member)
{
    FakeStore *store = (FakeStore *)base;
    FakeFault fault = next_fault(store);
    Member *stored = find_id(store, member->id);
    Status status = status_ok();

    if (happens(fault)) {
        if (stored == NULL || stored->version != member->version) {
            status = status_make(STATUS_ABORTED, "VERSION_CHANGED");
        } else {
            Member changed = *member;

            changed.version++;
            changed.created_at_us = stored->created_at_us;
            memcpy(changed.login_id, stored->login_id, sizeof changed.login_id);
            *stored = changed;
        }
    }
    return dress(fault, status);
}

static Status store_append_ended(MemberStore *base, const uint8_t *const *sessions, size_t count,
                                 int64_t at_us)
{
    FakeStore *store = (FakeStore *)base;
    FakeFault fault = next_fault(store);

    for (size_t i = 0; happens(fault) && i < count; i++) {
        if (!is_ended(store, sessions[i])) {
            assert(store->ended_count < FAKE_SESSIONS_MAX);
            memcpy(store->ended[store->ended_count], sessions[i], SESSION_HASH_SIZE);
            store->ended_at_us[store->ended_count++] = at_us;
        }
    }
    return dress(fault, status_ok());
}

static Status store_purge_ended(MemberStore *base, int64_t before_us, uint64_t *ret_purged)
{
    FakeStore *store = (FakeStore *)base;
    size_t kept = 0;

    for (size_t i = 0; i < store->ended_count; i++) {
        if (store->ended_at_us[i] >= before_us) {
            memmove(store->ended[kept], store->ended[i], SESSION_HASH_SIZE);
            store->ended_at_us[kept++] = store->ended_at_us[i];
        }
    }
    *ret_purged = store->ended_count - kept;
    store->ended_count = kept;
    return status_ok();
}

static const MemberStoreOps store_ops = {
    .append = store_append,
    .find_by_login = store_find_by_login,
    .find = store_find,
    .update = store_update,
    .append_ended = store_append_ended,
    .purge_ended = store_purge_ended,
};

static Status sessions_down(void)
{
    return status_make(STATUS_UNAVAILABLE, "REDIS_DOWN");
}

static Session *find_session(FakeSessions *fake, const uint8_t *hash)
{
    for (size_t i = 0; i < fake->count; i++) {
        if (memcmp(fake->sessions[i].hash, hash, SESSION_HASH_SIZE) == 0) {
            return &fake->sessions[i];
        }
    }
    return NULL;
}

static Status sessions_begin(SessionStore *base, const Session *session, int64_t now_us)
{
    FakeSessions *fake = (FakeSessions *)base;

    (void)now_us;
    if (fake->is_down) {
        return sessions_down();
    }
    Session *place = find_session(fake, session->hash);
    if (place == NULL) {
        assert(fake->count < FAKE_SESSIONS_MAX);
        place = &fake->sessions[fake->count++];
    }
    *place = *session;
    if (fake->on_begin != NULL) {
        void (*on_begin)(void *context) = fake->on_begin;

        fake->on_begin = NULL; /* once */
        on_begin(fake->context);
    }
    return status_ok();
}

static Status sessions_find(SessionStore *base, const uint8_t *hash, int64_t now_us,
                            bool *ret_found, Session *ret_session)
{
    FakeSessions *fake = (FakeSessions *)base;
    const Session *session = find_session(fake, hash);

    if (fake->is_down) {
        return sessions_down();
    }
    *ret_found = session != NULL && session->ends_at_us > now_us;
    if (*ret_found) {
        *ret_session = *session;
    }
    return status_ok();
}

static Status sessions_end(SessionStore *base, MemberId member, const uint8_t *hash)
{
    FakeSessions *fake = (FakeSessions *)base;
    Session *session = find_session(fake, hash);

    (void)member;
    if (fake->is_down) {
        return sessions_down();
    }
    if (session != NULL) {
        *session = fake->sessions[--fake->count];
    }
    return status_ok();
}

static Status sessions_end_others(SessionStore *base, MemberId member, const uint8_t *keep)
{
    FakeSessions *fake = (FakeSessions *)base;
    size_t kept = 0;

    if (fake->is_down) {
        return sessions_down();
    }
    for (size_t i = 0; i < fake->count; i++) {
        Session session = fake->sessions[i];

        if (session.member.value != member.value ||
            (keep != NULL && memcmp(session.hash, keep, SESSION_HASH_SIZE) == 0)) {
            fake->sessions[kept++] = session;
        }
    }
    fake->count = kept;
    return status_ok();
}

static const SessionStoreOps sessions_ops = {
    .begin = sessions_begin,
    .find = sessions_find,
    .end = sessions_end,
    .end_others = sessions_end_others,
};

static LoginFailures *failures_of(FakeThrottle *fake, const char *folded)
{
    for (size_t i = 0; i < fake->count; i++) {
        if (strcmp(fake->folded[i], folded) == 0) {
            return &fake->failures[i];
        }
    }
    assert(fake->count < FAKE_MEMBERS_MAX);
    (void)snprintf(fake->folded[fake->count], LOGIN_ID_SIZE, "%s", folded);
    fake->failures[fake->count] = (LoginFailures){ 0, 0 };
    return &fake->failures[fake->count++];
}

static Status throttle_find(LoginThrottle *base, const char *folded, LoginFailures *ret_failures)
{
    FakeThrottle *fake = (FakeThrottle *)base;

    if (fake->is_down) {
        return sessions_down();
    }
    *ret_failures = *failures_of(fake, folded);
    return status_ok();
}

static Status throttle_add_failure(LoginThrottle *base, const char *folded, int64_t now_us)
{
    FakeThrottle *fake = (FakeThrottle *)base;

    if (fake->is_down || fake->cannot_count) {
        return sessions_down();
    }
    LoginFailures *failures = failures_of(fake, folded);
    failures->count++;
    failures->last_at_us = now_us;
    return status_ok();
}

static Status throttle_clear(LoginThrottle *base, const char *folded)
{
    FakeThrottle *fake = (FakeThrottle *)base;

    if (fake->is_down) {
        return sessions_down();
    }
    *failures_of(fake, folded) = (LoginFailures){ 0, 0 };
    return status_ok();
}

static const LoginThrottleOps throttle_ops = {
    .find = throttle_find,
    .add_failure = throttle_add_failure,
    .clear = throttle_clear,
};

/* What is left of a password: itself, or of a long one its beginning and a checksum. */
static void digest(const char *password, char ret_digest[FAKE_DIGEST_SIZE])
{
    uint64_t sum = UINT64_C(14695981039346656037); /* FNV-1a */

    for (const char *at = password; *at != '\0'; at++) {
        sum = (sum ^ (uint8_t)*at) * UINT64_C(1099511628211);
    }
    if (strlen(password) <= FAKE_DIGEST_PLAIN) {
        (void)snprintf(ret_digest, FAKE_DIGEST_SIZE, "%s", password);
    } else {
        (void)snprintf(ret_digest, FAKE_DIGEST_SIZE, "%.*s#%016" PRIx64, FAKE_DIGEST_PLAIN,
                       password, sum);
    }
}

static Status secrets_hash(MemberSecrets *base, const char *password,
                           char ret_hash[MEMBER_HASH_SIZE])
{
    FakeSecrets *fake = (FakeSecrets *)base;
    char text[FAKE_DIGEST_SIZE];

    fake->hashes++;
    digest(password, text);
    (void)snprintf(ret_hash, MEMBER_HASH_SIZE, "%c:%u:%s", fake->parameters, ++fake->serial, text);
    return status_ok();
}

static bool secrets_verify(MemberSecrets *base, const char *hash, const char *password)
{
    FakeSecrets *fake = (FakeSecrets *)base;
    char text[FAKE_DIGEST_SIZE];

    fake->verifies++;
    if (hash == NULL || hash[0] == '\0' || hash[1] != ':' || strchr(hash + 2, ':') == NULL) {
        return false;
    }
    digest(password, text);
    return strcmp(strchr(hash + 2, ':') + 1, text) == 0;
}

static bool secrets_needs_rehash(MemberSecrets *base, const char *hash)
{
    return hash[0] != ((FakeSecrets *)base)->parameters;
}

static void secrets_make_token(MemberSecrets *base, char ret_token[MEMBER_TOKEN_SIZE],
                               uint8_t ret_hash[SESSION_HASH_SIZE])
{
    FakeSecrets *fake = (FakeSecrets *)base;

    (void)snprintf(ret_token, MEMBER_TOKEN_SIZE, "token-%u", ++fake->serial);
    memset(ret_hash, 0, SESSION_HASH_SIZE);
    memcpy(ret_hash, &fake->serial, sizeof fake->serial);
}

static const MemberSecretsOps secrets_ops = {
    .hash = secrets_hash,
    .verify = secrets_verify,
    .needs_rehash = secrets_needs_rehash,
    .make_token = secrets_make_token,
};

void fake_store_init(FakeStore *store)
{
    *store = (FakeStore){ .base = { .ops = &store_ops } };
}

void fake_member_init(FakeMember *fake)
{
    memset(fake, 0, sizeof *fake);
    fake->clock = (FakeClock){ .base = { .ops = &clock_ops }, .now_us = FAKE_NOW_US };
    fake_store_init(&fake->store);
    fake->sessions.base =
        (SessionStore){ .ops = &sessions_ops, .idle_s = FAKE_IDLE_S, .max_s = FAKE_MAX_S };
    fake->throttle.base.ops = &throttle_ops;
    fake->secrets = (FakeSecrets){ .base = { .ops = &secrets_ops }, .parameters = '1' };
    id_source_init(&fake->ids, &fake->clock.base, 192);
    fake->app = (MemberApp){
        .store = &fake->store.base,
        .sessions = &fake->sessions.base,
        .throttle = &fake->throttle.base,
        .secrets = &fake->secrets.base,
        .clock = &fake->clock.base,
        .ids = &fake->ids,
    };
}

Session *fake_session_find(FakeMember *fake, const uint8_t *hash)
{
    return find_session(&fake->sessions, hash);
}
