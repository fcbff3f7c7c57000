/* What a server makes of bytes that no client of ours would send. Every test ends by
 * asking whether the server still serves, more often than it has contexts. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/crypto/mac.h"
#include "common/rpc/proto_arena.h"
#include "jumun/rpc/v1/health.pb-c.h"
#include "tests/thread/common/rpc/rpc_fixture.h"

typedef Jumun__Rpc__V1__RpcCall WireCall;
typedef Jumun__Rpc__V1__RpcRequestBatch WireBatch;
typedef Jumun__Rpc__V1__RpcReply WireReply;
typedef Jumun__Rpc__V1__RpcReplyBatch WireReplies;

enum {
    MESSAGE_MAX = 256 * 1024,
    CALLS_MAX = 40,
};

static char url[FIXTURE_URL_SIZE];
static RpcServer *server;
static nng_socket raw; /* speaks nng, but knows nothing of our envelope */
static atomic_size_t executed;
static atomic_bool ready_now;

static void count_and_echo(void *service, RpcCall *const *calls, size_t count)
{
    atomic_fetch_add(&executed, count);
    echo(service, calls, count);
}

static bool is_ready(void *service)
{
    (void)service;
    return ready_now;
}

static void open_all(void)
{
    fixture_url(url);
    server =
        fixture_serve(&(ServeOptions){ .url = url, .handler = count_and_echo, .ready = is_ready });
    assert(nng_req0_open(&raw) == 0);
    assert(nng_socket_set_ms(raw, NNG_OPT_SENDTIMEO, LONG_S * 1000) == 0);
    assert(nng_socket_set_ms(raw, NNG_OPT_RECVTIMEO, LONG_S * 1000) == 0);
    assert(nng_dial(raw, url, NULL, 0) == 0);
}

static void close_all(void)
{
    (void)nng_close(raw);
    rpc_server_close(server);
}

/* The same bytes as before are sent on a socket, and the reply parsed. Free it. */
static WireReplies *exchange(const void *bytes, size_t size)
{
    nng_msg *message;

    assert(nng_msg_alloc(&message, 0) == 0 && nng_msg_append(message, bytes, size) == 0);
    assert(nng_sendmsg(raw, message, 0) == 0);
    assert(nng_recvmsg(raw, &message, 0) == 0);
    WireReplies *replies =
        jumun__rpc__v1__rpc_reply_batch__unpack(NULL, nng_msg_len(message), nng_msg_body(message));
    nng_msg_free(message);
    assert(replies != NULL && replies->n_replies > 0);
    return replies;
}

static void expect_verdict(WireReplies *replies, StatusCode code, const char *name)
{
    assert(replies->n_replies == 1 && replies->replies[0]->number == 0);
    assert(replies->replies[0]->status == code);
    assert(strcmp(replies->replies[0]->code, name) == 0);
    jumun__rpc__v1__rpc_reply_batch__free_unpacked(replies, NULL);
}

static void expect_serving(void)
{
    RpcClient *client = fixture_connect(url, "order", 16);

    for (uint64_t i = 0; i < UINT64_C(3) * FIXTURE_MESSAGES_MAX; i++) {
        assert(ask_and_wait(client, i, LONG_S * US_PER_S) == STATUS_OK);
    }
    rpc_client_close(client);
}

/* A batch in the making. */
typedef struct Draft {
    WireBatch batch;
    WireCall calls[CALLS_MAX];
    WireCall *pointers[CALLS_MAX];
    uint8_t payload[16];
    uint8_t *bytes; /* the signed message */
    size_t size;
} Draft;

