/* two_order_services_test.c - two processes of the order service, one database: a request
 * key is one order, whichever of them is asked, in turn or at the same instant. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/crypto/token.h"
#include "common/rpc/proto_arena.h"
#include "common/rpc/rpc_client.h"
#include "jumun/order/v1/order.pb-c.h"
#include "tests/e2e/order_twin.h"
#include "tests/e2e/stack_rpc.h"

enum {
    PLACE_ORDER, /* index in the service */
    SERVICES = 2,
    KEYS = 200, /* of a race */
    STOCK = 100000,
    QUEUE_MAX = 1024,
    DEADLINE_S = 20,
    TRIES_MAX = 50,
};

/* A PlaceOrder call with all it says and gets. */
typedef struct Placing {
    RpcClientCall call;
    Arena arena;
    Jumun__Order__V1__PlaceOrderRequest request;
    Jumun__Order__V1__PlaceOrderRequest__Line line;
    Jumun__Order__V1__PlaceOrderRequest__Line *lines[1];
    Jumun__Order__V1__PlaceOrderRequest__Payment payment;
    char key[32];
    char body[256]; /* the same as JSON */
    uint8_t hash[BODY_HASH_SIZE];
    bool again; /* it was told to try again, and did */
} Placing;

static Stack stack;
static OrderTwin twin;
static CallerKeyring keyring;
static RpcClient *services[SERVICES];
static char alice[64]; /* her token */
static uint64_t alice_id;
static int64_t product;
static int64_t orders;          /* all that should be there */
static size_t firsts[SERVICES]; /* races won */

/* -- asking -- */

static RpcClient *open_client(const char *url)
{
    RpcClient *client = NULL;

    expect(!status_failed(rpc_client_open(
        &(RpcClientOptions){ .urls = url,
                             .descriptor = &jumun__order__v1__order_service__descriptor,
                             .caller = "gateway",
                             .keyring = &keyring,
                             .queue_max = QUEUE_MAX,
                             .clock = clock_system() },
        &client)));
    return client;
}

static void placing_init(Placing *placing, const char *key, uint32_t quantity)
{
    memset(placing, 0, sizeof *placing);
    arena_init(&placing->arena, 4096, (size_t)64 * 1024);
    jumun__order__v1__place_order_request__init(&placing->request);
    jumun__order__v1__place_order_request__line__init(&placing->line);
    jumun__order__v1__place_order_request__payment__init(&placing->payment);
    placing->line.product_id = (uint64_t)product;
    placing->line.quantity = quantity;
    placing->lines[0] = &placing->line;
    placing->payment.token = proto_text("tok_ok");
    placing->request.lines = placing->lines;
    placing->request.n_lines = 1;
    placing->request.payment = &placing->payment;
    (void)snprintf(placing->key, sizeof placing->key, "%s", key);
    (void)snprintf(placing->body, sizeof placing->body,
                   "{\"lines\":[{\"productId\":%lld,\"quantity\":%u}],"
                   "\"payment\":{\"token\":\"tok_ok\"}}",
                   (long long)product, (unsigned)quantity);
    body_hash(placing->body, strlen(placing->body), placing->hash);
}

static void placing_deinit(Placing *placing)
{
    arena_deinit(&placing->arena);
}

/* Makes it ready to be sent, perhaps once more. */
static void prepare(Placing *placing)
{
    arena_reset(&placing->arena);
    placing->call = (RpcClientCall){
        .method = PLACE_ORDER,
        .message = &placing->request.base,
        .arena = &placing->arena,
        .deadline_us = clock_monotonic_us(clock_system()) + DEADLINE_S * US_PER_S,
        .member = { alice_id },
        .role = JUMUN__RPC__V1__ROLE__MEMBER,
        .request_key = placing->key,
        .request_hash = placing->hash,
    };
}

static bool says_try_again(const Placing *placing)
{
    StatusCode code = placing->call.status.code;

    return code == STATUS_UNAVAILABLE || code == STATUS_UNKNOWN || code == STATUS_ABORTED ||
           code == STATUS_DEADLINE_EXCEEDED;
}

/* Sends it again for as long as the answer is that this is to be done. */
static void persist(RpcClient *service, Placing *placing)
{
    for (int i = 0; i < TRIES_MAX && says_try_again(placing); i++) {
        stack_pause();
        placing->again = true;
        prepare(placing);
        (void)rpc_client_call_and_wait(service, &placing->call);
    }
}

static void place(RpcClient *service, Placing *placing)
{
    prepare(placing);
    (void)rpc_client_call_and_wait(service, &placing->call);
    persist(service, placing);
}

/* -- looking -- */

static const Jumun__Order__V1__Order *expect_order(const Placing *placing)
{
    if (status_failed(placing->call.status)) {
        (void)fprintf(stderr, "%s: %s %s\n", placing->key,
                      status_code_name(placing->call.status.code), placing->call.status.name);
    }
    expect(!status_failed(placing->call.status));
    return (const Jumun__Order__V1__Order *)placing->call.reply;
}

