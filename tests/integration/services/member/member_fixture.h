/* member_fixture.h - the whole member service, opened in this process over real engines, and
 * calls to it as the gateway makes them. Plain programs: Criterion and nng do not mix.
 *
 * MariaDB and Redis are named by JUMUN_TEST_MYSQL_URL and JUMUN_TEST_REDIS_URL; without them
 * a program says so and exits with MEMBER_SKIPPED. Failures abort the program. */
#ifndef JUMUN_TESTS_INTEGRATION_SERVICES_MEMBER_MEMBER_FIXTURE_H
#define JUMUN_TESTS_INTEGRATION_SERVICES_MEMBER_MEMBER_FIXTURE_H

#include <stdbool.h>

#include "common/crypto/token.h"
#include "common/rpc/rpc_client.h"
#include "jumun/member/v1/member.pb-c.h"

enum {
    MEMBER_SKIPPED = 77,
    MEMBER_CALL_MS = 10000,
};

/* Indices in the service. */
enum {
    SIGNUP,
    LOGIN,
    LOGOUT,
    GET_MEMBER,
    CHANGE_PASSWORD,
};

typedef struct MemberFixture {
    RpcClient *client;
    char cache_url[256]; /* a database of our own, emptied at the end */
    char unique[16];     /* part of every login id: a run that died left its counters */
} MemberFixture;

extern MemberFixture served;

/* Passwords. */
extern char good[];
extern char wrong[];

/* False if there are no engines to test with. The service has one hash thread and a queue
 * of two. */
bool member_fixture_open(void);
void member_fixture_close(void);

void expect(bool holds, const char *what);
void expect_name(Status status, StatusCode code, const char *name, const char *what);

/* A session as the gateway keeps it. */
typedef struct Login {
    uint64_t member;
    uint8_t session[TOKEN_HASH_SIZE];
    int64_t created_at_us;
} Login;

/* One call and its reply. */
typedef struct Call {
    RpcClientCall rpc;
    Arena arena; /* deinitialised by the caller */
    MemberId member;
    Jumun__Rpc__V1__Role role;
} Call;

/* By nobody. */
void call_init(Call *call);
void call_as(Call *call, uint64_t member, Jumun__Rpc__V1__Role role);

Status run(Call *call, unsigned method, const ProtobufCMessage *message);
Status call_sign_up(Call *call, char *login_id, char *password, char *name);
Status call_log_in(Call *call, char *login_id, char *password);

/* Of the session too, unless login is NULL. */
Status get_member(Call *call, uint64_t id, const Login *login);

/* Unlike that of any other run; good for the next seven calls. */
char *login_id_of(const char *name);

#endif
