/* fake_member.h - every port of the member service in memory, on one clock that only the
 * test moves, and able to fail at any call. */
#ifndef JUMUN_TESTS_SUPPORT_FAKE_MEMBER_H
#define JUMUN_TESTS_SUPPORT_FAKE_MEMBER_H

#include "services/member/app/member_ports.h"

enum {
    FAKE_MEMBERS_MAX = 16,
    FAKE_SESSIONS_MAX = 64,
    FAKE_IDLE_S = 3600,
    FAKE_MAX_S = 24 * 3600,
};

/* What happens at one call of a port. */
typedef enum FakeFault {
    FAKE_GOES_WELL,
    FAKE_IS_DOWN,      /* UNAVAILABLE, nothing happened */
    FAKE_LOSES_ANSWER, /* it happened, and UNKNOWN says so */
    FAKE_LOSES_CALL,   /* it did not happen, and UNKNOWN cannot tell */
} FakeFault;

typedef struct FakeClock {
    Clock base;
    int64_t now_us; /* wall and monotonic */
} FakeClock;

typedef struct FakeStore {
    MemberStore base;
    Member members[FAKE_MEMBERS_MAX];
    size_t member_count;
    uint8_t ended[FAKE_SESSIONS_MAX][SESSION_HASH_SIZE];
    int64_t ended_at_us[FAKE_SESSIONS_MAX];
    size_t ended_count;
    size_t calls;
    size_t fails_at; /* the call, from 1, at which `fault` happens; 0: never */
    FakeFault fault;
    bool stays_down; /* from that call on */
} FakeStore;

typedef struct FakeSessions {
    SessionStore base;
    Session sessions[FAKE_SESSIONS_MAX];
    size_t count;
    bool is_down;
    void (*on_begin)(void *context); /* what happens between begin and the next step */
    void *context;
} FakeSessions;

typedef struct FakeThrottle {
    LoginThrottle base;
    char folded[FAKE_MEMBERS_MAX][LOGIN_ID_SIZE];
    LoginFailures failures[FAKE_MEMBERS_MAX];
    size_t count;
    bool is_down;
    bool cannot_count; /* add_failure alone fails */
} FakeThrottle;

/* A hash is "<parameters>:<serial>:<password>"; a long password is cut and told apart by a
 * checksum. */
typedef struct FakeSecrets {
    MemberSecrets base;
    char parameters; /* '1' at first; another one asks for rehash */
    unsigned serial;
    size_t hashes;
    size_t verifies;
} FakeSecrets;

typedef struct FakeMember {
    FakeClock clock;
    FakeStore store;
    FakeSessions sessions;
    FakeThrottle throttle;
    FakeSecrets secrets;
    IdSource ids;
    MemberApp app;
} FakeMember;

void fake_member_init(FakeMember *fake);

/* The store alone, for its contract. */
void fake_store_init(FakeStore *store);

/* NULL if there is none. */
Session *fake_session_find(FakeMember *fake, const uint8_t *hash);

#endif