/* count calls for product 7, numbered from 1, as "gateway" would send them. */
static Draft *draft_open(size_t count)
{
    Jumun__Product__V1__GetProductRequest request;
    Draft *draft = calloc(1, sizeof *draft);

    assert(draft != NULL && count <= CALLS_MAX);
    jumun__product__v1__get_product_request__init(&request);
    request.product_id = 7;
    size_t size = jumun__product__v1__get_product_request__pack(&request, draft->payload);
    jumun__rpc__v1__rpc_request_batch__init(&draft->batch);
    draft->batch.caller = proto_text("gateway");
    draft->batch.sent_at_us = clock_wall_us(clock_system());
    draft->batch.n_calls = count;
    draft->batch.calls = draft->pointers;
    for (size_t i = 0; i < count; i++) {
        WireCall *call = draft->pointers[i] = &draft->calls[i];
        jumun__rpc__v1__rpc_call__init(call);
        call->number = (uint32_t)i + 1;
        call->method = proto_text(GET_PRODUCT);
        call->timeout_ms = 5000;
        call->payload = (ProtobufCBinaryData){ size, draft->payload };
    }
    draft->bytes = malloc(MESSAGE_MAX);
    assert(draft->bytes != NULL);
    return draft;
}

static void draft_close(Draft *draft)
{
    free(draft->bytes);
    free(draft);
}

/* Appends the MAC to bytes[0..size). */
static size_t sign(uint8_t *bytes, size_t size, const uint8_t key[MAC_KEY_SIZE])
{
    bytes[size] = 0x7A;
    bytes[size + 1] = MAC_SIZE;
    mac_make(key, bytes, size, bytes + size + 2);
    return size + 2 + MAC_SIZE;
}

static const uint8_t *key_of(const char *caller, size_t index)
{
    return caller_keyring_find(fixture_keyring(), caller, strlen(caller))->keys[index];
}

static WireReplies *send_draft(Draft *draft, const uint8_t *key)
{
    assert(jumun__rpc__v1__rpc_request_batch__get_packed_size(&draft->batch) <
           MESSAGE_MAX - 2 - MAC_SIZE);
    size_t size = jumun__rpc__v1__rpc_request_batch__pack(&draft->batch, draft->bytes);
    draft->size = sign(draft->bytes, size, key);
    return exchange(draft->bytes, draft->size);
}

static void expect_all_ok(WireReplies *replies, size_t count)
{
    assert(replies->n_replies == count);
    for (size_t i = 0; i < count; i++) {
        assert(replies->replies[i]->number == i + 1 && replies->replies[i]->status == STATUS_OK);
    }
    jumun__rpc__v1__rpc_reply_batch__free_unpacked(replies, NULL);
}

static void both_keys_of_a_caller_are_good(void)
{
    Draft *draft = draft_open(RPC_BATCH_MAX);

    expect_all_ok(send_draft(draft, key_of("gateway", 0)), RPC_BATCH_MAX);
    expect_all_ok(send_draft(draft, key_of("gateway", 1)), RPC_BATCH_MAX);
    draft_close(draft);
}

static void a_wrong_key_an_unknown_caller_or_no_mac_is_refused_before_anything_is_parsed(void)
{
    Draft *draft = draft_open(1);

    executed = 0;
    expect_verdict(send_draft(draft, key_of("order", 0)), STATUS_UNAUTHENTICATED, "BAD_MAC");
    draft->batch.caller = proto_text("nobody");
    expect_verdict(send_draft(draft, key_of("order", 0)), STATUS_UNAUTHENTICATED, "BAD_MAC");
    draft->batch.caller = proto_text("");
    expect_verdict(send_draft(draft, key_of("order", 0)), STATUS_UNAUTHENTICATED, "BAD_MAC");
    draft->batch.caller = proto_text("a name that is longer than any caller may have");
    expect_verdict(send_draft(draft, key_of("order", 0)), STATUS_UNAUTHENTICATED, "BAD_MAC");
    draft->batch.caller = proto_text("gateway");
    size_t size = jumun__rpc__v1__rpc_request_batch__pack(&draft->batch, draft->bytes);
    expect_verdict(exchange(draft->bytes, size), STATUS_UNAUTHENTICATED, "BAD_MAC");
    expect_verdict(exchange("", 0), STATUS_UNAUTHENTICATED, "BAD_MAC");
    assert(executed == 0);
    draft_close(draft);
    expect_serving();
}

