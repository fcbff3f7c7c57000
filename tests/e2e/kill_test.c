/* kill_test.c - kill -9 of one process under load, for every process and engine: no order
 * that was answered 201 is lost, none is charged twice, nothing is sold that is not there,
 * stock adds up, and every order comes to its end. Checked with SQL. Some orders ask for a
 * product that too many want, some are paid with a card that is declined or never
 * answered, so that it is also compensations that are cut off. The arguments name who is
 * killed, one after another. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load.h"
#include "tests/e2e/stack_shop.h"

enum {
    RATE = 300,
    SECONDS = 8,
    KILL_AT_S = 2,
    REQUESTS_MAX = RATE * SECONDS,
    HEAL_S = 60,
    SCARCE_UNITS = 200, /* for REQUESTS_MAX / 5 who want one */
};

typedef struct Scene {
    Stack stack;
    const char *victim;
    pid_t pid;
    char token[64];
    int64_t plenty;
    int64_t scarce;
    char scarce_name[64];
    bool killed;
    short statuses[REQUESTS_MAX]; /* the answer to each request; 0: none that decides */
} Scene;

static Scene scene;

static bool wants_scarce(uint64_t n)
{
    return n % 5 == 2;
}

static const char *payment_of(uint64_t n)
{
    return n % 7 == 3 ? "tok_declined" : n % 11 == 5 ? "tok_timeout" : "tok_ok";
}

static void body_of(uint64_t n, char *body, size_t size)
{
    (void)snprintf(body, size,
                   "{\"lines\":[{\"productId\":%lld,\"quantity\":1}],"
                   "\"payment\":{\"token\":\"%s\"}}",
                   (long long)(wants_scarce(n) ? scene.scarce : scene.plenty), payment_of(n));
}

/* True if that answer to request n ends the matter. */
static bool decides(uint64_t n, long http_status, const char *body)
{
    return http_status == 201 ||
           (http_status == 409 && wants_scarce(n) && strstr(body, "OUT_OF_STOCK") != NULL);
}

static size_t write_request(void *context, uint64_t n, char *buffer)
{
    char body[256];

    (void)context;
    body_of(n, body, sizeof body);
    return (size_t)snprintf(buffer, LOAD_REQUEST_MAX,
                            "POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\n"
                            "Authorization: Bearer %s\r\nIdempotency-Key: %s-%llu\r\n"
                            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                            scene.token, scene.victim, (unsigned long long)n, strlen(body), body);
}

static void on_answer(void *context, uint64_t n, int http_status, const char *body)
{
    (void)context;
    if (http_status != 0 && decides(n, http_status, body)) {
        scene.statuses[n] = (short)http_status;
    }
}

static void on_tick(void *context, double elapsed_s)
{
    (void)context;
    if (!scene.killed && elapsed_s >= KILL_AT_S) {
        scene.killed = true;
        expect(kill(scene.pid, SIGKILL) == 0);
    }
}

static void load_and_kill(void)
{
    static LoadResult result;
    const char *port = strrchr(scene.stack.running.url, ':');

    scene.pid = stack_pid(&scene.stack, scene.victim);
    expect(scene.pid > 0);
    Status status = load_run(&(LoadOptions){ .host = "127.0.0.1",
                                             .port = (uint16_t)atoi(port + 1),
                                             .connections = 32,
                                             .rate = RATE,
                                             .seconds = SECONDS,
                                             .count_max = REQUESTS_MAX,
                                             .request = write_request,
                                             .answer = on_answer,
                                             .tick = on_tick },
                             &result);
    expect(!status_failed(status));
    expect(scene.killed);
    (void)fprintf(stderr, "%s: %llu sent, %llu created, %llu refused, %llu broken\n", scene.victim,
                  (unsigned long long)result.sent, (unsigned long long)result.statuses[201],
                  (unsigned long long)result.statuses[409], (unsigned long long)result.lost);
    expect(result.statuses[201] > RATE); /* it worked before, so that there is what to lose */
}

/* What got no answer that decides is unknown: the same key again must tell the truth. */
static void ask_again(int n)
{
    char key[32];
    char body[256];
    HttpReply reply = { 0 };

    body_of((uint64_t)n, body, sizeof body);
    (void)snprintf(key, sizeof key, "%s-%d", scene.victim, n);
    for (int tries = 0; tries < HEAL_S * 10; tries++) {
        Status status = http_client_ask(scene.stack.http,
                                        &(HttpRequest){ .method = "POST",
                                                        .path = "/api/v1/orders",
                                                        .body = body,
                                                        .token = scene.token,
                                                        .key = key },
                                        &reply);
        if (!status_failed(status) && decides((uint64_t)n, reply.status, reply.body)) {
            scene.statuses[n] = (short)reply.status;
            return;
        }
        stack_pause();
    }
    (void)fprintf(stderr, "%s: %ld %s\n", key, reply.status, reply.body == NULL ? "" : reply.body);
    stack_fail(__FILE__, __LINE__, "an answer that decides");
}

static void ask_again_where_undecided(void)
{
    for (int n = 0; n < REQUESTS_MAX; n++) {
        if (scene.statuses[n] == 0) {
            ask_again(n);
        }
    }
}

/* Every 201 is an order, and no other answer is one. */
static void expect_nothing_lost(void)
{
    int64_t created = 0;
    char keys[64];

    for (int n = 0; n < REQUESTS_MAX; n++) {
        created += scene.statuses[n] == 201;
    }
    (void)snprintf(keys, sizeof keys, "%s-%%", scene.victim);
    expect(stack_number(&scene.stack,
                        "SELECT COUNT(DISTINCT order_id) FROM order_db.idempotency_key k"
                        " JOIN order_db.orders o USING (order_id) WHERE k.req_key LIKE ?",
                        keys) == created);
}

static void expect_no_oversell(void)
{
    int64_t sold = stack_number(&scene.stack,
                                "SELECT COALESCE(SUM(d.quantity), 0) FROM order_db.orders o"
                                " JOIN order_db.orders_detail d USING (order_id)"
                                " JOIN product_db.product p USING (product_id)"
                                " WHERE o.status = 'COMPLETED' AND p.name = ?",
                                scene.scarce_name);

    (void)fprintf(stderr, "%s: %lld of %d scarce units sold\n", scene.victim, (long long)sold,
                  SCARCE_UNITS);
    expect(sold > 0 && sold <= SCARCE_UNITS);
}

static void survives_the_death_of(const char *victim)
{
    scene.victim = victim;
    scene.killed = false;
    memset(scene.statuses, 0, sizeof scene.statuses);
    (void)snprintf(scene.scarce_name, sizeof scene.scarce_name, "Scarce %s", victim);
    scene.scarce = stack_create_product(&scene.stack, scene.scarce_name, 100, SCARCE_UNITS);
    load_and_kill();
    ask_again_where_undecided();
    stack_expect_settled(&scene.stack, HEAL_S);
    expect_nothing_lost();
    expect_no_oversell();
    stack_expect_gate_heals(&scene.stack, scene.scarce);
    expect(stack_pid(&scene.stack, victim) != scene.pid); /* and it is back */
}

int main(int argc, char **argv)
{
    expect(argc > 1);
    stack_open(&scene.stack);
    stack_login_new_member(&scene.stack, "victor", scene.token);
    scene.plenty = stack_create_product(&scene.stack, "Robust", 100, 1000000);
    for (int i = 1; i < argc; i++) {
        survives_the_death_of(argv[i]);
    }
    stack_close(&scene.stack);
    return 0;
}
