/* hung_service_test.c - a service that stands still for longer than its callers wait is used
 * again as soon as it goes on: they ask for its health, and it answers. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/rpc/rpc_client.h"
#include "jumun/rpc/v1/health.pb-c.h"
#include "tests/e2e/stack_rpc.h"
#include "tests/e2e/stack_shop.h"

enum {
    ARENA_SIZE = 4096,
    LOOKS = 100, /* a pause apart */
    CALLS = 2 * RPC_CLIENT_STRIKES,
};

static Stack stack;

static void expect_healthy(const CallerKeyring *keyring, const char *service)
{
    char url[STACK_URL_SIZE];
    RpcClient *client = NULL;
    Arena arena;
    Jumun__Rpc__V1__HealthRequest request;

    jumun__rpc__v1__health_request__init(&request);
    arena_init(&arena, ARENA_SIZE, ARENA_SIZE);
    stack_rpc_url(&stack, service, url);
    expect(!status_failed(
        rpc_client_open(&(RpcClientOptions){ .urls = url,
                                             .descriptor = &jumun__rpc__v1__health__descriptor,
                                             .caller = "gateway",
                                             .keyring = keyring,
                                             .queue_max = 1,
                                             .clock = clock_system() },
                        &client)));
    RpcClientCall call = { .message = &request.base,
                           .arena = &arena,
                           .deadline_us = clock_monotonic_us(clock_system()) + 10 * US_PER_S };
    Status status = rpc_client_call_and_wait(client, &call);
    const Jumun__Rpc__V1__HealthReply *reply = (const Jumun__Rpc__V1__HealthReply *)call.reply;
    (void)fprintf(stderr, "%s: %s\n", service, status.name);
    expect(!status_failed(status) && reply->ready);
    rpc_client_close(client);
    arena_deinit(&arena);
}

static HttpReply ask_for(const char *path, const char *token, const char *timeout)
{
    const char *const headers[] = { timeout, NULL };

    return stack_ask(&stack, &(HttpRequest){ .method = "GET",
                                             .path = path,
                                             .token = token,
                                             .headers = timeout == NULL ? NULL : headers });
}

static void expect_used_again(const char *service, const char *path, const char *token)
{
    pid_t pid = stack_pid(&stack, service);
    int looks = 0;

    (void)fprintf(stderr, "%s hangs\n", service);
    stack_expect_status(ask_for(path, token, NULL), 200);
    expect(pid > 0 && kill(pid, SIGSTOP) == 0);
    for (int i = 0; i < CALLS; i++) { /* patient enough to put it out */
        HttpReply reply = ask_for(path, token, "Request-Timeout-Ms: 700");
        if (reply.status != 504 && reply.status != 503) {
            (void)kill(pid, SIGCONT); /* it is to end with the others */
            stack_expect_status(reply, 504);
        }
    }
    expect(kill(pid, SIGCONT) == 0);
    while (ask_for(path, token, NULL).status != 200) {
        expect(looks++ < LOOKS);
        stack_pause();
    }
    expect(stack_pid(&stack, service) == pid);
}

int main(void)
{
    static const char *const services[] = { "member", "product", "order", "payment" };
    CallerKeyring keyring;
    char code[STACK_CODE_SIZE];
    char path[128];
    char alice[64];

    stack_open(&stack);
    stack_rpc_keyring(&stack, &keyring);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        expect_healthy(&keyring, services[i]);
    }
    stack_login_new_member(&stack, "alice", alice);
    int64_t product = stack_create_product(&stack, "Patient", 100, 100);
    stack_expect_order_works(&stack, alice, product, code);
    expect_used_again("product", "/api/v1/products?limit=1", NULL);
    expect_used_again("member", "/api/v1/members/me", alice);
    expect_used_again("order", "/api/v1/orders", alice);
    (void)snprintf(path, sizeof path, "/api/v1/payments/%s", code);
    expect_used_again("payment", path, alice);
    stack_expect_order_works(&stack, alice, product, code);
    stack_close(&stack);
    return 0;
}
