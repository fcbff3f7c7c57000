/* Calls between a client and a server that are both well: each finds its reply, and says
 * and learns all that the envelope can hold. */
#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "common/rpc/proto_arena.h"
#include "tests/thread/common/rpc/rpc_stage.h"

typedef struct Asker {
    RpcClient *client;
    uint64_t first;
    pthread_t thread;
} Asker;

static void *ask_many(void *context)
{
    const Asker *asker = context;

    for (uint64_t i = 0; i < 300; i++) {
        assert(ask_and_wait(asker->client, asker->first + i, LONG_S * US_PER_S) == STATUS_OK);
    }
    return NULL;
}

static void many_threads_each_get_their_own_replies(void)
{
    Stage stage;
    Asker askers[8];

    stage_open(&stage, echo, NULL, 64);
    for (size_t i = 0; i < 8; i++) {
        askers[i] = (Asker){ .client = stage.client, .first = i << 32 | 1 };
        assert(pthread_create(&askers[i].thread, NULL, ask_many, &askers[i]) == 0);
    }
    for (size_t i = 0; i < 8; i++) {
        pthread_join(askers[i].thread, NULL);
    }
    stage_close(&stage);
}

/* What a handler saw. */
static RpcContext seen;
static char seen_key[RPC_REQUEST_KEY_MAX + 1];
static char seen_trace[64];

static void look(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    assert(count == 1);
    seen = *rpc_call_context(calls[0]);
    (void)strncpy(seen_key, seen.request_key, sizeof seen_key - 1);
    (void)strncpy(seen_trace, seen.trace_parent, sizeof seen_trace - 1);
    echo_one(calls[0]);
}

static void what_the_envelope_says_reaches_the_handler(void)
{
    const char *trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const uint8_t hash[BODY_HASH_SIZE] = { 1, 2, 3, 250 };
    int64_t before_us = clock_monotonic_us(clock_system());
    Stage stage;
    Asked asked;

    stage_open(&stage, look, NULL, 4);
    asked_init(&asked, 1, 300 * US_PER_S); /* is cut to a minute */
    asked.call.member = (MemberId){ 42 };
    asked.call.role = JUMUN__RPC__V1__ROLE__ADMIN;
    asked.call.request_key = "key-1";
    asked.call.request_hash = hash;
    asked.call.trace_parent = trace;
    assert(!status_failed(rpc_client_call_and_wait(stage.client, &asked.call)));
    assert(strcmp(seen.caller, "gateway") == 0);
    assert(seen.member.value == 42 && seen.role == JUMUN__RPC__V1__ROLE__ADMIN);
    assert(strcmp(seen_key, "key-1") == 0 && strcmp(seen_trace, trace) == 0);
    assert(memcmp(seen.request_hash, hash, sizeof hash) == 0);
    assert(seen.deadline_us > before_us);
    assert(seen.deadline_us <= clock_monotonic_us(clock_system()) + RPC_TIMEOUT_MS_MAX * US_PER_MS);
    asked_deinit(&asked);
    stage_close(&stage);
}

static void refuse_with_details(void *service, RpcCall *const *calls, size_t count)
{
    Jumun__Rpc__V1__ErrorDetails details;
    Jumun__Rpc__V1__StockShortage shortage;
    Jumun__Rpc__V1__StockShortage *shortages[] = { &shortage };

    (void)service;
    jumun__rpc__v1__error_details__init(&details);
    jumun__rpc__v1__stock_shortage__init(&shortage);
    shortage.product_id = 5;
    shortage.requested = 3;
    shortage.available = -1;
    details.n_items = 1;
    details.items = shortages;
    details.detail = proto_text("Sold out.");
    for (size_t i = 0; i < count; i++) {
        rpc_call_fail(calls[i], status_make(STATUS_FAILED_PRECONDITION, "OUT_OF_STOCK"), &details);
    }
}

static void a_failure_arrives_with_its_name_and_details(void)
{
    Stage stage;
    Asked asked;

    stage_open(&stage, refuse_with_details, NULL, 4);
    asked_init(&asked, 1, LONG_S * US_PER_S);
    Status status = rpc_client_call_and_wait(stage.client, &asked.call);
    assert(status.code == STATUS_FAILED_PRECONDITION);
    assert(strcmp(status.name, "OUT_OF_STOCK") == 0);
    assert(asked.call.reply == NULL && asked.call.details != NULL);
    assert(asked.call.details->n_items == 1);
    assert(asked.call.details->items[0]->product_id == 5);
    assert(asked.call.details->items[0]->available == -1);
    assert(strcmp(asked.call.details->detail, "Sold out.") == 0);
    asked_deinit(&asked);
    stage_close(&stage);
}

static void every_outcome_is_measured_by_method_and_code(void)
{
    char text[16384];
    Metrics *metrics = metrics_open();
    Stage stage;

    fixture_url(stage.url);
    stage.server =
        fixture_serve(&(ServeOptions){ .url = stage.url, .handler = echo, .metrics = metrics });
    stage.client = fixture_connect(stage.url, "gateway", 4);
    assert(ask_and_wait(stage.client, 1, LONG_S * US_PER_S) == STATUS_OK);
    assert(ask_and_wait(stage.client, 2, LONG_S * US_PER_S) == STATUS_OK);
    stage_close(&stage);
    metrics_render(metrics, text, sizeof text);
    assert(strstr(text, "rpc_server_duration_seconds_count{method=\"" GET_PRODUCT
                        "\",code=\"OK\"} 2\n") != NULL);
    metrics_close(metrics);
}

static void the_same_code_serves_within_a_process(void)
{
    RpcServer *server =
        fixture_serve(&(ServeOptions){ .url = "inproc://rpc-calls-test", .handler = echo });
    RpcClient *client = fixture_connect("inproc://rpc-calls-test", "order", 4);

    assert(ask_and_wait(client, 1, LONG_S * US_PER_S) == STATUS_OK);
    rpc_client_close(client);
    rpc_server_close(server);
}

static const NamedTest tests[] = {
    { "many threads each get their own replies", many_threads_each_get_their_own_replies },
    { "what the envelope says reaches the handler", what_the_envelope_says_reaches_the_handler },
    { "a failure arrives with its name and details", a_failure_arrives_with_its_name_and_details },
    { "every outcome is measured by method and code",
      every_outcome_is_measured_by_method_and_code },
    { "the same code serves within a process", the_same_code_serves_within_a_process },
};

int main(void)
{
    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
