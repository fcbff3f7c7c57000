/* member_crowd_test.c - many calls to the member service at once. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/integration/services/member/member_fixture.h"

enum {
    FLOOD = 24
};

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
        .deadline_us = clock_monotonic_us(clock_system()) + MEMBER_CALL_MS * US_PER_MS,
        .done = on_done,
        .alone = method == LOGIN,
    };
    rpc_client_call(served.client, &call->rpc);
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
    expect_name(call_sign_up(&check, emma, good, name), STATUS_OK, "", "signup");
    uint64_t id = ((const Jumun__Member__V1__SignupReply *)check.rpc.reply)->member_id;
    for (size_t i = 0; i < FLOOD; i++) {
        Jumun__Member__V1__LoginRequest request;
        char login_id[64];

        (void)snprintf(login_id, sizeof login_id, "f%zu.%s", i, served.unique);
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
            status.code == STATUS_RESOURCE_EXHAUSTED && strcmp(status.name, "OVERLOADED") == 0;
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

        expect_name(call_sign_up(&call, login_id_of(label), good, name), STATUS_OK, "", "signup");
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

int main(void)
{
    if (!member_fixture_open()) {
        return MEMBER_SKIPPED;
    }
    a_flood_of_logins_is_refused_beyond_the_queue_and_spares_the_session_check();
    many_session_checks_each_get_their_own_member();
    member_fixture_close();
    puts("passed");
    return 0;
}
