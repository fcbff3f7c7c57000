#include "tests/integration/services/member/member_fixture.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/member/service.h"
#include "tests/integration/services/member/member_schema.h"
#include "tests/support/key_file.h"
#include "tests/support/redis_command.h"
#include "tests/support/rpc_fixture.h"

enum {
    PATIENCE_MS = 20000
};

#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

MemberFixture served;

char good[] = "a good password";
char wrong[] = "a wrong password";

static char schema_url[MEMBER_SCHEMA_URL_SIZE];
static KeyFile keys;
static ServiceHost host;
static void *service;

void expect(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "FAILED: %s\n", what);
        abort();
    }
}

void call_init(Call *call)
{
    *call = (Call){ .role = JUMUN__RPC__V1__ROLE__NOBODY };
    arena_init(&call->arena, 4096, 1 << 20);
}

void call_as(Call *call, uint64_t member, Jumun__Rpc__V1__Role role)
{
    call->member = (MemberId){ member };
    call->role = role;
}

Status run(Call *call, unsigned method, const ProtobufCMessage *message)
{
    arena_reset(&call->arena);
    call->rpc = (RpcClientCall){
        .method = method,
        .message = message,
        .arena = &call->arena,
        .deadline_us = clock_monotonic_us(clock_system()) + MEMBER_CALL_MS * US_PER_MS,
        .member = call->member,
        .role = call->role,
        .alone = method == SIGNUP || method == LOGIN || method == CHANGE_PASSWORD,
    };
    return rpc_client_call_and_wait(served.client, &call->rpc);
}

void expect_name(Status status, StatusCode code, const char *name, const char *what)
{
    if (status.code != code || strcmp(status.name, name) != 0) {
        (void)fprintf(stderr, "FAILED: %s: %s %s instead of %s\n", what,
                      status_code_name(status.code), status.name, name);
        abort();
    }
}

Status call_sign_up(Call *call, char *login_id, char *password, char *name)
{
    Jumun__Member__V1__SignupRequest request;

    jumun__member__v1__signup_request__init(&request);
    request.login_id = login_id;
    request.password = password;
    request.name = name;
    return run(call, SIGNUP, &request.base);
}

Status call_log_in(Call *call, char *login_id, char *password)
{
    Jumun__Member__V1__LoginRequest request;

    jumun__member__v1__login_request__init(&request);
    request.login_id = login_id;
    request.password = password;
    return run(call, LOGIN, &request.base);
}

Status get_member(Call *call, uint64_t id, const Login *login)
{
    Jumun__Member__V1__GetMemberRequest request;
    uint8_t session[TOKEN_HASH_SIZE];

    jumun__member__v1__get_member_request__init(&request);
    request.member_id = id;
    if (login != NULL) {
        memcpy(session, login->session, sizeof session);
        request.session = (ProtobufCBinaryData){ sizeof session, session };
        request.session_created_at_us = login->created_at_us;
    }
    return run(call, GET_MEMBER, &request.base);
}

char *login_id_of(const char *name)
{
    static char ids[8][64];
    static unsigned next;
    char *id = ids[next++ % 8];

    (void)snprintf(id, sizeof ids[0], "%s.%s", name, served.unique);
    return id;
}

static void set(const char *name, const char *value)
{
    expect(setenv(name, value, 1) == 0, name);
}

bool member_fixture_open(void)
{
    static CallerKeyring keyring;
    char rpc_url[FIXTURE_URL_SIZE];

    if (getenv("JUMUN_TEST_MYSQL_URL") == NULL || getenv("JUMUN_TEST_REDIS_URL") == NULL) {
        puts("SKIPPED: JUMUN_TEST_MYSQL_URL or JUMUN_TEST_REDIS_URL is not set");
        return false;
    }
    expect(crypto_init(), "crypto");
    member_schema_open(schema_url);
    (void)snprintf(served.unique, sizeof served.unique, "%d", (int)getpid());
    key_file_init(&keys, "gateway " KEY "\n");
    fixture_url(rpc_url);
    set("JUMUN_MEMBER_DB_URL", schema_url);
    (void)snprintf(served.cache_url, sizeof served.cache_url, "%s/13",
                   getenv("JUMUN_TEST_REDIS_URL"));
    set("JUMUN_CACHE_URL", served.cache_url);
    set("JUMUN_RPC_MEMBER_URL", rpc_url);
    set("JUMUN_RPC_KEYS_FILE", keys.path);
    set("JUMUN_MEMBER_HASH_THREADS", "1");
    set("JUMUN_MEMBER_HASH_QUEUE", "2");
    host = (ServiceHost){ .clock = clock_system(), .metrics = metrics_open() };
    expect(!status_failed(member_service.open(&host, &service)), "the service opens");
    expect(!status_failed(caller_keyring_load(keys.path, &keyring)), "the keys");
    Status status = rpc_client_open(
        &(RpcClientOptions){
            .urls = rpc_url,
            .descriptor = &jumun__member__v1__member_service__descriptor,
            .caller = "gateway",
            .keyring = &keyring,
            .queue_max = 256,
            .clock = host.clock,
            .metrics = host.metrics,
        },
        &served.client);
    expect(!status_failed(status), "the client opens");
    for (int waited = 0; !member_service.ready(service) || !rpc_client_ready(served.client);
         waited += 10) {
        expect(waited < PATIENCE_MS, "the service gets ready");
        (void)poll(NULL, 0, 10);
    }
    return true;
}

void member_fixture_close(void)
{
    rpc_client_close(served.client);
    member_service.close(service);
    metrics_close(host.metrics);
    redis_empty(served.cache_url);
    key_file_deinit(&keys);
    member_schema_close(schema_url);
}
