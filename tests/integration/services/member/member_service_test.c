/* member_service_test.c - the whole service, opened in this process over real engines, as
 * the gateway sees it through RPC. A plain program: Criterion and nng do not mix. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/crypto/token.h"
#include "common/mysql/db.h"
#include "common/redis/login_sessions.h"
#include "common/rpc/rpc_client.h"
#include "jumun/member/v1/member.pb-c.h"
#include "services/member/service.h"
#include "tests/integration/services/member/member_schema.h"
#include "tests/support/key_file.h"
#include "tests/support/redis_command.h"

enum {
    SKIPPED = 77,
    PATIENCE_MS = 20000,
    CALL_MS = 10000,
    FLOOD = 24,
};

/* The order of the descriptor. */
enum {
    SIGNUP,
    LOGIN,
    LOGOUT,
    GET_MEMBER,
    CHANGE_PASSWORD,
};

#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static char schema_url[MEMBER_SCHEMA_URL_SIZE];
static KeyFile keys;
static char rpc_url[64];
static char cache_url[256]; /* a database of our own, emptied at the end */
static CallerKeyring keyring;
static ServiceHost host;
static void *service;
static RpcClient *client;
static char unique[16]; /* part of every login id: a run that died left its counters */

static void expect(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "FAILED: %s\n", what);
        abort();
    }
}

/* One call and its reply. */
typedef struct Call {
    RpcClientCall rpc;
    Arena arena;
    MemberId member;
    Jumun__Rpc__V1__Role role;
} Call;

static void call_init(Call *call)
{
    *call = (Call){ .role = JUMUN__RPC__V1__ROLE__NOBODY };
    arena_init(&call->arena, 4096, 1 << 20);
}

static void call_as(Call *call, uint64_t member, Jumun__Rpc__V1__Role role)
{
    call->member = (MemberId){ member };
    call->role = role;
}

static Status run(Call *call, unsigned method, const ProtobufCMessage *message)
{
    arena_reset(&call->arena);
    call->rpc = (RpcClientCall){
        .method = method,
        .message = message,
        .arena = &call->arena,
        .deadline_us = clock_monotonic_us(clock_system()) + CALL_MS * US_PER_MS,
        .member = call->member,
        .role = call->role,
        .alone = method == SIGNUP || method == LOGIN || method == CHANGE_PASSWORD,
    };
    return rpc_client_call_and_wait(client, &call->rpc);
}

static void expect_name(Status status, StatusCode code, const char *name, const char *what)
{
    if (status.code != code || strcmp(status.name, name) != 0) {
        (void)fprintf(stderr, "FAILED: %s: %s %s instead of %s\n", what,
                      status_code_name(status.code), status.name, name);
        abort();
    }
}

static Status sign_up(Call *call, char *login_id, char *password, char *name)
{
    Jumun__Member__V1__SignupRequest request;

    jumun__member__v1__signup_request__init(&request);
    request.login_id = login_id;
    request.password = password;
    request.name = name;
    return run(call, SIGNUP, &request.base);
}

static Status log_in(Call *call, char *login_id, char *password)
{
    Jumun__Member__V1__LoginRequest request;

    jumun__member__v1__login_request__init(&request);
    request.login_id = login_id;
    request.password = password;
    return run(call, LOGIN, &request.base);
}

/* A session as the gateway keeps it. */
typedef struct Login {
    uint64_t member;
    uint8_t session[TOKEN_HASH_SIZE];
    int64_t created_at_us;
} Login;

static void find_session(const uint8_t *hash, bool *ret_found, LoginSession *ret_session)
{
    LoginLookup lookup = { .found = false };
    LoginLookup *lookups[] = { &lookup };
    Redis *redis = NULL;

    memcpy(lookup.hash, hash, sizeof lookup.hash);
    expect(!status_failed(redis_open(cache_url, 5000, &redis)), "redis");
    Status status = login_sessions_find(redis, lookups, 1, clock_wall_us(clock_system()));
    expect(!status_failed(status), "sessions");
    redis_close(redis);
    *ret_found = lookup.found;
    *ret_session = lookup.session;
}

static Login log_in_well(char *login_id, char *password)
{
    Call call;
    Login login;
    LoginSession session;
    bool found = false;

    call_init(&call);
    expect_name(log_in(&call, login_id, password), STATUS_OK, "", "login");
    const Jumun__Member__V1__LoginReply *reply =
        (const Jumun__Member__V1__LoginReply *)call.rpc.reply;
    login.member = reply->member_id;
    expect(token_hash(reply->token, login.session), "the token's form");
    int64_t life_us = reply->expires_at_us - clock_wall_us(clock_system());
    expect(life_us > 3590 * US_PER_S && life_us <= 3600 * US_PER_S, "an hour to live");
    find_session(login.session, &found, &session);
    expect(found && session.member.value == login.member, "the gateway finds the session");
    login.created_at_us = session.created_at_us;
    arena_deinit(&call.arena);
    return login;
}

