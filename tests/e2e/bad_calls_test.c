/* bad_calls_test.c - strangers on the ports of the running services: bytes that are no
 * call, and calls that nobody with a key has made. All are refused, no service dies of
 * it, and the next order is as good as ever. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/crypto/mac.h"
#include "common/crypto/token.h"
#include "common/rpc/proto_arena.h"
#include "jumun/rpc/v1/rpc.pb-c.h"
#include "tests/e2e/stack_rpc.h"
#include "tests/e2e/stack_shop.h"
#include "tests/support/raw_tcp.h"

enum {
    PATIENCE_S = 10,
    MESSAGE_MAX = 4096,
};

typedef Jumun__Rpc__V1__RpcReplyBatch WireReplies;

static Stack stack;
static CallerKeyring keyring;

static const char *const called[] = { "member", "product", "order", "payment" };

static void random_bytes(uint8_t *bytes, size_t size)
{
    uint64_t state = UINT64_C(0x9E3779B97F4A7C15); /* the same in every run */

    for (size_t i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = (uint8_t)state;
    }
}

static void bytes_that_are_no_call_are_hung_up_on(const char *service)
{
    /* nng's hello of a REQ socket, then a frame of 2^64 - 32 bytes */
    static const uint8_t monster[] = { 0,    'S',  'P',  0,    0,    0x30, 0, 0, 0xFF, 0xFF,
                                       0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xE0, 1, 2, 3,    4 };
    uint8_t noise[1024];
    uint16_t port = stack_rpc_port(&stack, service);

    random_bytes(noise, sizeof noise);
    expect(raw_tcp_hung_up(raw_tcp_send(port, noise, sizeof noise)));
    expect(raw_tcp_hung_up(raw_tcp_send(port, monster, sizeof monster)));
    expect(raw_tcp_hung_up(raw_tcp_send(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27)));
}

/* The other ports: whatever they make of it, they must live on. */
static void all_other_ports_get_noise(void)
{
    static const char *const names[] = { "gateway",      "gateway-ops", "member-ops", "product-ops",
                                         "order-ops",    "payment-ops", "relay-ops",  "order-wake",
                                         "product-wake", "payment-wake" };
    uint8_t noise[1024];

    random_bytes(noise, sizeof noise);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int fd = raw_tcp_send(stack_port(&stack, names[i]), noise, sizeof noise);
        expect(fd >= 0);
        (void)close(fd);
    }
}

static void expect_refusal(nng_socket socket, const void *bytes, size_t size, const char *code)
{
    nng_msg *message;

    expect(nng_msg_alloc(&message, 0) == 0 && nng_msg_append(message, bytes, size) == 0);
    expect(nng_sendmsg(socket, message, 0) == 0);
    expect(nng_recvmsg(socket, &message, 0) == 0);
    WireReplies *replies =
        jumun__rpc__v1__rpc_reply_batch__unpack(NULL, nng_msg_len(message), nng_msg_body(message));
    nng_msg_free(message);
    expect(replies != NULL && replies->n_replies == 1 && replies->replies[0]->number == 0);
    if (strcmp(replies->replies[0]->code, code) != 0) {
        (void)fprintf(stderr, "%s, not %s\n", replies->replies[0]->code, code);
    }
    expect(strcmp(replies->replies[0]->code, code) == 0);
    jumun__rpc__v1__rpc_reply_batch__free_unpacked(replies, NULL);
}