/* The same to the last byte, but for the mark that it was given before. */
static void expect_same_answer(const Placing *left, const Placing *right)
{
    Jumun__Order__V1__Order one = *expect_order(left);
    Jumun__Order__V1__Order other = *expect_order(right);
    uint8_t bytes[2][1024];

    one.replayed = false;
    other.replayed = false;
    expect(jumun__order__v1__order__get_packed_size(&one) <= sizeof bytes[0]);
    expect(jumun__order__v1__order__get_packed_size(&other) <= sizeof bytes[1]);
    size_t size = jumun__order__v1__order__pack(&one, bytes[0]);
    expect(jumun__order__v1__order__pack(&other, bytes[1]) == size);
    expect(one.order_id != 0 && memcmp(bytes[0], bytes[1], size) == 0);
}

static bool is_reuse(const Placing *placing)
{
    return placing->call.status.code == STATUS_INVALID_ARGUMENT &&
           strcmp(placing->call.status.name, "IDEMPOTENCY_KEY_REUSED") == 0;
}

static HttpReply ask_gateway(const Placing *placing)
{
    return stack_ask(&stack, &(HttpRequest){ .method = "POST",
                                             .path = "/api/v1/orders",
                                             .body = placing->body,
                                             .token = alice,
                                             .key = placing->key });
}

/* Each key has one order, and there are no others. */
static void expect_orders_of(const char *keys, int64_t count)
{
    expect(stack_number(&stack,
                        "SELECT COUNT(*) FROM order_db.idempotency_key WHERE req_key LIKE ?",
                        keys) == count);
    expect(stack_number(&stack,
                        "SELECT COUNT(DISTINCT o.order_id) FROM order_db.idempotency_key k"
                        " JOIN order_db.orders o USING (order_id, member_id)"
                        " WHERE k.req_key LIKE ?",
                        keys) == count);
    orders += count;
    expect(stack_number(&stack, "SELECT COUNT(*) FROM order_db.orders", NULL) == orders);
}

/* -- in turn -- */

static void the_same_request_gets_the_same_order_from_either_service(void)
{
    for (size_t first = 0; first < SERVICES; first++) {
        RpcClient *own = services[first];
        RpcClient *other = services[1 - first];
        Placing one;
        Placing repeat;

        placing_init(&one, first == 0 ? "same-0" : "same-1", 1);
        placing_init(&repeat, one.key, 1);
        place(own, &one);
        expect(!expect_order(&one)->replayed);
        place(other, &repeat);
        expect(expect_order(&repeat)->replayed);
        expect_same_answer(&one, &repeat);
        place(own, &repeat);
        expect(expect_order(&repeat)->replayed);
        expect_same_answer(&one, &repeat);

        stack_expect_status(ask_gateway(&one), 201);
        const char *mark = http_client_header(stack.http, "Idempotency-Replayed");
        expect(mark != NULL && strcmp(mark, "true") == 0);
        placing_deinit(&one);
        placing_deinit(&repeat);
    }
    expect_orders_of("same-%", SERVICES);
}

static void another_body_under_the_key_is_refused_by_either_service(void)
{
    for (size_t first = 0; first < SERVICES; first++) {
        Placing one;
        Placing other;

        placing_init(&one, first == 0 ? "other-0" : "other-1", 1);
        placing_init(&other, one.key, 2);
        place(services[first], &one);
        expect(!expect_order(&one)->replayed);
        place(services[1 - first], &other);
        expect(is_reuse(&other));
        place(services[first], &other);
        expect(is_reuse(&other));

        HttpReply reply = ask_gateway(&other);
        stack_expect_status(reply, 422);
        expect(strcmp(json_text(reply.json, "code"), "IDEMPOTENCY_KEY_REUSED") == 0);
        placing_deinit(&one);
        placing_deinit(&other);
    }
    expect_orders_of("other-%", SERVICES);
}

/* -- at the same instant -- */

/* Who sends the requests to one of the services: `burst` at a time, together with the
 * other one. */
typedef struct Sender {
    pthread_t thread;
    RpcClient *service;
    Placing *placings; /* KEYS */
    size_t burst;
    bool backwards;
    pthread_barrier_t *start;
    sem_t answered;
} Sender;

static void count_answer(void *context)
{
    (void)sem_post(context);
}

static void *send_all(void *context)
{
    Sender *sender = context;

    for (size_t at = 0; at < KEYS; at += sender->burst) {
        (void)pthread_barrier_wait(sender->start);
        for (size_t i = 0; i < sender->burst; i++) {
            size_t index = at + (sender->backwards ? sender->burst - 1 - i : i);
            Placing *placing = &sender->placings[index];

            prepare(placing);
            placing->call.done = count_answer;
            placing->call.context = &sender->answered;
            rpc_client_call(sender->service, &placing->call);
        }
        for (size_t i = 0; i < sender->burst; i++) {
            while (sem_wait(&sender->answered) != 0) {
            }
        }
    }
    return NULL;
}

