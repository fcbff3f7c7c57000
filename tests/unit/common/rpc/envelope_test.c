#include <criterion/criterion.h>
#include <string.h>

#include "common/rpc/envelope.h"
#include "common/rpc/proto_arena.h"
#include "common/rpc/rpc_server.h"

enum {
    NOW_S = 1764000000
};

static const int64_t now_us = INT64_C(1000000) * NOW_S;

static const CallerKeyring keyring = {
    .count = 2,
    .callers = {
        { .name = "gateway", .key_count = 2, .keys = { { 1, 2, 3 }, { 4, 5, 6 } } },
        { .name = "order", .key_count = 1, .keys = { { 7, 8, 9 } } },
    },
};

static Arena arena;
static uint8_t bytes[RPC_MESSAGE_SIZE_MAX];

static void make_arena(void)
{
    arena_init(&arena, 4096, RPC_ARENA_MAX);
}

static void free_arena(void)
{
    arena_deinit(&arena);
}

TestSuite(envelope, .init = make_arena, .fini = free_arena);

/* A call with a reply as its payload: any message will do. */
static EnvelopePart make_part(const char *method, uint32_t number, uint32_t timeout_ms)
{
    Jumun__Rpc__V1__RpcCall head;
    Jumun__Rpc__V1__RpcReply payload;
    uint8_t hash[BODY_HASH_SIZE] = { 9, 8, 7 };
    EnvelopePart part;

    jumun__rpc__v1__rpc_call__init(&head);
    head.method = proto_text(method);
    head.request_key = proto_text("key");
    head.request_hash = (ProtobufCBinaryData){ sizeof hash, hash };
    head.traceparent = proto_text("trace");
    head.member_id = 42;
    head.role = JUMUN__RPC__V1__ROLE__ADMIN;
    jumun__rpc__v1__rpc_reply__init(&payload);
    payload.number = number;
    payload.code = proto_text("PAYLOAD");
    cr_assert(envelope_pack_call(&head, &payload.base, &arena, &part));
    part.number = number;
    part.timeout_ms = timeout_ms;
    return part;
}

static size_t seal(const CallerKeys *caller, const EnvelopePart *parts, size_t count)
{
    size_t size = envelope_batch_size(caller, now_us, parts, count);

    cr_assert_leq(size, sizeof bytes);
    memset(bytes, 0xEE, sizeof bytes);
    envelope_seal(caller, now_us, parts, count, bytes);
    cr_assert_eq(bytes[size - ENVELOPE_MAC_FIELD_SIZE], 0x7A);
    cr_assert_eq(bytes[size - ENVELOPE_MAC_FIELD_SIZE + 1], MAC_SIZE);
    return size;
}

Test(envelope, gives_back_what_was_sealed)
{
    const CallerKeys *caller = NULL;
    Jumun__Rpc__V1__RpcRequestBatch *batch = NULL;
    EnvelopePart parts[RPC_BATCH_MAX];

    for (uint32_t i = 0; i < RPC_BATCH_MAX; i++) {
        parts[i] = make_part("service/method", 1000 + i * 1000000, i * 100);
        cr_assert_geq(envelope_call_size(&parts[i]), parts[i].size + 4);
    }
    size_t size = seal(&keyring.callers[0], parts, RPC_BATCH_MAX);
    cr_assert_eq(envelope_verify(&keyring, bytes, size, &caller).code, STATUS_OK);
    cr_assert_eq(caller, &keyring.callers[0]);
    cr_assert_eq(envelope_open(bytes, size, now_us, &arena, &batch).code, STATUS_OK);
    cr_assert_str_eq(batch->caller, "gateway");
    cr_assert_eq(batch->sent_at_us, now_us);
    cr_assert_eq(batch->n_calls, RPC_BATCH_MAX);
    for (uint32_t i = 0; i < RPC_BATCH_MAX; i++) {
        const Jumun__Rpc__V1__RpcCall *call = batch->calls[i];
        cr_expect_eq(call->number, 1000 + i * 1000000);
        cr_expect_eq(call->timeout_ms, i * 100);
        cr_expect_str_eq(call->method, "service/method");
        cr_expect_str_eq(call->request_key, "key");
        cr_expect_eq(call->request_hash.len, BODY_HASH_SIZE);
        cr_expect_str_eq(call->traceparent, "trace");
        cr_expect_eq(call->member_id, 42);
        cr_expect_eq(call->role, JUMUN__RPC__V1__ROLE__ADMIN);
        Jumun__Rpc__V1__RpcReply *payload = (Jumun__Rpc__V1__RpcReply *)proto_unpack(
            &jumun__rpc__v1__rpc_reply__descriptor, call->payload.data, call->payload.len, &arena);
        cr_assert_not_null(payload);
        cr_expect_eq(payload->number, 1000 + i * 1000000);
        cr_expect_str_eq(payload->code, "PAYLOAD");
    }
}