static Status get_member(Call *call, uint64_t id, const Login *login)
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

static bool is_over(const Login *login)
{
    Call call;

    call_init(&call);
    expect_name(get_member(&call, login->member, login), STATUS_OK, "", "session check");
    bool over = ((const Jumun__Member__V1__Member *)call.rpc.reply)->session_ended;
    arena_deinit(&call.arena);
    return over;
}

static char *login_id_of(const char *name)
{
    static char ids[8][64];
    static unsigned next;
    char *id = ids[next++ % 8];

    (void)snprintf(id, sizeof ids[0], "%s.%s", name, unique);
    return id;
}

static void signup_tells_every_fault_with_its_pointer(void)
{
    Call call;
    char password[] = "b";
    char name[] = "";
    char login_id[] = "a";

    call_init(&call);
    expect_name(sign_up(&call, login_id, password, name), STATUS_INVALID_ARGUMENT, "VALIDATION",
                "a bad signup");
    const Jumun__Rpc__V1__ErrorDetails *details = call.rpc.details;
    expect(details != NULL && details->n_fields == 3, "three faults");
    expect(strcmp(details->fields[0]->pointer, "/loginId") == 0, "/loginId");
    expect(strcmp(details->fields[1]->pointer, "/password") == 0, "/password");
    expect(strcmp(details->fields[2]->pointer, "/name") == 0, "/name");
    expect(strcmp(details->fields[1]->code, "TOO_SHORT") == 0, "TOO_SHORT");
    arena_deinit(&call.arena);
}

static char good[] = "a good password";
static char wrong[] = "a wrong password";
static char better[] = "a better password";

static void a_member_signs_up_once_logs_in_and_out(void)
{
    Call call;
    char name[] = "Anna \xed\x95\x9c";
    char *anna = login_id_of("anna");

    call_init(&call);
    expect_name(sign_up(&call, anna, good, name), STATUS_OK, "", "signup");
    uint64_t id = ((const Jumun__Member__V1__SignupReply *)call.rpc.reply)->member_id;
    expect(id > 0 && id <= ID_JSON_MAX, "an id that JSON can hold");
    expect_name(sign_up(&call, anna, good, name), STATUS_ALREADY_EXISTS, "LOGIN_ID_TAKEN", "again");
    expect_name(log_in(&call, anna, wrong), STATUS_UNAUTHENTICATED, "BAD_CREDENTIALS", "wrong");

    Login login = log_in_well(anna, good);
    expect(login.member == id, "the same member");
    call_as(&call, id, JUMUN__RPC__V1__ROLE__MEMBER);
    expect_name(get_member(&call, id, NULL), STATUS_OK, "", "me");
    const Jumun__Member__V1__Member *me = (const Jumun__Member__V1__Member *)call.rpc.reply;
    expect(strcmp(me->name, name) == 0 && strcmp(me->login_id, anna) == 0, "my names");
    expect(me->role == JUMUN__RPC__V1__ROLE__MEMBER && !me->session_ended, "my role");

    Jumun__Member__V1__LogoutRequest request;
    jumun__member__v1__logout_request__init(&request);
    request.session = (ProtobufCBinaryData){ sizeof login.session, login.session };
    expect(!is_over(&login), "before the logout");
    expect_name(run(&call, LOGOUT, &request.base), STATUS_OK, "", "logout");
    expect(is_over(&login), "after the logout");
    bool found = true;
    LoginSession session;
    find_session(login.session, &found, &session);
    expect(!found, "gone from Redis too");
    request.session.len = 31;
    expect_name(run(&call, LOGOUT, &request.base), STATUS_INVALID_ARGUMENT, "VALIDATION",
                "a session of 31 bytes");
    call_as(&call, 0, JUMUN__RPC__V1__ROLE__NOBODY);
    request.session.len = 32;
    expect_name(run(&call, LOGOUT, &request.base), STATUS_UNAUTHENTICATED, "UNAUTHENTICATED",
                "nobody logs out");
    arena_deinit(&call.arena);
}

