/* Calls between a client and a server that are both well: pairing, batching, limits,
 * deadlines, draining. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/proto_arena.h"
#include "tests/thread/common/rpc/rpc_fixture.h"

/* Keeps calls until the test lets them go. */
typedef struct Parking {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    RpcCall *calls[256];
    size_t count;
    size_t messages;
} Parking;

static void park(void *service, RpcCall *const *calls, size_t count)
{
    Parking *parking = service;

    pthread_mutex_lock(&parking->lock);
    for (size_t i = 0; i < count; i++) {
        parking->calls[parking->count++] = calls[i];
    }
    parking->messages++;
    pthread_cond_broadcast(&parking->arrived);
    pthread_mutex_unlock(&parking->lock);
}

static void await_parked(Parking *parking, size_t count)
{
    pthread_mutex_lock(&parking->lock);
    while (parking->count < count) {
        pthread_cond_wait(&parking->arrived, &parking->lock);
    }
    pthread_mutex_unlock(&parking->lock);
}

/* Answers the calls first..first+count-1, in reverse. */
static void release_parked(Parking *parking, size_t first, size_t count)
{
    for (size_t i = first + count; i > first; i--) {
        echo_one(parking->calls[i - 1]);
    }
}

static Parking empty_parking(void)
{
    return (Parking){ .lock = PTHREAD_MUTEX_INITIALIZER, .arrived = PTHREAD_COND_INITIALIZER };
}

typedef struct Stage {
    char url[FIXTURE_URL_SIZE];
    RpcServer *server;
    RpcClient *client;
} Stage;

static void stage_open(Stage *stage, RpcHandler *handler, void *service, size_t queue_max)
{
    fixture_url(stage->url);
    stage->server =
        fixture_serve(&(ServeOptions){ .url = stage->url, .handler = handler, .service = service });
    stage->client = fixture_connect(stage->url, "gateway", queue_max);
}

static void stage_close(Stage *stage)
{
    rpc_client_close(stage->client);
    rpc_server_close(stage->server);
}

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

/* Calls in a loop: whoever is answered asks again, on nng's thread. */
typedef struct Loop {
    Asked asked;
    RpcClient *client;
    int left;
} Loop;

static void on_loop(void *context)
{
    Loop *loop = context;

    assert(loop->asked.call.status.code == STATUS_OK);
    assert(answered_product(&loop->asked) == loop->asked.request.product_id);
    if (--loop->left == 0) {
        atomic_fetch_add(&loop->asked.done, 1);
        return;
    }
    arena_reset(&loop->asked.arena);
    loop->asked.request.product_id++;
    ask(loop->client, &loop->asked);
}

typedef struct Tally {
    atomic_size_t messages;
    atomic_size_t calls;
    atomic_size_t largest;
} Tally;

static void tally(void *service, RpcCall *const *calls, size_t count)
{
    Tally *sums = service;

    atomic_fetch_add(&sums->messages, 1);
    atomic_fetch_add(&sums->calls, count);
    if (count > sums->largest) {
        sums->largest = count;
    }
    echo(NULL, calls, count);
}

static void calls_travel_together_under_load_and_alone_when_idle(void)
{
    enum {
        LOOPS = 64,
        ROUNDS = 200
    };
    Tally sums = { 0 };
    Stage stage;
    Loop *loops = calloc(LOOPS, sizeof *loops);

    stage_open(&stage, tally, &sums, LOOPS);
    for (uint64_t i = 0; i < 10; i++) {
        assert(ask_and_wait(stage.client, i, LONG_S * US_PER_S) == STATUS_OK);
    }
    assert(sums.messages == 10 && sums.calls == 10);
    for (size_t i = 0; i < LOOPS; i++) {
        asked_init(&loops[i].asked, i << 32, LONG_S * US_PER_S);
        loops[i].client = stage.client;
        loops[i].left = ROUNDS;
        loops[i].asked.call.done = on_loop;
        loops[i].asked.call.context = &loops[i];
    }
    for (size_t i = 0; i < LOOPS; i++) {
        ask(stage.client, &loops[i].asked);
    }
    for (size_t i = 0; i < LOOPS; i++) {
        await(&loops[i].asked);
        asked_deinit(&loops[i].asked);
    }
    assert(sums.calls == 10 + LOOPS * ROUNDS);
    assert(sums.calls > 2 * sums.messages); /* the mean batch is more than two */
    assert(sums.largest <= RPC_BATCH_MAX);
    stage_close(&stage);
    free(loops);
}

