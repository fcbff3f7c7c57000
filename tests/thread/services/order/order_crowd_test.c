/* Many who order at once: nobody gets what another has got. */
#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "tests/thread/services/order/order_api_fixture.h"

enum {
    CLIENTS = 8,
    ORDERS_EACH = 5
};

typedef struct Crowd {
    Served *served;
    uint64_t member;
    int placed;
} Crowd;

static void *order_many(void *context)
{
    Crowd *crowd = context;

    for (int i = 0; i < ORDERS_EACH; i++) {
        Cart cart;
        Call call;
        char key[16];

        cart_init(&cart);
        cart_add(&cart, 1, 1);
        (void)snprintf(key, sizeof key, "k%d", i);
        crowd->placed += place(crowd->served, &call, &cart, crowd->member, key) != NULL;
        assert(call.call.status.code == STATUS_OK ||
               strcmp(call.call.status.name, "OUT_OF_STOCK") == 0);
        arena_deinit(&call.arena);
    }
    return NULL;
}

static void sells_ten_units_to_ten_of_a_crowd(void)
{
    Served *served = serve();
    pthread_t threads[CLIENTS];
    Crowd crowds[CLIENTS];
    int placed = 0;

    for (size_t i = 0; i < CLIENTS; i++) {
        crowds[i] = (Crowd){ served, i + 1, 0 };
        assert(pthread_create(&threads[i], NULL, order_many, &crowds[i]) == 0);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        (void)pthread_join(threads[i], NULL);
        placed += crowds[i].placed;
    }
    assert(placed == 10 && served->world->db->order_count == 10);
    stop(served);
}

/* Each from its own connection, so that each is a message of its own, whose memory goes
 * with its answer. */
typedef struct Twin {
    Served *served;
    RpcClient *client;
    const char *key;
    uint64_t order;
    bool replayed;
} Twin;

static void *ask_as_the_others_do(void *context)
{
    Twin *twin = context;
    Cart cart;
    Call call;

    cart_init(&cart);
    for (uint64_t i = 0; i < ORDER_LINES_MAX; i++) { /* more than an arena's first block */
        cart_add(&cart, i % WORLD_PRODUCTS + 1, 1);
    }
    const Jumun__Order__V1__Order *reply = place_by(twin->client, &call, &cart, 7, twin->key);
    assert(reply != NULL && reply->n_lines == WORLD_PRODUCTS);
    for (size_t i = 0; i < reply->n_lines; i++) {
        assert(reply->lines[i]->product_id == i + 1);
        assert(reply->lines[i]->quantity == ORDER_LINES_MAX / WORLD_PRODUCTS);
        assert(strcmp(reply->lines[i]->name, twin->served->world->products[i].name) == 0);
    }
    twin->order = reply->order_id;
    twin->replayed = reply->replayed;
    arena_deinit(&call.arena);
    return NULL;
}

static void wait_until_handled(Served *served, size_t count)
{
    while (atomic_load(&served->handled) < count) {
        (void)sched_yield();
    }
}

static void answers_one_request_from_many_connections_in_one_batch(void)
{
    Served *served = serve();
    pthread_t threads[CLIENTS];
    Twin twins[CLIENTS];
    size_t replayed = 0;

    for (size_t i = 0; i < WORLD_PRODUCTS; i++) {
        served->world->products[i].on_hand = 1000;
    }
    atomic_store(&served->shut, true);
    for (size_t i = 0; i < CLIENTS; i++) {
        twins[i] = (Twin){ .served = served, .client = open_client(served) };
        twins[i].key = i == 0 ? "plug" : "same"; /* the first keeps the batch thread busy */
        assert(pthread_create(&threads[i], NULL, ask_as_the_others_do, &twins[i]) == 0);
        wait_until_handled(served, i + 1);
    }
    atomic_store(&served->shut, false);
    for (size_t i = 0; i < CLIENTS; i++) {
        (void)pthread_join(threads[i], NULL);
        rpc_client_close(twins[i].client);
        replayed += twins[i].replayed;
        assert(i < 2 || twins[i].order == twins[1].order);
    }
    assert(replayed == CLIENTS - 2 && served->world->db->order_count == 2);
    stop(served);
}

int main(void)
{
    static const NamedTest tests[] = {
        { "sells_ten_units_to_ten_of_a_crowd", sells_ten_units_to_ten_of_a_crowd },
        { "answers_one_request_from_many_connections_in_one_batch",
          answers_one_request_from_many_connections_in_one_batch },
    };

    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
