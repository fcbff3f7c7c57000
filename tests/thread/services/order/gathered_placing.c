#include "tests/thread/services/order/gathered_placing.h"

#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jumun/order/v1/order.pb-c.h"

enum {
    PLACE_ORDER = 0, /* index in the service */
    REQUESTS = 32,   /* in a large batch: the other calls repeat them */
    UNITS = 1000000, /* enough for all */
};

/* -- what the relay hears -- */

static void on_nudge(void *context, const OrderId *orders, size_t count)
{
    CountingRelay *relay = context;

    assert(count > 0);
    if (orders[0].value <= CALLS_MAX) {
        atomic_store(&relay->mark, orders[0].value);
    } else {
        (void)atomic_fetch_add(&relay->nudges, 1);
    }
}

static void relay_open(CountingRelay *relay)
{
    char url[FIXTURE_URL_SIZE];

    fixture_url(url);
    assert(!status_failed(wake_publisher_open(url, &relay->publisher)));
    assert(!status_failed(wake_subscriber_open(url, on_nudge, relay, &relay->subscriber)));
}

static void relay_close(CountingRelay *relay)
{
    wake_subscriber_close(relay->subscriber);
    wake_publisher_close(relay->publisher);
}

static bool hears_mark(void *context)
{
    CountingRelay *relay = context;

    wake_publish(relay->publisher, &(OrderId){ relay->next_mark }, 1);
    return atomic_load(&relay->mark) == relay->next_mark;
}

/* Nudges heard so far. They come in order: whoever hears a mark has heard all before. */
static size_t nudges_of(CountingRelay *relay)
{
    relay->next_mark++;
    assert(eventually(hears_mark, relay));
    return atomic_load(&relay->nudges);
}

/* -- a service whose batches are as large as the test says -- */

/* In the place of order_placing_run, which the test calls itself: jobs wait for it here. */
static void gather(void *context, BatchJob **jobs, size_t count)
{
    GatheredPlacing *served = context;

    pthread_mutex_lock(&served->lock);
    memcpy(&served->gathered[served->gathered_count], jobs, count * sizeof(BatchJob *));
    served->gathered_count += count;
    pthread_mutex_unlock(&served->lock);
}

static void on_answered(void *context)
{
    (void)atomic_fetch_add(&((GatheredPlacing *)context)->answered, 1);
}

static void ask_for_order(GatheredPlacing *served, size_t request)
{
    static const uint8_t hash[BODY_HASH_SIZE] = { 1 };
    GatheredCall *call = &served->calls[served->asked++];
    Jumun__Order__V1__PlaceOrderRequest message;
    Jumun__Order__V1__PlaceOrderRequest__Line line;
    Jumun__Order__V1__PlaceOrderRequest__Line *lines[] = { &line };

    jumun__order__v1__place_order_request__init(&message);
    jumun__order__v1__place_order_request__line__init(&line);
    line.product_id = 1;
    line.quantity = 1;
    message.lines = lines;
    message.n_lines = 1;
    arena_init(&call->arena, 4096, (size_t)1024 * 1024);
    (void)snprintf(call->key, sizeof call->key, "k%zu", request);
    call->call =
        (RpcClientCall){ .method = PLACE_ORDER,
                         .message = &message.base,
                         .arena = &call->arena,
                         .deadline_us = clock_monotonic_us(clock_system()) + LONG_S * US_PER_S,
                         .member = { 7 },
                         .role = JUMUN__RPC__V1__ROLE__MEMBER,
                         .request_key = call->key,
                         .request_hash = hash,
                         .done = on_answered,
                         .context = served };
    rpc_client_call(served->client, &call->call);
}

static void open_server(GatheredPlacing *served, const char *url)
{
    Status status = rpc_server_open(
        &(RpcServerOptions){ .url = url,
                             .descriptor = &jumun__order__v1__order_service__descriptor,
                             .methods = order_api_methods,
                             .method_count = ORDER_API_METHOD_COUNT,
                             .messages_max = 16,
                             .service = &served->api,
                             .keyring = fixture_keyring(),
                             .clock = clock_system() },
        &served->server);

    assert(!status_failed(status));
}