static void members_see_themselves_admins_see_all_and_the_gateway_may_check(void)
{
    Call call;
    char name[] = "Bert";
    char *bert = login_id_of("bert");

    call_init(&call);
    expect_name(sign_up(&call, bert, good, name), STATUS_OK, "", "signup");
    uint64_t id = ((const Jumun__Member__V1__SignupReply *)call.rpc.reply)->member_id;

    call_as(&call, id + 1, JUMUN__RPC__V1__ROLE__MEMBER);
    expect_name(get_member(&call, id, NULL), STATUS_NOT_FOUND, "MEMBER_NOT_FOUND", "another");
    call_as(&call, id + 1, JUMUN__RPC__V1__ROLE__ADMIN);
    expect_name(get_member(&call, id, NULL), STATUS_OK, "", "an admin");
    call_as(&call, 0, JUMUN__RPC__V1__ROLE__NOBODY);
    expect_name(get_member(&call, id, NULL), STATUS_OK, "", "the gateway");
    expect_name(get_member(&call, id + 1, NULL), STATUS_NOT_FOUND, "MEMBER_NOT_FOUND", "nobody");
    arena_deinit(&call.arena);
}

static void a_password_change_ends_all_sessions_but_the_asking_one(void)
{
    Call call;
    char name[] = "Cora";
    char *cora = login_id_of("cora");
    Jumun__Member__V1__ChangePasswordRequest request;

    call_init(&call);
    expect_name(sign_up(&call, cora, good, name), STATUS_OK, "", "signup");
    Login asking = log_in_well(cora, good);
    Login other = log_in_well(cora, good);
    jumun__member__v1__change_password_request__init(&request);
    request.current = wrong;
    request.next = better;
    request.session = (ProtobufCBinaryData){ sizeof asking.session, asking.session };
    call_as(&call, asking.member, JUMUN__RPC__V1__ROLE__MEMBER);
    expect_name(run(&call, CHANGE_PASSWORD, &request.base), STATUS_UNAUTHENTICATED,
                "BAD_CREDENTIALS", "a wrong current password");
    request.current = good;
    expect_name(run(&call, CHANGE_PASSWORD, &request.base), STATUS_OK, "", "the change");
    bool found = true;
    LoginSession session;
    find_session(other.session, &found, &session);
    expect(!found && is_over(&other), "the other session is over");
    find_session(asking.session, &found, &session);
    asking.created_at_us = session.created_at_us;
    expect(found && !is_over(&asking), "the asking one is not");
    call_as(&call, 0, JUMUN__RPC__V1__ROLE__NOBODY);
    expect_name(log_in(&call, cora, good), STATUS_UNAUTHENTICATED, "BAD_CREDENTIALS", "old");
    (void)log_in_well(cora, better);
    arena_deinit(&call.arena);
}

static void guessing_is_throttled(void)
{
    Call call;
    char *dora = login_id_of("dora"); /* who does not exist */

    call_init(&call);
    for (int i = 0; i < 5; i++) {
        expect_name(log_in(&call, dora, wrong), STATUS_UNAUTHENTICATED, "BAD_CREDENTIALS", "guess");
    }
    expect_name(log_in(&call, dora, wrong), STATUS_RESOURCE_EXHAUSTED, "LOGIN_THROTTLED", "sixth");
    expect(call.rpc.details != NULL && call.rpc.details->retry_after_s == 1, "a second");
    arena_deinit(&call.arena);
}

/* Many calls in flight at once. */
typedef struct Flood {
    Call calls[FLOOD];
    pthread_mutex_t lock;
    pthread_cond_t ended;
    size_t done;
} Flood;

static Flood flood = { .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER };

static void on_done(void *context)
{
    (void)context;
    pthread_mutex_lock(&flood.lock);
    flood.done++;
    pthread_cond_signal(&flood.ended);
    pthread_mutex_unlock(&flood.lock);
}

static void start(Call *call, unsigned method, const ProtobufCMessage *message)
{
    call_init(call);
    call->rpc = (RpcClientCall){
        .method = method,
        .message = message,
        .arena = &call->arena,
        .deadline_us = clock_monotonic_us(clock_system()) + CALL_MS * US_PER_MS,
        .done = on_done,
        .alone = method == LOGIN,
    };
    rpc_client_call(client, &call->rpc);
}

static void wait_for_flood(void)
{
    pthread_mutex_lock(&flood.lock);
    while (flood.done < FLOOD) {
        pthread_cond_wait(&flood.ended, &flood.lock);
    }
    flood.done = 0;
    pthread_mutex_unlock(&flood.lock);
}