static void a_second_caller_field_does_not_change_who_signed(void)
{
    Draft *draft = draft_open(1);
    const uint8_t gateway[] = { 0x0A, 7, 'g', 'a', 't', 'e', 'w', 'a', 'y' };

    draft->batch.caller = proto_text("stranger");
    size_t size = jumun__rpc__v1__rpc_request_batch__pack(&draft->batch, draft->bytes);
    memcpy(draft->bytes + size, gateway, sizeof gateway);
    size = sign(draft->bytes, size + sizeof gateway, key_of("stranger", 0));
    expect_verdict(exchange(draft->bytes, size), STATUS_PERMISSION_DENIED, "CALLER_NOT_ALLOWED");
    draft_close(draft);
}

static void a_message_from_another_time_is_refused(void)
{
    Draft *draft = draft_open(1);
    const int64_t now_us = clock_wall_us(clock_system());
    const int64_t bad[] = { now_us - 31 * US_PER_S, now_us + 40 * US_PER_S, 0, INT64_MIN,
                            INT64_MAX };

    executed = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        draft->batch.sent_at_us = bad[i];
        expect_verdict(send_draft(draft, key_of("gateway", 0)), STATUS_UNAUTHENTICATED,
                       "STALE_BATCH");
    }
    assert(executed == 0);
    draft->batch.sent_at_us = clock_wall_us(clock_system()) - 20 * US_PER_S;
    expect_all_ok(send_draft(draft, key_of("gateway", 0)), 1);
    draft->batch.sent_at_us = clock_wall_us(clock_system()) + 20 * US_PER_S;
    expect_all_ok(send_draft(draft, key_of("gateway", 0)), 1);
    draft_close(draft);
}

static void a_caller_may_call_only_what_lists_it_and_health(void)
{
    Draft *draft = draft_open(1);

    executed = 0;
    draft->batch.caller = proto_text("stranger");
    expect_verdict(send_draft(draft, key_of("stranger", 0)), STATUS_PERMISSION_DENIED,
                   "CALLER_NOT_ALLOWED");
    assert(executed == 0);
    draft->calls[0].method = proto_text("jumun.rpc.v1.Health/Check");
    draft->calls[0].payload = (ProtobufCBinaryData){ 0, NULL };
    expect_all_ok(send_draft(draft, key_of("stranger", 0)), 1);
    draft_close(draft);
}

static void unknown_methods_are_unimplemented(void)
{
    static const char *const methods[] = { "", "/", "GetProduct",
                                           "jumun.product.v1.ProductService/GetProducts",
                                           "jumun.product.v2.ProductService/GetProduct" };
    Draft *draft = draft_open(2);

    executed = 0;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        draft->calls[0].method = draft->calls[1].method = proto_text(methods[i]);
        expect_verdict(send_draft(draft, key_of("gateway", 0)), STATUS_UNIMPLEMENTED,
                       "UNKNOWN_METHOD");
    }
    assert(executed == 0);
    draft_close(draft);
}

static void no_calls_33_calls_and_two_methods_are_malformed(void)
{
    Draft *draft = draft_open(RPC_BATCH_MAX + 1);

    executed = 0;
    expect_verdict(send_draft(draft, key_of("gateway", 0)), STATUS_INVALID_ARGUMENT,
                   "MALFORMED_BATCH");
    draft->batch.n_calls = 0;
    expect_verdict(send_draft(draft, key_of("gateway", 0)), STATUS_INVALID_ARGUMENT,
                   "MALFORMED_BATCH");
    draft->batch.n_calls = 3;
    draft->calls[2].method = proto_text("jumun.rpc.v1.Health/Check");
    expect_verdict(send_draft(draft, key_of("gateway", 0)), STATUS_INVALID_ARGUMENT,
                   "MALFORMED_BATCH");
    assert(executed == 0);
    draft_close(draft);
    expect_serving();
}

static void two_calls_in_more_than_64_kib_are_malformed_and_one_is_not(void)
{
    Draft *draft = draft_open(2);
    uint8_t *large = calloc(1, RPC_BATCH_SIZE_MAX);

    assert(large != NULL);
    memset(large, 0x0F, RPC_BATCH_SIZE_MAX); /* no protobuf */
    draft->calls[0].payload = (ProtobufCBinaryData){ RPC_BATCH_SIZE_MAX, large };
    expect_verdict(send_draft(draft, key_of("gateway", 0)), STATUS_INVALID_ARGUMENT,
                   "MALFORMED_BATCH");
    draft->batch.n_calls = 1;
    WireReplies *replies = send_draft(draft, key_of("gateway", 0));
    assert(replies->replies[0]->number == 1);
    assert(replies->replies[0]->status == STATUS_INVALID_ARGUMENT);
    jumun__rpc__v1__rpc_reply_batch__free_unpacked(replies, NULL);
    free(large);
    draft_close(draft);
}

