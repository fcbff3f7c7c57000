/* What a server makes of bytes that no client of ours would send. Every test ends by
 * asking whether the server still serves, more often than it has contexts. */
#undef NDEBUG
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/raw_tcp.h"
#include "tests/thread/common/rpc/rpc_drafts.h"

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
        assert(raw_tcp_hung_up(raw_tcp_send(served_port(), bytes, sizeof bytes)));
    }
    expect_serving();
}

static void send_and_leave(const void *bytes, size_t size)
{
    int fd = raw_tcp_send(served_port(), bytes, size);

    assert(fd >= 0);
    (void)close(fd);
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
        send_and_leave("", 0);
        send_and_leave("\0SP", 3);
        send_and_leave(half_frame, sizeof half_frame);
        open[i] = raw_tcp_send(served_port(), half_frame, sizeof half_frame);
        assert(open[i] >= 0); /* and then silent */
    }
    assert(raw_tcp_hung_up(raw_tcp_send(served_port(), http, sizeof http - 1)));
    assert(raw_tcp_hung_up(raw_tcp_send(served_port(), wrong_protocol, sizeof wrong_protocol)));
    assert(raw_tcp_hung_up(raw_tcp_send(served_port(), no_request_id, sizeof no_request_id)));
    expect_serving();
    for (size_t i = 0; i < 20; i++) {
        (void)close(open[i]);
    }
    expect_serving();
}

static const NamedTest tests[] = {
    { "(start)", drafts_start },
    { "a message cut at any offset is refused", a_message_cut_at_any_offset_is_refused },
    { "a message cut at any offset and signed again is answered",
      a_message_cut_at_any_offset_and_signed_again_is_answered },
    { "a message with any bit flipped is refused", a_message_with_any_bit_flipped_is_refused },
    { "signed garbage never runs and never harms", signed_garbage_never_runs_and_never_harms },
    { "a monstrous length is hung up on", a_monstrous_length_is_hung_up_on },
    { "peers that speak something else or nothing do no harm",
      peers_that_speak_something_else_or_nothing_do_no_harm },
    { "(stop)", drafts_stop },
};

int main(void)
{
    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