/* The service has one hash thread and a queue of two. */
static void a_flood_of_logins_is_refused_beyond_the_queue_and_spares_the_session_check(void)
{
    Call check;
    char name[] = "Emma";
    char *emma = login_id_of("emma");
    size_t refused = 0;
    size_t worked = 0;

    call_init(&check);
    expect_name(sign_up(&check, emma, good, name), STATUS_OK, "", "signup");
    uint64_t id = ((const Jumun__Member__V1__SignupReply *)check.rpc.reply)->member_id;
    for (size_t i = 0; i < FLOOD; i++) {
        Jumun__Member__V1__LoginRequest request;
        char login_id[64];

        (void)snprintf(login_id, sizeof login_id, "f%zu.%s", i, unique);
        jumun__member__v1__login_request__init(&request);
        request.login_id = login_id;
        request.password = wrong;
        start(&flood.calls[i], LOGIN, &request.base);
    }
    expect_name(get_member(&check, id, NULL), STATUS_OK, "", "a check during the flood");
    pthread_mutex_lock(&flood.lock);
    size_t done = flood.done;
    pthread_mutex_unlock(&flood.lock);
    wait_for_flood();
    for (size_t i = 0; i < FLOOD; i++) {
        Status status = flood.calls[i].rpc.status;

        refused +=
            status.code == STATUS_RESOURCE_EXHAUSTED && strcmp(status.name, "LOGIN_THROTTLED") == 0;
        worked += strcmp(status.name, "BAD_CREDENTIALS") == 0;
        arena_deinit(&flood.calls[i].arena);
    }
    printf("flood: %zu done before the check, %zu refused, %zu worked\n", done, refused, worked);
    expect(refused + worked == FLOOD && worked > 0, "every login is answered");
    expect(refused > 0, "some logins are refused");
    arena_deinit(&check.arena);
}

static void many_session_checks_each_get_their_own_member(void)
{
    Call call;
    uint64_t ids[3];
    char name[] = "Many";

    call_init(&call);
    for (int i = 0; i < 3; i++) {
        const char *label = (const char *[]){ "mia", "max", "mo" }[i];

        expect_name(sign_up(&call, login_id_of(label), good, name), STATUS_OK, "", "signup");
        ids[i] = ((const Jumun__Member__V1__SignupReply *)call.rpc.reply)->member_id;
    }
    for (size_t i = 0; i < FLOOD; i++) {
        Jumun__Member__V1__GetMemberRequest request;

        jumun__member__v1__get_member_request__init(&request);
        request.member_id = i % 4 == 3 ? 1 : ids[i % 4];
        start(&flood.calls[i], GET_MEMBER, &request.base);
    }
    wait_for_flood();
    for (size_t i = 0; i < FLOOD; i++) {
        const RpcClientCall *rpc = &flood.calls[i].rpc;

        if (i % 4 == 3) {
            expect_name(rpc->status, STATUS_NOT_FOUND, "MEMBER_NOT_FOUND", "no such member");
        } else {
            expect_name(rpc->status, STATUS_OK, "", "a member");
            expect(((const Jumun__Member__V1__Member *)rpc->reply)->member_id == ids[i % 4],
                   "the member asked for");
        }
        arena_deinit(&flood.calls[i].arena);
    }
    arena_deinit(&call.arena);
}

static int free_port(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    expect(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
               getsockname(fd, (struct sockaddr *)&address, &size) == 0,
           "a free port");
    close(fd);
    return ntohs(address.sin_port);
}

static void set(const char *name, const char *value)
{
    expect(setenv(name, value, 1) == 0, name);
}

static void open_all(void)
{
    expect(crypto_init(), "crypto");
    member_schema_open(schema_url);
    (void)snprintf(unique, sizeof unique, "%d", (int)getpid());
    key_file_init(&keys, "gateway " KEY "\n");
    (void)snprintf(rpc_url, sizeof rpc_url, "tcp://127.0.0.1:%d", free_port());
    set("JUMUN_MEMBER_DB_URL", schema_url);
    (void)snprintf(cache_url, sizeof cache_url, "%s/13", getenv("JUMUN_TEST_REDIS_URL"));
    set("JUMUN_CACHE_URL", cache_url);
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
        &client);
    expect(!status_failed(status), "the client opens");
    for (int waited = 0; !member_service.ready(service) || !rpc_client_ready(client);
         waited += 10) {
        expect(waited < PATIENCE_MS, "the service gets ready");
        (void)poll(NULL, 0, 10);
    }
}

static void close_all(void)
{
    rpc_client_close(client);
    member_service.close(service);
    metrics_close(host.metrics);
    redis_empty(cache_url);
    key_file_deinit(&keys);
    member_schema_close(schema_url);
}

int main(void)
{
    if (getenv("JUMUN_TEST_MYSQL_URL") == NULL || getenv("JUMUN_TEST_REDIS_URL") == NULL) {
        puts("SKIPPED: JUMUN_TEST_MYSQL_URL or JUMUN_TEST_REDIS_URL is not set");
        return SKIPPED;
    }
    open_all();
    signup_tells_every_fault_with_its_pointer();
    a_member_signs_up_once_logs_in_and_out();
    members_see_themselves_admins_see_all_and_the_gateway_may_check();
    a_password_change_ends_all_sessions_but_the_asking_one();
    guessing_is_throttled();
    a_flood_of_logins_is_refused_beyond_the_queue_and_spares_the_session_check();
    many_session_checks_each_get_their_own_member();
    close_all();
    puts("passed");
    return 0;
}