/* Sends what is in placings[0] to the one, in placings[1] to the other service. */
static void race(Placing placings[SERVICES][KEYS], size_t burst)
{
    Sender senders[SERVICES];
    pthread_barrier_t start;

    expect(KEYS % burst == 0 && pthread_barrier_init(&start, NULL, SERVICES) == 0);
    for (size_t i = 0; i < SERVICES; i++) {
        senders[i] = (Sender){ .service = services[i],
                               .placings = placings[i],
                               .burst = burst,
                               .backwards = i == 1,
                               .start = &start };
        expect(sem_init(&senders[i].answered, 0, 0) == 0);
        expect(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]) == 0);
    }
    for (size_t i = 0; i < SERVICES; i++) {
        expect(pthread_join(senders[i].thread, NULL) == 0);
        (void)sem_destroy(&senders[i].answered);
    }
    (void)pthread_barrier_destroy(&start);
    for (size_t i = 0; i < SERVICES; i++) {
        for (size_t k = 0; k < KEYS; k++) {
            persist(services[i], &placings[i][k]);
        }
    }
}

static void expect_one_order(const Placing *one, const Placing *other)
{
    bool first[SERVICES] = { !expect_order(one)->replayed, !expect_order(other)->replayed };

    expect_same_answer(one, other);
    expect(!(first[0] && first[1]));
    expect(first[0] || first[1] || one->again || other->again);
    firsts[0] += first[0] ? 1 : 0;
    firsts[1] += first[1] ? 1 : 0;
}

static void expect_one_order_and_one_refusal(const Placing *one, const Placing *other)
{
    expect(is_reuse(one) != is_reuse(other));
    (void)expect_order(is_reuse(one) ? other : one);
}

static void run_race(const char *name, size_t burst, bool same_body)
{
    static Placing placings[SERVICES][KEYS];
    char key[32];

    for (size_t k = 0; k < KEYS; k++) {
        (void)snprintf(key, sizeof key, "%s-%zu", name, k);
        placing_init(&placings[0][k], key, 1);
        placing_init(&placings[1][k], key, same_body ? 1 : 2);
    }
    race(placings, burst);
    for (size_t k = 0; k < KEYS; k++) {
        (same_body ? expect_one_order : expect_one_order_and_one_refusal)(&placings[0][k],
                                                                          &placings[1][k]);
        placing_deinit(&placings[0][k]);
        placing_deinit(&placings[1][k]);
    }
    (void)snprintf(key, sizeof key, "%s-%%", name);
    expect_orders_of(key, KEYS);
}

static void the_same_request_at_the_same_instant_is_one_order(void)
{
    run_race("single", 1, true);
}

static void many_requests_at_once_in_opposite_order_are_one_order_each(void)
{
    run_race("burst", KEYS, true);
}

static void of_two_bodies_at_the_same_instant_one_is_ordered_and_one_refused(void)
{
    run_race("bodies", 10, false);
}

int main(void)
{
    char url[STACK_URL_SIZE];

    expect(crypto_init());
    stack_open(&stack);
    order_twin_start(&stack, &twin);
    stack_login_new_member(&stack, "alice", alice);
    alice_id = (uint64_t)stack_number(
        &stack, "SELECT member_id FROM member_db.member WHERE login_id = ?", "alice");
    product = stack_create_product(&stack, "Contested", 100, STOCK);
    stack_rpc_keyring(&stack, &keyring);
    stack_rpc_url(&stack, "order", url);
    services[0] = open_client(url);
    services[1] = open_client(twin.rpc_url);
    orders = stack_number(&stack, "SELECT COUNT(*) FROM order_db.orders", NULL);

    the_same_request_gets_the_same_order_from_either_service();
    another_body_under_the_key_is_refused_by_either_service();
    the_same_request_at_the_same_instant_is_one_order();
    many_requests_at_once_in_opposite_order_are_one_order_each();
    of_two_bodies_at_the_same_instant_one_is_ordered_and_one_refused();
    (void)fprintf(stderr, "first: %zu, %zu\n", firsts[0], firsts[1]);
    expect(firsts[0] > 0 && firsts[1] > 0); /* or it was no race */

    stack_expect_settled(&stack, 60);
    expect(stack_number(&stack, "SELECT COUNT(*) FROM order_db.orders WHERE status = ?",
                        "COMPLETED") == orders);
    stack_expect_gate_heals(&stack, product);
    rpc_client_close(services[0]);
    rpc_client_close(services[1]);
    order_twin_stop(&twin);
    stack_close(&stack);
    return 0;
}