/* Fills all contexts of the channel with a parked call each, so that more calls queue. */
static void fill_contexts(Stage *stage, Parking *parking, Asked *asked)
{
    for (size_t i = 0; i < RPC_CLIENT_CONTEXTS; i++) {
        asked_init(&asked[i], i, LONG_S * US_PER_S);
        ask(stage->client, &asked[i]);
        await_parked(parking, i + 1);
    }
}

static void a_batch_holds_at_most_32_calls_and_a_call_that_is_alone_just_one(void)
{
    enum {
        QUEUED = 40
    };
    Parking parking = empty_parking();
    Stage stage;
    Asked asked[RPC_CLIENT_CONTEXTS + QUEUED];
    const size_t contexts = RPC_CLIENT_CONTEXTS;

    stage_open(&stage, park, &parking, QUEUED);
    fill_contexts(&stage, &parking, asked);
    for (size_t i = contexts; i < contexts + QUEUED; i++) {
        asked_init(&asked[i], i, LONG_S * US_PER_S);
        asked[i].call.alone = i == contexts;
        ask(stage.client, &asked[i]);
    }
    release_parked(&parking, 0, contexts);
    await_parked(&parking, contexts + QUEUED);
    /* the call that is alone, 32 of the others, the last 7 */
    assert(parking.messages == contexts + 3);
    release_parked(&parking, contexts, QUEUED);
    for (size_t i = 0; i < contexts + QUEUED; i++) {
        await(&asked[i]);
        assert(asked[i].call.status.code == STATUS_OK && answered_product(&asked[i]) == i);
        asked_deinit(&asked[i]);
    }
    stage_close(&stage);
}

static void a_full_queue_refuses_the_next_call_at_once(void)
{
    Parking parking = empty_parking();
    Stage stage;
    Asked asked[RPC_CLIENT_CONTEXTS + 2];
    Asked refused;
    const size_t contexts = RPC_CLIENT_CONTEXTS;

    stage_open(&stage, park, &parking, 2);
    fill_contexts(&stage, &parking, asked);
    for (size_t i = contexts; i < contexts + 2; i++) {
        asked_init(&asked[i], i, LONG_S * US_PER_S);
        ask(stage.client, &asked[i]);
    }
    asked_init(&refused, 99, LONG_S * US_PER_S);
    ask(stage.client, &refused);
    assert(refused.done == 1 && refused.call.status.code == STATUS_RESOURCE_EXHAUSTED);
    assert(strcmp(refused.call.status.name, "OVERLOADED") == 0);
    release_parked(&parking, 0, contexts);
    await_parked(&parking, contexts + 2);
    release_parked(&parking, contexts, 2);
    for (size_t i = 0; i < contexts + 2; i++) {
        await(&asked[i]);
        assert(asked[i].call.status.code == STATUS_OK);
        asked_deinit(&asked[i]);
    }
    asked_deinit(&refused);
    stage_close(&stage);
}

static void a_call_with_less_time_than_its_batch_ends_alone_and_its_late_reply_is_dropped(void)
{
    Parking parking = empty_parking();
    Stage stage;
    Asked asked[RPC_CLIENT_CONTEXTS + 2];
    const size_t contexts = RPC_CLIENT_CONTEXTS;
    Asked *hasty = &asked[contexts];
    Asked *patient = &asked[contexts + 1];

    stage_open(&stage, park, &parking, 16);
    fill_contexts(&stage, &parking, asked);
    asked_init(hasty, contexts, 300 * US_PER_MS);
    asked_init(patient, contexts + 1, LONG_S * US_PER_S);
    ask(stage.client, hasty);
    ask(stage.client, patient);
    release_parked(&parking, 0, 1); /* the two leave together */
    await_parked(&parking, contexts + 2);
    assert(parking.messages == contexts + 1);

    await(hasty);
    assert(hasty->call.status.code == STATUS_DEADLINE_EXCEEDED);
    asked_deinit(hasty); /* nothing may touch it any more: ASan watches */
    assert(patient->done == 0);
    release_parked(&parking, 1, contexts + 1);
    await(patient);
    assert(patient->call.status.code == STATUS_OK && answered_product(patient) == contexts + 1);
    assert(hasty->done == 1);
    for (size_t i = 0; i < contexts; i++) {
        await(&asked[i]);
        asked_deinit(&asked[i]);
    }
    asked_deinit(patient);
    stage_close(&stage);
}

