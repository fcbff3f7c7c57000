#include "tests/e2e/placing.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/rpc/proto_arena.h"
#include "tests/e2e/stack.h"

enum {
    PLACE_ORDER, /* index in the service */
    QUEUE_MAX = 1024,
    DEADLINE_S = 20,
    TRIES_MAX = 50,
};

RpcClient *placing_client_open(const char *url, const CallerKeyring *keyring)
{
    RpcClient *client = NULL;

    expect(!status_failed(rpc_client_open(
        &(RpcClientOptions){ .urls = url,
                             .descriptor = &jumun__order__v1__order_service__descriptor,
                             .caller = "gateway",
                             .keyring = keyring,
                             .queue_max = QUEUE_MAX,
                             .clock = clock_system() },
        &client)));
    return client;
}

void placing_init(Placing *placing, const PlacingSubject *subject, const char *key,
                  uint32_t quantity)
{
    memset(placing, 0, sizeof *placing);
    arena_init(&placing->arena, 4096, (size_t)64 * 1024);
    jumun__order__v1__place_order_request__init(&placing->request);
    jumun__order__v1__place_order_request__line__init(&placing->line);
    jumun__order__v1__place_order_request__payment__init(&placing->payment);
    placing->member = subject->member;
    placing->line.product_id = subject->product.value;
    placing->line.quantity = quantity;
    placing->lines[0] = &placing->line;
    placing->payment.token = proto_text("tok_ok");
    placing->request.lines = placing->lines;
    placing->request.n_lines = 1;
    placing->request.payment = &placing->payment;
    (void)snprintf(placing->key, sizeof placing->key, "%s", key);
    (void)snprintf(placing->body, sizeof placing->body,
                   "{\"lines\":[{\"productId\":%llu,\"quantity\":%u}],"
                   "\"payment\":{\"token\":\"tok_ok\"}}",
                   (unsigned long long)subject->product.value, (unsigned)quantity);
    body_hash(placing->body, strlen(placing->body), placing->hash);
}

void placing_deinit(Placing *placing)
{
    arena_deinit(&placing->arena);
}

void placing_prepare(Placing *placing)
{
    arena_reset(&placing->arena);
    placing->call = (RpcClientCall){
        .method = PLACE_ORDER,
        .message = &placing->request.base,
        .arena = &placing->arena,
        .deadline_us = clock_monotonic_us(clock_system()) + DEADLINE_S * US_PER_S,
        .member = placing->member,
        .role = JUMUN__RPC__V1__ROLE__MEMBER,
        .request_key = placing->key,
        .request_hash = placing->hash,
    };
}

static bool says_try_again(const Placing *placing)
{
    StatusCode code = placing->call.status.code;

    return code == STATUS_UNAVAILABLE || code == STATUS_UNKNOWN || code == STATUS_ABORTED ||
           code == STATUS_DEADLINE_EXCEEDED;
}

void placing_persist(RpcClient *service, Placing *placing)
{
    for (int i = 0; i < TRIES_MAX && says_try_again(placing); i++) {
        stack_pause();
        placing->again = true;
        placing_prepare(placing);
        (void)rpc_client_call_and_wait(service, &placing->call);
    }
}

void placing_send(RpcClient *service, Placing *placing)
{
    placing_prepare(placing);
    (void)rpc_client_call_and_wait(service, &placing->call);
    placing_persist(service, placing);
}

const Jumun__Order__V1__Order *placing_expect_order(const Placing *placing)
{
    if (status_failed(placing->call.status)) {
        (void)fprintf(stderr, "%s: %s %s\n", placing->key,
                      status_code_name(placing->call.status.code), placing->call.status.name);
    }
    expect(!status_failed(placing->call.status));
    return (const Jumun__Order__V1__Order *)placing->call.reply;
}

void placing_expect_same(const Placing *left, const Placing *right)
{
    Jumun__Order__V1__Order one = *placing_expect_order(left);
    Jumun__Order__V1__Order other = *placing_expect_order(right);
    uint8_t bytes[2][1024];

    one.replayed = false;
    other.replayed = false;
    expect(jumun__order__v1__order__get_packed_size(&one) <= sizeof bytes[0]);
    expect(jumun__order__v1__order__get_packed_size(&other) <= sizeof bytes[1]);
    size_t size = jumun__order__v1__order__pack(&one, bytes[0]);
    expect(jumun__order__v1__order__pack(&other, bytes[1]) == size);
    expect(one.order_id != 0 && memcmp(bytes[0], bytes[1], size) == 0);
}

bool placing_is_reuse(const Placing *placing)
{
    return placing->call.status.code == STATUS_INVALID_ARGUMENT &&
           strcmp(placing->call.status.name, "IDEMPOTENCY_KEY_REUSED") == 0;
}
