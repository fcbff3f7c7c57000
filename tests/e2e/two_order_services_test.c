/* two_order_services_test.c - two processes of the order service, one database: a request
 * key is one order, whichever of them is asked, in turn or at the same instant. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto/token.h"
#include "tests/e2e/order_twin.h"
#include "tests/e2e/placing.h"
#include "tests/e2e/stack_rpc.h"
#include "tests/e2e/stack_shop.h"

enum {
    SERVICES = 2,
    KEYS = 200, /* of a race */
    STOCK = 100000,
};

static Stack stack;
static OrderTwin twin;
static RpcClient *services[SERVICES];
static char alice[64];          /* her token */
static PlacingSubject subject;  /* she, and what she orders */
static int64_t orders;          /* all that should be there */
static size_t firsts[SERVICES]; /* races won */

/* -- looking -- */

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

        placing_init(&one, &subject, first == 0 ? "same-0" : "same-1", 1);
        placing_init(&repeat, &subject, one.key, 1);
        placing_send(own, &one);
        expect(!placing_expect_order(&one)->replayed);
        placing_send(other, &repeat);
        expect(placing_expect_order(&repeat)->replayed);
        placing_expect_same(&one, &repeat);
        placing_send(own, &repeat);
        expect(placing_expect_order(&repeat)->replayed);
        placing_expect_same(&one, &repeat);

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

        placing_init(&one, &subject, first == 0 ? "other-0" : "other-1", 1);
        placing_init(&other, &subject, one.key, 2);
        placing_send(services[first], &one);
        expect(!placing_expect_order(&one)->replayed);
        placing_send(services[1 - first], &other);
        expect(placing_is_reuse(&other));
        placing_send(services[first], &other);
        expect(placing_is_reuse(&other));

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

            placing_prepare(placing);
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
            placing_persist(services[i], &placings[i][k]);
        }
    }
}

static void expect_one_order(const Placing *one, const Placing *other)
{
    bool first[SERVICES] = { !placing_expect_order(one)->replayed,
                             !placing_expect_order(other)->replayed };

    placing_expect_same(one, other);
    expect(!(first[0] && first[1]));
    expect(first[0] || first[1] || one->again || other->again);
    firsts[0] += first[0] ? 1 : 0;
    firsts[1] += first[1] ? 1 : 0;
}

static void expect_one_order_and_one_refusal(const Placing *one, const Placing *other)
{
    expect(placing_is_reuse(one) != placing_is_reuse(other));
    (void)placing_expect_order(placing_is_reuse(one) ? other : one);
}

static void run_race(const char *name, size_t burst, bool same_body)
{
    static Placing placings[SERVICES][KEYS];
    char key[32];

    for (size_t k = 0; k < KEYS; k++) {
        (void)snprintf(key, sizeof key, "%s-%zu", name, k);
        placing_init(&placings[0][k], &subject, key, 1);
        placing_init(&placings[1][k], &subject, key, same_body ? 1 : 2);
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
    static CallerKeyring keyring;
    char url[STACK_URL_SIZE];

    expect(crypto_init());
    stack_open(&stack);
    order_twin_start(&stack, &twin);
    stack_login_new_member(&stack, "alice", alice);
    subject.member.value = (uint64_t)stack_number(
        &stack, "SELECT member_id FROM member_db.member WHERE login_id = ?", "alice");
    subject.product.value = (uint64_t)stack_create_product(&stack, "Contested", 100, STOCK);
    stack_rpc_keyring(&stack, &keyring);
    stack_rpc_url(&stack, "order", url);
    services[0] = placing_client_open(url, &keyring);
    services[1] = placing_client_open(twin.rpc_url, &keyring);
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
    stack_expect_gate_heals(&stack, (int64_t)subject.product.value);
    rpc_client_close(services[0]);
    rpc_client_close(services[1]);
    order_twin_stop(&twin);
    stack_close(&stack);
    return 0;
}