/* One call of OrderService/PlaceOrder by an admin of the caller's making. */
static size_t write_call(const char *caller, int64_t sent_at_us, const uint8_t *key,
                         uint8_t bytes[static MESSAGE_MAX])
{
    Jumun__Rpc__V1__RpcCall call;
    Jumun__Rpc__V1__RpcCall *calls[] = { &call };
    Jumun__Rpc__V1__RpcRequestBatch batch;

    jumun__rpc__v1__rpc_call__init(&call);
    jumun__rpc__v1__rpc_request_batch__init(&batch);
    call.number = 1;
    call.method = proto_text("jumun.order.v1.OrderService/PlaceOrder");
    call.timeout_ms = 1000;
    call.member_id = 1;
    call.role = JUMUN__RPC__V1__ROLE__ADMIN;
    batch.caller = proto_text(caller);
    batch.sent_at_us = sent_at_us;
    batch.n_calls = 1;
    batch.calls = calls;
    size_t size = jumun__rpc__v1__rpc_request_batch__pack(&batch, bytes);
    bytes[size] = 0x7A;
    bytes[size + 1] = MAC_SIZE;
    mac_make(key, bytes, size, bytes + size + 2);
    return size + 2 + MAC_SIZE;
}

static const uint8_t *key_of(const char *caller)
{
    const CallerKeys *keys = caller_keyring_find(&keyring, caller, strlen(caller));

    expect(keys != NULL && keys->key_count > 0);
    return keys->keys[0];
}

static nng_socket dial(const char *service)
{
    char url[STACK_URL_SIZE];
    nng_socket socket;

    stack_rpc_url(&stack, service, url);
    expect(nng_req0_open(&socket) == 0);
    expect(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, PATIENCE_S * 1000) == 0);
    expect(nng_dial(socket, url, NULL, 0) == 0);
    return socket;
}

static void forged_calls_are_refused(const char *service)
{
    static const uint8_t guessed[MAC_KEY_SIZE] = { 7 };
    uint8_t bytes[MESSAGE_MAX];
    nng_socket socket = dial(service);
    int64_t now_us = clock_wall_us(clock_system());

    random_bytes(bytes, sizeof bytes);
    expect_refusal(socket, bytes, sizeof bytes, "BAD_MAC");
    size_t size = write_call("gateway", now_us, guessed, bytes);
    expect_refusal(socket, bytes, size, "BAD_MAC");
    size = write_call("stranger", now_us, guessed, bytes);
    expect_refusal(socket, bytes, size, "BAD_MAC");
    size = write_call("gateway", now_us, key_of("relay"), bytes); /* another's good key */
    expect_refusal(socket, bytes, size, "BAD_MAC");
    size = write_call("gateway", now_us - 3600 * US_PER_S, key_of("gateway"), bytes);
    expect_refusal(socket, bytes, size, "STALE_BATCH"); /* recorded and played again */
    (void)nng_close(socket);
}

static void a_service_may_not_call_what_is_not_its_business(void)
{
    uint8_t bytes[MESSAGE_MAX];
    nng_socket socket = dial("order");

    size_t size = write_call("payment", clock_wall_us(clock_system()), key_of("payment"), bytes);
    expect_refusal(socket, bytes, size, "CALLER_NOT_ALLOWED");
    (void)nng_close(socket);
}

int main(void)
{
    static const char *const services[] = { "gateway", "member",  "product",
                                            "order",   "payment", "relay" };
    pid_t pids[sizeof services / sizeof services[0]];
    char alice[64];
    char code[STACK_CODE_SIZE];

    expect(crypto_init());
    stack_open(&stack);
    stack_login_new_member(&stack, "alice", alice);
    stack_rpc_keyring(&stack, &keyring);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        pids[i] = stack_pid(&stack, services[i]);
    }
    int64_t orders = stack_number(&stack, "SELECT COUNT(*) FROM order_db.orders", NULL);

    for (size_t i = 0; i < sizeof called / sizeof called[0]; i++) {
        bytes_that_are_no_call_are_hung_up_on(called[i]);
        forged_calls_are_refused(called[i]);
    }
    a_service_may_not_call_what_is_not_its_business();
    all_other_ports_get_noise();

    expect(stack_number(&stack, "SELECT COUNT(*) FROM order_db.orders", NULL) == orders);
    stack_expect_order_works(&stack, alice, stack_create_product(&stack, "Unharmed", 100, 10),
                             code);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        expect(stack_pid(&stack, services[i]) == pids[i]);
    }
    stack_expect_settled(&stack, 30);
    stack_close(&stack);
    return 0;
}
