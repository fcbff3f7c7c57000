/* Messages that are large, and those that are too large. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/thread/common/rpc/rpc_stage.h"

static char *long_text(size_t size)
{
    char *text = malloc(size + 1);

    assert(text != NULL);
    memset(text, 'x', size);
    text[size] = '\0';
    return text;
}

static void answer_at_length(void *service, RpcCall *const *calls, size_t count)
{
    Jumun__Product__V1__Product reply;

    jumun__product__v1__product__init(&reply);
    reply.name = service;
    for (size_t i = 0; i < count; i++) {
        reply.product_id = asked_product(calls[i]);
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void a_reply_that_no_message_can_carry_is_an_error_of_the_server(void)
{
    char *text = long_text(RPC_REPLIES_SIZE_MAX);
    Stage stage;
    Asked asked;

    stage_open(&stage, answer_at_length, text, 4);
    asked_init(&asked, 1, LONG_S * US_PER_S);
    Status status = rpc_client_call_and_wait(stage.client, &asked.call);
    assert(status.code == STATUS_INTERNAL && strcmp(status.name, "REPLY_TOO_LARGE") == 0);
    text[RPC_REPLIES_SIZE_MAX / 2] = '\0';
    assert(ask_and_wait(stage.client, 2, LONG_S * US_PER_S) == STATUS_OK);
    asked_deinit(&asked);
    stage_close(&stage);
    free(text);
}

/* The largest that the services give: 100 names of 100 code points, or as many lines. */
static void a_full_message_of_the_largest_pages_is_answered_whole(void)
{
    enum {
        PAGE_SIZE = 100 * 460
    };
    char *text = long_text(PAGE_SIZE);
    Parking parking = empty_parking();
    Asked parked[RPC_CLIENT_CONTEXTS];
    Asked asked[RPC_BATCH_MAX];
    Stage stage;

    stage_open(&stage, park, &parking, RPC_BATCH_MAX);
    fill_contexts(&stage, &parking, parked);
    for (size_t i = 0; i < RPC_BATCH_MAX; i++) {
        asked_init(&asked[i], i + 1, LONG_S * US_PER_S);
        ask(stage.client, &asked[i]);
    }
    release_parked(&parking, 0, 1); /* makes room for one message, which takes them all */
    await_parked(&parking, RPC_CLIENT_CONTEXTS + RPC_BATCH_MAX);
    assert(parking.messages == RPC_CLIENT_CONTEXTS + 1);
    answer_at_length(text, &parking.calls[RPC_CLIENT_CONTEXTS], RPC_BATCH_MAX);
    release_parked(&parking, 1, RPC_CLIENT_CONTEXTS - 1);
    for (size_t i = 0; i < RPC_BATCH_MAX; i++) {
        await(&asked[i]);
        assert(!status_failed(asked[i].call.status) && answered_product(&asked[i]) == i + 1);
        asked_deinit(&asked[i]);
    }
    for (size_t i = 0; i < RPC_CLIENT_CONTEXTS; i++) {
        await(&parked[i]);
        asked_deinit(&parked[i]);
    }
    stage_close(&stage);
    free(text);
}

static void accept_anything(void *service, RpcCall *const *calls, size_t count)
{
    Tally *sums = service;
    Jumun__Product__V1__Product reply;

    atomic_fetch_add(&sums->messages, 1);
    atomic_fetch_add(&sums->calls, count);
    jumun__product__v1__product__init(&reply);
    for (size_t i = 0; i < count; i++) {
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void a_large_call_travels_alone_and_a_too_large_one_not_at_all(void)
{
    char *text = long_text(RPC_MESSAGE_SIZE_MAX);
    Jumun__Product__V1__CreateProductRequest request;
    Tally sums = { 0 };
    Stage stage;
    Asked asked;

    stage_open(&stage, accept_anything, &sums, 4);
    jumun__product__v1__create_product_request__init(&request);
    request.name = text;
    asked_init(&asked, 0, LONG_S * US_PER_S);
    asked.call.method = METHOD_CREATE;
    asked.call.message = &request.base;
    Status status = rpc_client_call_and_wait(stage.client, &asked.call);
    assert(status.code == STATUS_INVALID_ARGUMENT && strcmp(status.name, "TOO_LARGE") == 0);
    assert(sums.calls == 0);
    arena_reset(&asked.arena);
    text[RPC_MESSAGE_SIZE_MAX / 2] = '\0';
    assert(!status_failed(rpc_client_call_and_wait(stage.client, &asked.call)));
    assert(sums.calls == 1);
    asked_deinit(&asked);
    stage_close(&stage);
    free(text);
}

static const NamedTest tests[] = {
    { "a reply that no message can carry is an error of the server",
      a_reply_that_no_message_can_carry_is_an_error_of_the_server },
    { "a full message of the largest pages is answered whole",
      a_full_message_of_the_largest_pages_is_answered_whole },
    { "a large call travels alone and a too large one not at all",
      a_large_call_travels_alone_and_a_too_large_one_not_at_all },
};

int main(void)
{
    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
