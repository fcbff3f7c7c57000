/* How servers and clients begin and end: with a method table, with calls under way. */
#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "tests/thread/common/rpc/rpc_stage.h"

static void a_server_with_a_wrong_method_table_or_address_does_not_start(void)
{
    const ProtobufCServiceDescriptor *descriptor = &jumun__product__v1__product_service__descriptor;
    RpcMethod methods[RPC_CLIENT_METHODS_MAX];
    RpcServerOptions options = {
        .url = "inproc://rpc-wrong-table",
        .descriptor = descriptor,
        .methods = methods,
        .method_count = descriptor->n_methods,
        .messages_max = 1,
        .keyring = fixture_keyring(),
        .clock = clock_system(),
    };
    RpcServer *server = NULL;

    for (unsigned i = 0; i < descriptor->n_methods; i++) {
        methods[i] = (RpcMethod){ descriptor->methods[i].name, echo, "gateway" };
    }
    options.method_count--; /* one is missing */
    assert(rpc_server_open(&options, &server).code == STATUS_INTERNAL);
    options.method_count++;
    methods[0].name = methods[1].name; /* one is there twice */
    assert(rpc_server_open(&options, &server).code == STATUS_INTERNAL);
    methods[0].name = "NoSuchMethod";
    assert(rpc_server_open(&options, &server).code == STATUS_INTERNAL);
    methods[0].name = descriptor->methods[0].name;
    options.url = "ipc:///tmp/never";
    assert(rpc_server_open(&options, &server).code == STATUS_INVALID_ARGUMENT);
    assert(server == NULL);

    char url[FIXTURE_URL_SIZE];
    fixture_url(url);
    options.url = url;
    assert(!status_failed(rpc_server_open(&options, &server)));
    RpcServer *second = NULL;
    Status status = rpc_server_open(&options, &second);
    assert(status.code == STATUS_UNAVAILABLE && strcmp(status.name, "PORT_TAKEN") == 0);
    assert(second == NULL);
    rpc_server_close(server);
    rpc_server_close(NULL);
    rpc_client_close(NULL);
}

static void *close_server(void *context)
{
    rpc_server_close(context);
    return NULL;
}

static void closing_a_server_waits_for_the_calls_it_has_lent(void)
{
    Parking parking = empty_parking();
    Stage stage;
    Asked asked[RPC_CLIENT_CONTEXTS];
    pthread_t closer;
    const size_t contexts = RPC_CLIENT_CONTEXTS;

    stage_open(&stage, park, &parking, 16);
    fill_contexts(&stage, &parking, asked);
    assert(pthread_create(&closer, NULL, close_server, stage.server) == 0);
    release_parked(&parking, 0, contexts);
    for (size_t i = 0; i < contexts; i++) {
        await(&asked[i]);
        assert(asked[i].call.status.code == STATUS_OK);
        asked_deinit(&asked[i]);
    }
    pthread_join(closer, NULL);
    rpc_client_close(stage.client);
}

static void closing_a_client_cancels_what_is_queued_and_what_is_in_flight(void)
{
    Parking parking = empty_parking();
    Stage stage;
    Asked asked[RPC_CLIENT_CONTEXTS + 3];
    const size_t contexts = RPC_CLIENT_CONTEXTS;

    stage_open(&stage, park, &parking, 16);
    fill_contexts(&stage, &parking, asked);
    for (size_t i = contexts; i < contexts + 3; i++) {
        asked_init(&asked[i], i, LONG_S * US_PER_S);
        ask(stage.client, &asked[i]);
    }
    rpc_client_close(stage.client);
    for (size_t i = 0; i < contexts + 3; i++) {
        assert(asked[i].done == 1 && asked[i].call.status.code == STATUS_CANCELLED);
        asked_deinit(&asked[i]);
    }
    release_parked(&parking, 0, contexts); /* answers that nobody waits for */
    rpc_server_close(stage.server);
}

static const NamedTest tests[] = {
    { "closing a server waits for the calls it has lent",
      closing_a_server_waits_for_the_calls_it_has_lent },
    { "closing a client cancels what is queued and what is in flight",
      closing_a_client_cancels_what_is_queued_and_what_is_in_flight },
    { "a server with a wrong method table or address does not start",
      a_server_with_a_wrong_method_table_or_address_does_not_start },
};

int main(void)
{
    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