Test(envelope, ends_with_its_mac_as_protobuf_sees_it)
{
    EnvelopePart part = make_part("service/method", 1, 1);
    size_t size = seal(&keyring.callers[1], &part, 1);

    Jumun__Rpc__V1__RpcRequestBatch *batch = (Jumun__Rpc__V1__RpcRequestBatch *)proto_unpack(
        &jumun__rpc__v1__rpc_request_batch__descriptor, bytes, size, &arena);
    cr_assert_not_null(batch);
    cr_assert_eq(batch->mac.len, MAC_SIZE);
    cr_assert(mac_verify(keyring.callers[1].keys[0], bytes, size - ENVELOPE_MAC_FIELD_SIZE,
                         batch->mac.data));
}

Test(envelope, is_signed_with_the_first_key_and_verified_with_both)
{
    CallerKeyring old = keyring;
    const CallerKeys *caller = NULL;
    EnvelopePart part = make_part("service/method", 1, 1);

    memcpy(old.callers[0].keys[0], keyring.callers[0].keys[1], MAC_KEY_SIZE);
    size_t size = seal(&old.callers[0], &part, 1); /* by one who has only the second key */
    cr_assert_eq(envelope_verify(&keyring, bytes, size, &caller).code, STATUS_OK);
    old.callers[0].key_count = 1;
    size = seal(&keyring.callers[0], &part, 1);
    cr_assert_eq(envelope_verify(&old, bytes, size, &caller).code, STATUS_UNAUTHENTICATED);
}

Test(envelope, refuses_every_flipped_bit_and_every_cut)
{
    const CallerKeys *caller = NULL;
    EnvelopePart part = make_part("service/method", 1, 1);
    size_t size = seal(&keyring.callers[0], &part, 1);

    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_eq(envelope_verify(&keyring, bytes, size, &caller).code, STATUS_UNAUTHENTICATED,
                     "bit %zu", bit);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++) {
        cr_assert_eq(envelope_verify(&keyring, bytes, cut, &caller).code, STATUS_UNAUTHENTICATED,
                     "cut at %zu", cut);
    }
    cr_assert_null(caller);
}

Test(envelope, refuses_what_was_sent_more_than_30_seconds_away)
{
    const int64_t skew_us = RPC_CLOCK_SKEW_S_MAX * US_PER_S;
    Jumun__Rpc__V1__RpcRequestBatch *batch = NULL;
    EnvelopePart part = make_part("service/method", 1, 1);
    size_t size = seal(&keyring.callers[0], &part, 1);

    cr_expect_eq(envelope_open(bytes, size, now_us + skew_us, &arena, &batch).code, STATUS_OK);
    cr_expect_eq(envelope_open(bytes, size, now_us - skew_us, &arena, &batch).code, STATUS_OK);
    Status late = envelope_open(bytes, size, now_us + skew_us + 1, &arena, &batch);
    Status early = envelope_open(bytes, size, now_us - skew_us - 1, &arena, &batch);
    cr_expect_eq(late.code, STATUS_UNAUTHENTICATED);
    cr_expect_str_eq(late.name, "STALE_BATCH");
    cr_expect_eq(early.code, STATUS_UNAUTHENTICATED);
}

Test(envelope, refuses_no_calls_33_calls_and_mixed_methods)
{
    Jumun__Rpc__V1__RpcRequestBatch *batch = NULL;
    EnvelopePart parts[RPC_BATCH_MAX + 1];

    for (uint32_t i = 0; i <= RPC_BATCH_MAX; i++) {
        parts[i] = make_part("service/method", i + 1, 1);
    }
    size_t size = seal(&keyring.callers[0], parts, RPC_BATCH_MAX + 1);
    cr_expect_eq(envelope_open(bytes, size, now_us, &arena, &batch).code, STATUS_INVALID_ARGUMENT);
    size = seal(&keyring.callers[0], parts, 0);
    cr_expect_eq(envelope_open(bytes, size, now_us, &arena, &batch).code, STATUS_INVALID_ARGUMENT);
    parts[1] = make_part("service/other", 2, 1);
    size = seal(&keyring.callers[0], parts, 2);
    cr_expect_eq(envelope_open(bytes, size, now_us, &arena, &batch).code, STATUS_INVALID_ARGUMENT);
    cr_expect_null(batch);
}

