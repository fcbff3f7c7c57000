/* kill_test.c - kill -9 of one process under load, for every process and engine: no order
 * that was answered 201 is lost, none is charged twice, stock adds up, and every order
 * comes to its end. Checked with SQL. The arguments name who is killed, one after another. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load.h"
#include "tests/e2e/stack.h"

enum {
    RATE = 300,
    SECONDS = 8,
    KILL_AT_S = 2,
    REQUESTS_MAX = RATE * SECONDS,
    HEAL_S = 60,
};

typedef struct Scene {
    Stack stack;
    const char *victim;
    pid_t pid;
    char token[64];
    int64_t product;
    bool killed;
    short statuses[REQUESTS_MAX]; /* the answer to each request; 0: none */
} Scene;

static Scene scene;

static void body_of(char *body, size_t size)
{
    (void)snprintf(body, size,
                   "{\"lines\":[{\"productId\":%lld,\"quantity\":1}],"
                   "\"payment\":{\"token\":\"tok_ok\"}}",
                   (long long)scene.product);
}

static size_t write_request(void *context, uint64_t n, char *buffer)
{
    char body[256];

    (void)context;
    body_of(body, sizeof body);
    return (size_t)snprintf(buffer, LOAD_REQUEST_MAX,
                            "POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\n"
                            "Authorization: Bearer %s\r\nIdempotency-Key: %s-%llu\r\n"
                            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                            scene.token, scene.victim, (unsigned long long)n, strlen(body), body);
}

static void on_answer(void *context, uint64_t n, int http_status, const char *body)
{
    (void)context;
    (void)body;
    scene.statuses[n] = (short)http_status;
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
    (void)fprintf(stderr, "%s: %llu sent, %llu created, %llu broken\n", scene.victim,
                  (unsigned long long)result.sent, (unsigned long long)result.statuses[201],
                  (unsigned long long)result.lost);
    expect(result.statuses[201] > RATE); /* it worked before, so that there is what to lose */
}

/* What got no answer or a 5xx is unknown: the same key again must tell the truth. */
static void ask_again(void)
{
    for (int n = 0; n < REQUESTS_MAX; n++) {
        char key[32];
        char body[256];
        HttpReply reply = { 0 };
        int tries = 0;

        if (scene.statuses[n] == 201) {
            continue;
        }
        body_of(body, sizeof body);
        (void)snprintf(key, sizeof key, "%s-%d", scene.victim, n);
        do {
            (void)http_client_ask(scene.stack.http,
                                  &(HttpRequest){ .method = "POST",
                                                  .path = "/api/v1/orders",
                                                  .body = body,
                                                  .token = scene.token,
                                                  .key = key },
                                  &reply);
            tries++;
            if (reply.status != 201) {
                stack_pause();
            }
        } while (reply.status != 201 && tries < HEAL_S * 10);
        expect(reply.status == 201);
    }
}

static void expect_nothing_lost(void)
{
    char keys[64];

    (void)snprintf(keys, sizeof keys, "%s-%%", scene.victim);
    expect(stack_number(&scene.stack,
                        "SELECT COUNT(DISTINCT order_id) FROM order_db.idempotency_key k"
                        " JOIN order_db.orders o USING (order_id) WHERE k.req_key LIKE ?",
                        keys) == REQUESTS_MAX);
}

static void survives_the_death_of(const char *victim)
{
    scene.victim = victim;
    scene.killed = false;
    memset(scene.statuses, 0, sizeof scene.statuses);
    load_and_kill();
    ask_again();
    stack_expect_settled(&scene.stack, HEAL_S);
    expect_nothing_lost();
    expect(stack_pid(&scene.stack, victim) != scene.pid); /* and it is back */
}

int main(int argc, char **argv)
{
    expect(argc > 1);
    stack_open(&scene.stack);
    stack_login_new_member(&scene.stack, "victor", scene.token);
    scene.product = stack_create_product(&scene.stack, "Robust", 100, 1000000);
    for (int i = 1; i < argc; i++) {
        survives_the_death_of(argv[i]);
    }
    stack_close(&scene.stack);
    return 0;
}