static void expired_calls_are_not_run_and_the_others_are(void)
{
    Draft *draft = draft_open(4);

    executed = 0;
    draft->calls[1].timeout_ms = 0;
    draft->calls[3].timeout_ms = 0;
    draft->calls[2].timeout_ms = UINT32_MAX; /* is cut, not added up */
    WireReplies *replies = send_draft(draft, key_of("gateway", 0));
    assert(replies->n_replies == 4 && executed == 2);
    for (size_t i = 0; i < 4; i++) {
        const WireReply *reply = replies->replies[i];
        assert(reply->number == i + 1);
        assert(reply->status == (i % 2 == 0 ? STATUS_OK : STATUS_DEADLINE_EXCEEDED));
    }
    jumun__rpc__v1__rpc_reply_batch__free_unpacked(replies, NULL);
    draft->calls[0].timeout_ms = draft->calls[2].timeout_ms = 0; /* and if it is all of them */
    replies = send_draft(draft, key_of("gateway", 0));
    assert(replies->n_replies == 4 && executed == 2);
    jumun__rpc__v1__rpc_reply_batch__free_unpacked(replies, NULL);
    draft_close(draft);
    expect_serving();
}

static void a_bad_call_among_good_ones_fails_alone(void)
{
    Draft *draft = draft_open(RPC_BATCH_MAX);
    uint8_t garbage[] = { 0x08, 0xFF, 0xFF, 0xFF }; /* a varint without end */
    uint8_t hash[BODY_HASH_SIZE + 1] = { 0 };
    const size_t bad[] = { 3, 4, 5, 6, 7, 8, 9 };
    char long_key[RPC_REQUEST_KEY_MAX + 2];

    memset(long_key, 'k', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = '\0';
    executed = 0;
    draft->calls[3].payload = (ProtobufCBinaryData){ sizeof garbage, garbage };
    draft->calls[4].request_key = proto_text("with space");
    draft->calls[5].request_key = proto_text(long_key);
    draft->calls[6].request_hash = (ProtobufCBinaryData){ sizeof hash, hash };
    draft->calls[7].role = (Jumun__Rpc__V1__Role)99;
    draft->calls[8].member_id = UINT64_MAX;
    draft->calls[9].traceparent = proto_text("\r\nevil");
    WireReplies *replies = send_draft(draft, key_of("gateway", 0));
    assert(replies->n_replies == RPC_BATCH_MAX);
    assert(executed == RPC_BATCH_MAX - sizeof bad / sizeof bad[0]);
    for (size_t i = 0; i < RPC_BATCH_MAX; i++) {
        StatusCode code = i >= 3 && i <= 9 ? STATUS_INVALID_ARGUMENT : STATUS_OK;
        assert(replies->replies[i]->number == i + 1 && replies->replies[i]->status == code);
    }
    jumun__rpc__v1__rpc_reply_batch__free_unpacked(replies, NULL);
    draft_close(draft);
}

static void a_message_cut_at_any_offset_is_refused(void)
{
    Draft *draft = draft_open(2);

    expect_all_ok(send_draft(draft, key_of("gateway", 0)), 2);
    executed = 0;
    for (size_t size = 0; size < draft->size; size++) {
        expect_verdict(exchange(draft->bytes, size), STATUS_UNAUTHENTICATED, "BAD_MAC");
    }
    assert(executed == 0);
    draft_close(draft);
    expect_serving();
}

static void a_message_cut_at_any_offset_and_signed_again_is_answered(void)
{
    Draft *draft = draft_open(2);
    uint8_t bytes[512];

    expect_all_ok(send_draft(draft, key_of("gateway", 0)), 2);
    assert(draft->size < sizeof bytes - 2 - MAC_SIZE);
    for (size_t size = 0; size < draft->size; size++) {
        memcpy(bytes, draft->bytes, size);
        WireReplies *replies = exchange(bytes, sign(bytes, size, key_of("gateway", 0)));
        jumun__rpc__v1__rpc_reply_batch__free_unpacked(replies, NULL);
    }
    draft_close(draft);
    expect_serving();
}

static void a_message_with_any_bit_flipped_is_refused(void)
{
    Draft *draft = draft_open(1);

    expect_all_ok(send_draft(draft, key_of("gateway", 0)), 1);
    executed = 0;
    for (size_t bit = 0; bit < draft->size * 8; bit++) {
        draft->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        expect_verdict(exchange(draft->bytes, draft->size), STATUS_UNAUTHENTICATED, "BAD_MAC");
        draft->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert(executed == 0);
    draft_close(draft);
    expect_serving();
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void signed_garbage_never_runs_and_never_harms(void)
{
    uint64_t state = 0x9E3779B97F4A7C15; /* the same garbage in every run */
    uint8_t bytes[512] = { 0x0A, 7, 'g', 'a', 't', 'e', 'w', 'a', 'y' };

    executed = 0;
    for (int i = 0; i < 1000; i++) {
        size_t size = 9 + next_random(&state) % 400;
        for (size_t k = 9; k < size; k++) {
            bytes[k] = (uint8_t)next_random(&state);
        }
        WireReplies *replies = exchange(bytes, sign(bytes, size, key_of("gateway", 0)));
        assert(replies->replies[0]->status != STATUS_OK);
        jumun__rpc__v1__rpc_reply_batch__free_unpacked(replies, NULL);
    }
    assert(executed == 0);
    expect_serving();
}

/* A TCP connection to the server, after the bytes were sent. */
static int send_tcp(const void *bytes, size_t size)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct timeval patience = { .tv_sec = LONG_S };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10));
    assert(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    assert(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    assert(send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size);
    return fd;
}

static void expect_hang_up(int fd)
{
    char bytes[64];
    ssize_t got;

    do {
        got = recv(fd, bytes, sizeof bytes, 0);
    } while (got > 0);
    assert(got == 0 || errno == ECONNRESET);
    (void)close(fd);
}

static void a_monstrous_length_is_hung_up_on(void)
{
    static const uint64_t lengths[] = { UINT64_MAX - 31,     UINT64_MAX,
                                        (uint64_t)INT64_MAX, UINT64_C(1) << 40,
                                        UINT64_C(1) << 32,   RPC_MESSAGE_SIZE_MAX + 1 };
    /* nng's hello of a REQ socket, a length, eight bytes of a body */
    uint8_t bytes[24] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0 };

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t k = 0; k < 8; k++) {
            bytes[8 + k] = (uint8_t)(lengths[i] >> (56 - 8 * k));
        }
        expect_hang_up(send_tcp(bytes, sizeof bytes));
    }
    expect_serving();
}