Test(envelope, survives_any_signed_content)
{
    Jumun__Rpc__V1__RpcRequestBatch *batch = NULL;
    EnvelopePart parts[] = { make_part("service/method", 1, 1), make_part("service/method", 2, 1) };
    size_t size = seal(&keyring.callers[0], parts, 2);

    for (size_t at = 0; at < size - ENVELOPE_MAC_FIELD_SIZE; at++) {
        for (int value = 0; value < 256; value++) {
            uint8_t was = bytes[at];
            bytes[at] = (uint8_t)value;
            (void)envelope_open(bytes, size, now_us, &arena, &batch);
            bytes[at] = was;
            arena_reset(&arena);
        }
    }
    for (size_t cut = ENVELOPE_MAC_FIELD_SIZE; cut < size; cut++) {
        (void)envelope_open(bytes, cut, now_us, &arena, &batch);
        arena_reset(&arena);
    }
}

Test(envelope, stops_at_the_end_of_the_arena)
{
    Jumun__Rpc__V1__RpcRequestBatch *batch = NULL;
    EnvelopePart parts[RPC_BATCH_MAX];
    Arena small;

    for (uint32_t i = 0; i < RPC_BATCH_MAX; i++) {
        parts[i] = make_part("service/method", i + 1, 1);
    }
    size_t size = seal(&keyring.callers[0], parts, RPC_BATCH_MAX);
    for (size_t limit = 64; limit < 8192; limit += 64) {
        arena_init(&small, 64, limit);
        (void)envelope_open(bytes, size, now_us, &small, &batch);
        arena_deinit(&small);
    }
    arena_init(&small, 64, 64);
    cr_expect_eq(envelope_open(bytes, size, now_us, &small, &batch).code, STATUS_INVALID_ARGUMENT);
    EnvelopePart part;
    Jumun__Rpc__V1__RpcReply reply;
    jumun__rpc__v1__rpc_reply__init(&reply);
    reply.code = proto_text("A code that is longer than the whole arena is, and than it may be");
    cr_expect_not(envelope_pack_reply(&reply, NULL, &small, &part));
    arena_deinit(&small);
}

Test(envelope, carries_replies_and_failures)
{
    Jumun__Rpc__V1__RpcReply head;
    Jumun__Rpc__V1__StockShortage payload;
    uint8_t small[2][ENVELOPE_SMALL_SIZE];
    EnvelopePart parts[3];
    size_t size = 0;

    jumun__rpc__v1__rpc_reply__init(&head);
    head.number = 300;
    jumun__rpc__v1__stock_shortage__init(&payload);
    payload.available = -5;
    cr_assert(envelope_pack_reply(&head, &payload.base, &arena, &parts[0]));
    envelope_pack_failure(UINT32_MAX, status_make(STATUS_NOT_FOUND, "ORDER_NOT_FOUND"), small[0],
                          &parts[1]);
    envelope_pack_failure(
        0, status_make(STATUS_INTERNAL, "A_NAME_THAT_IS_TOO_LONG_FOR_A_SMALL_FAILURE_IS_LEFT_OUT"),
        small[1], &parts[2]);
    for (size_t i = 0; i < 3; i++) {
        size += envelope_reply_size(&parts[i]);
    }
    envelope_pack_replies(parts, 3, bytes);
    Jumun__Rpc__V1__RpcReplyBatch *batch = (Jumun__Rpc__V1__RpcReplyBatch *)proto_unpack(
        &jumun__rpc__v1__rpc_reply_batch__descriptor, bytes, size, &arena);
    cr_assert_not_null(batch);
    cr_assert_eq(batch->n_replies, 3);
    cr_expect_eq(batch->replies[0]->number, 300);
    cr_expect_eq(batch->replies[0]->status, STATUS_OK);
    Jumun__Rpc__V1__StockShortage *got = (Jumun__Rpc__V1__StockShortage *)proto_unpack(
        &jumun__rpc__v1__stock_shortage__descriptor, batch->replies[0]->payload.data,
        batch->replies[0]->payload.len, &arena);
    cr_expect_eq(got->available, -5);
    cr_expect_eq(batch->replies[1]->number, UINT32_MAX);
    cr_expect_eq(batch->replies[1]->status, STATUS_NOT_FOUND);
    cr_expect_str_eq(batch->replies[1]->code, "ORDER_NOT_FOUND");
    cr_expect_eq(batch->replies[2]->number, 0);
    cr_expect_eq(batch->replies[2]->status, STATUS_INTERNAL);
}