GatheredPlacing *serve_gathered(void)
{
    GatheredPlacing *served = calloc(1, sizeof *served);

    assert(served != NULL && pthread_mutex_init(&served->lock, NULL) == 0);
    moved_clock_init(&served->clock);
    served->world = order_world_open();
    served->world->place.clock = &served->clock.clock;
    served->world->products[0].on_hand = UNITS;
    id_source_init(&served->ids, &served->clock.clock, 5);
    relay_open(&served->relay);
    served->placing = (OrderPlacing){ .app = served->world->place,
                                      .ids = &served->ids,
                                      .wake = served->relay.publisher,
                                      .pressure = &served->pressure };
    assert(!status_failed(batcher_open(
        &(BatcherOptions){ gather, served, CALLS_MAX, PLACE_ORDERS_MAX }, &served->api.placing)));
    return served;
}

/* Asks for so many large batches before there is a server: so that calls wait for a
 * connection, and come in full messages. */
void start_gathered(GatheredPlacing *served, size_t large_batches)
{
    char url[FIXTURE_URL_SIZE];

    fixture_url(url);
    assert(!status_failed(rpc_client_open(
        &(RpcClientOptions){ .urls = url,
                             .descriptor = &jumun__order__v1__order_service__descriptor,
                             .caller = "gateway",
                             .keyring = fixture_keyring(),
                             .queue_max = CALLS_MAX,
                             .clock = clock_system() },
        &served->client)));
    for (size_t i = 0; i < large_batches * LARGE; i++) {
        ask_for_order(served, i / LARGE * REQUESTS + i % REQUESTS);
    }
    open_server(served, url);
}

void stop_gathered(GatheredPlacing *served)
{
    rpc_client_close(served->client);
    rpc_server_close(served->server);
    batcher_close(served->api.placing);
    relay_close(&served->relay);
    for (size_t i = 0; i < served->asked; i++) {
        assert(!status_failed(served->calls[i].call.status));
        arena_deinit(&served->calls[i].arena);
    }
    served->world->place.arena = served->placing.app.arena;
    order_world_close(served->world);
    (void)pthread_mutex_destroy(&served->lock);
    free(served);
}

typedef struct Wanted {
    GatheredPlacing *served;
    size_t count;
} Wanted;

static bool has_gathered(void *context)
{
    const Wanted *wanted = context;

    pthread_mutex_lock(&wanted->served->lock);
    bool has = wanted->served->gathered_count >= wanted->count;
    pthread_mutex_unlock(&wanted->served->lock);
    return has;
}

static bool has_answered(void *context)
{
    const Wanted *wanted = context;

    return atomic_load(&wanted->served->answered) >= wanted->count;
}

/* Runs a batch of exactly so many of the calls that were asked; returns the nudges for it. */
size_t place_gathered(GatheredPlacing *served, size_t count)
{
    BatchJob *jobs[PLACE_ORDERS_MAX];
    size_t before = nudges_of(&served->relay);
    size_t answered = atomic_load(&served->answered);

    assert(eventually(has_gathered, &(Wanted){ served, count }));
    pthread_mutex_lock(&served->lock);
    assert(served->gathered_count == count);
    memcpy(jobs, served->gathered, count * sizeof *jobs);
    served->gathered_count = 0;
    pthread_mutex_unlock(&served->lock);
    order_placing_run(&served->placing, jobs, count);
    assert(eventually(has_answered, &(Wanted){ served, answered + count }));
    return nudges_of(&served->relay) - before;
}

size_t place_one(GatheredPlacing *served)
{
    ask_for_order(served, served->asked + CALLS_MAX); /* unlike any other */
    return place_gathered(served, 1);
}
