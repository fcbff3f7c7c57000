/* What a server makes of batches: who may send them, when, and what in them is run. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/proto_arena.h"
#include "jumun/rpc/v1/health.pb-c.h"
#include "tests/thread/common/rpc/rpc_drafts.h"

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
    { "(start)", drafts_start },
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
    { "health says what the service says", health_says_what_the_service_says },
    { "reflection lists every method of the port", reflection_lists_every_method_of_the_port },
    { "(stop)", drafts_stop },
};

int main(void)
{
    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