static void a_call_that_expires_in_the_queue_is_never_sent(void)
{
    Parking parking = empty_parking();
    Stage stage;
    Asked asked[RPC_CLIENT_CONTEXTS];
    const size_t contexts = RPC_CLIENT_CONTEXTS;

    stage_open(&stage, park, &parking, 16);
    fill_contexts(&stage, &parking, asked);
    assert(ask_and_wait(stage.client, 7, 20 * US_PER_MS) == STATUS_DEADLINE_EXCEEDED);
    release_parked(&parking, 0, contexts);
    for (size_t i = 0; i < contexts; i++) {
        await(&asked[i]);
        asked_deinit(&asked[i]);
    }
    assert(parking.count == contexts);
    stage_close(&stage);
}

static void a_call_that_expired_while_parked_is_answered_by_rpc_call_expire(void)
{
    Parking parking = empty_parking();
    MovedClock moved;
    Stage stage;
    Asked asked;

    moved_clock_init(&moved);
    fixture_url(stage.url);
    stage.server = fixture_serve(&(ServeOptions){
        .url = stage.url, .handler = park, .service = &parking, .clock = &moved.clock });
    stage.client = fixture_connect(stage.url, "gateway", 4);
    asked_init(&asked, 1, 10 * US_PER_S);
    ask(stage.client, &asked);
    await_parked(&parking, 1);
    assert(!rpc_call_expire(parking.calls[0], moved.monotonic_us));
    moved.monotonic_us += 11 * US_PER_S;
    assert(rpc_call_expire(parking.calls[0], moved.monotonic_us));
    await(&asked);
    assert(asked.call.status.code == STATUS_DEADLINE_EXCEEDED);
    asked_deinit(&asked);
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
    char *text = long_text(RPC_MESSAGE_SIZE_MAX);
    Stage stage;
    Asked asked;

    stage_open(&stage, answer_at_length, text, 4);
    asked_init(&asked, 1, LONG_S * US_PER_S);
    Status status = rpc_client_call_and_wait(stage.client, &asked.call);
    assert(status.code == STATUS_INTERNAL && strcmp(status.name, "REPLY_TOO_LARGE") == 0);
    text[RPC_MESSAGE_SIZE_MAX / 2] = '\0';
    assert(ask_and_wait(stage.client, 2, LONG_S * US_PER_S) == STATUS_OK);
    asked_deinit(&asked);
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

static const NamedTest tests[] = {
    { "many threads each get their own replies", many_threads_each_get_their_own_replies },
    { "calls travel together under load and alone when idle",
      calls_travel_together_under_load_and_alone_when_idle },
    { "a batch holds at most 32 calls and a call that is alone just one",
      a_batch_holds_at_most_32_calls_and_a_call_that_is_alone_just_one },
    { "a full queue refuses the next call at once", a_full_queue_refuses_the_next_call_at_once },
    { "a call with less time than its batch ends alone and its late reply is dropped",
      a_call_with_less_time_than_its_batch_ends_alone_and_its_late_reply_is_dropped },
    { "a call that expires in the queue is never sent",
      a_call_that_expires_in_the_queue_is_never_sent },
    { "a call that expired while parked is answered by rpc_call_expire",
      a_call_that_expired_while_parked_is_answered_by_rpc_call_expire },
    { "what the envelope says reaches the handler", what_the_envelope_says_reaches_the_handler },
    { "a failure arrives with its name and details", a_failure_arrives_with_its_name_and_details },
    { "a reply that no message can carry is an error of the server",
      a_reply_that_no_message_can_carry_is_an_error_of_the_server },
    { "a large call travels alone and a too large one not at all",
      a_large_call_travels_alone_and_a_too_large_one_not_at_all },
    { "closing a server waits for the calls it has lent",
      closing_a_server_waits_for_the_calls_it_has_lent },
    { "closing a client cancels what is queued and what is in flight",
      closing_a_client_cancels_what_is_queued_and_what_is_in_flight },
    { "every outcome is measured by method and code",
      every_outcome_is_measured_by_method_and_code },
    { "the same code serves within a process", the_same_code_serves_within_a_process },
    { "a server with a wrong method table or address does not start",
      a_server_with_a_wrong_method_table_or_address_does_not_start },
};

int main(void)
{
    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
