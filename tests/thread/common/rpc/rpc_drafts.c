#include "tests/thread/common/rpc/rpc_drafts.h"

#undef NDEBUG
#include <assert.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/proto_arena.h"

enum {
    MESSAGE_MAX = 256 * 1024,
};

static char url[FIXTURE_URL_SIZE];
static RpcServer *server;
static nng_socket raw;

atomic_size_t executed;
atomic_bool ready_now;

static void count_and_echo(void *service, RpcCall *const *calls, size_t count)
{
    atomic_fetch_add(&executed, count);
    echo(service, calls, count);
}

static bool is_ready(void *context)
{
    return atomic_load((atomic_bool *)context);
}

void drafts_start(void)
{
    fixture_url(url);
    server = fixture_serve(&(ServeOptions){
        .url = url, .handler = count_and_echo, .ready = is_ready, .ready_context = &ready_now });
    assert(nng_req0_open(&raw) == 0);
    assert(nng_socket_set_ms(raw, NNG_OPT_SENDTIMEO, LONG_S * 1000) == 0);
    assert(nng_socket_set_ms(raw, NNG_OPT_RECVTIMEO, LONG_S * 1000) == 0);
    assert(nng_dial(raw, url, NULL, 0) == 0);
}

void drafts_stop(void)
{
    (void)nng_close(raw);
    rpc_server_close(server);
}

uint16_t served_port(void)
{
    return (uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10);
}

WireReplies *exchange(const void *bytes, size_t size)
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

void expect_verdict(WireReplies *replies, StatusCode code, const char *name)
{
    assert(replies->n_replies == 1 && replies->replies[0]->number == 0);
    assert(replies->replies[0]->status == code);
    assert(strcmp(replies->replies[0]->code, name) == 0);
    jumun__rpc__v1__rpc_reply_batch__free_unpacked(replies, NULL);
}

void expect_serving(void)
{
    RpcClient *client = fixture_connect(url, "order", 16);

    for (uint64_t i = 0; i < UINT64_C(3) * FIXTURE_MESSAGES_MAX; i++) {
        assert(ask_and_wait(client, i, LONG_S * US_PER_S) == STATUS_OK);
    }
    rpc_client_close(client);
}

Draft *draft_open(size_t count)
{
    Jumun__Product__V1__GetProductRequest request;
    Draft *draft = calloc(1, sizeof *draft);

    assert(draft != NULL && count <= DRAFT_CALLS_MAX);
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

void draft_close(Draft *draft)
{
    free(draft->bytes);
    free(draft);
}

size_t sign(uint8_t *bytes, size_t size, const uint8_t key[MAC_KEY_SIZE])
{
    bytes[size] = 0x7A;
    bytes[size + 1] = MAC_SIZE;
    mac_make(key, bytes, size, bytes + size + 2);
    return size + 2 + MAC_SIZE;
}

const uint8_t *key_of(const char *caller, size_t index)
{
    return caller_keyring_find(fixture_keyring(), caller, strlen(caller))->keys[index];
}

WireReplies *send_draft(Draft *draft, const uint8_t *key)
{
    assert(jumun__rpc__v1__rpc_request_batch__get_packed_size(&draft->batch) <
           MESSAGE_MAX - 2 - MAC_SIZE);
    size_t size = jumun__rpc__v1__rpc_request_batch__pack(&draft->batch, draft->bytes);
    draft->size = sign(draft->bytes, size, key);
    return exchange(draft->bytes, draft->size);
}

void expect_all_ok(WireReplies *replies, size_t count)
{
    assert(replies->n_replies == count);
    for (size_t i = 0; i < count; i++) {
        assert(replies->replies[i]->number == i + 1 && replies->replies[i]->status == STATUS_OK);
    }
    jumun__rpc__v1__rpc_reply_batch__free_unpacked(replies, NULL);
}