static void peers_that_speak_something_else_or_nothing_do_no_harm(void)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    static const uint8_t wrong_protocol[] = { 0, 'S', 'P', 0, 0, 0x10, 0, 0 };
    static const uint8_t half_frame[] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0, 0, 0, 0 };
    static const uint8_t no_request_id[] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0, 0,
                                             0, 0,   0,   0, 0, 0,    2, 1, 2 };
    int open[20];

    for (size_t i = 0; i < 20; i++) {
        (void)close(send_tcp("", 0));
        (void)close(send_tcp("\0SP", 3));
        (void)close(send_tcp(half_frame, sizeof half_frame));
        open[i] = send_tcp(half_frame, sizeof half_frame); /* and then silent */
    }
    expect_hang_up(send_tcp(http, sizeof http - 1));
    expect_hang_up(send_tcp(wrong_protocol, sizeof wrong_protocol));
    expect_hang_up(send_tcp(no_request_id, sizeof no_request_id));
    expect_serving();
    for (size_t i = 0; i < 20; i++) {
        (void)close(open[i]);
    }
    expect_serving();
}

static void health_says_what_the_service_says(void)
{
    Draft *draft = draft_open(1);

    draft->calls[0].method = proto_text("jumun.rpc.v1.Health/Check");
    draft->calls[0].payload = (ProtobufCBinaryData){ 0, NULL };
    for (int ready = 0; ready < 2; ready++) {
        ready_now = ready == 1;
        WireReplies *replies = send_draft(draft, key_of("gateway", 0));
        const WireReply *reply = replies->replies[0];
        Jumun__Rpc__V1__HealthReply *health =
            jumun__rpc__v1__health_reply__unpack(NULL, reply->payload.len, reply->payload.data);
        assert(reply->status == STATUS_OK && health != NULL && health->ready == ready);
        jumun__rpc__v1__health_reply__free_unpacked(health, NULL);
        jumun__rpc__v1__rpc_reply_batch__free_unpacked(replies, NULL);
    }
    draft_close(draft);
}

static void reflection_lists_every_method_of_the_port(void)
{
    Draft *draft = draft_open(1);

    draft->calls[0].method = proto_text("jumun.rpc.v1.Reflection/Describe");
    draft->calls[0].payload = (ProtobufCBinaryData){ 0, NULL };
    WireReplies *replies = send_draft(draft, key_of("gateway", 0));
    const WireReply *reply = replies->replies[0];
    Jumun__Rpc__V1__DescribeReply *described =
        jumun__rpc__v1__describe_reply__unpack(NULL, reply->payload.len, reply->payload.data);
    assert(reply->status == STATUS_OK && described != NULL);
    assert(described->n_methods == jumun__product__v1__product_service__descriptor.n_methods + 2);
    assert(strcmp(described->methods[METHOD_GET]->name, GET_PRODUCT) == 0);
    assert(strcmp(described->methods[METHOD_GET]->input, "jumun.product.v1.GetProductRequest") ==
           0);
    assert(strcmp(described->methods[METHOD_GET]->output, "jumun.product.v1.Product") == 0);
    jumun__rpc__v1__describe_reply__free_unpacked(described, NULL);
    jumun__rpc__v1__rpc_reply_batch__free_unpacked(replies, NULL);
    draft_close(draft);
}

static const NamedTest tests[] = {
    { "(start)", open_all },
    { "both keys of a caller are good", both_keys_of_a_caller_are_good },
    { "a wrong key, an unknown caller or no MAC is refused before anything is parsed",
      a_wrong_key_an_unknown_caller_or_no_mac_is_refused_before_anything_is_parsed },
    { "a second caller field does not change who signed",
      a_second_caller_field_does_not_change_who_signed },
    { "a message from another time is refused", a_message_from_another_time_is_refused },
    { "a caller may call only what lists it, and Health",
      a_caller_may_call_only_what_lists_it_and_health },
    { "unknown methods are unimplemented", unknown_methods_are_unimplemented },
    { "no calls, 33 calls and two methods are malformed",
      no_calls_33_calls_and_two_methods_are_malformed },
    { "two calls in more than 64 KiB are malformed and one is not",
      two_calls_in_more_than_64_kib_are_malformed_and_one_is_not },
    { "expired calls are not run and the others are",
      expired_calls_are_not_run_and_the_others_are },
    { "a bad call among good ones fails alone", a_bad_call_among_good_ones_fails_alone },
    { "a message cut at any offset is refused", a_message_cut_at_any_offset_is_refused },
    { "a message cut at any offset and signed again is answered",
      a_message_cut_at_any_offset_and_signed_again_is_answered },
    { "a message with any bit flipped is refused", a_message_with_any_bit_flipped_is_refused },
    { "signed garbage never runs and never harms", signed_garbage_never_runs_and_never_harms },
    { "a monstrous length is hung up on", a_monstrous_length_is_hung_up_on },
    { "peers that speak something else or nothing do no harm",
      peers_that_speak_something_else_or_nothing_do_no_harm },
    { "health says what the service says", health_says_what_the_service_says },
    { "reflection lists every method of the port", reflection_lists_every_method_of_the_port },
    { "(stop)", close_all },
};

int main(void)
{
    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
