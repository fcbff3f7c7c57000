/* logins_test.c - logins and sessions through HTTP: what is over is over, also when Redis
 * has it back, and who cannot be served now learns when to come again. The member service
 * has one hash thread and room for one who waits for it. */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/e2e/stack_redis.h"
#include "tests/e2e/stack_shop.h"

enum {
    CROWD = 24, /* who log in at once */
    ROUNDS_MAX = 5,
    WRONG_MAX = 12,
    SIGNINS_MAX = 10000, /* far more than an address has, and it gets 10 more a second */
    HEAL_S = 30,
    VALUE_SIZE = 128,
};

#define PASSWORD      "correct horse battery" /* as of stack_login_new_member */
#define NEXT_PASSWORD "another horse battery"

static Stack stack;
static Redis *redis;

static HttpReply try_login(const char *login_id, const char *password)
{
    char body[256];

    (void)snprintf(body, sizeof body, "{\"loginId\":\"%s\",\"password\":\"%s\"}", login_id,
                   password);
    return stack_ask(
        &stack, &(HttpRequest){ .method = "POST", .path = "/api/v1/members/login", .body = body });
}

static void expect_throttled(HttpReply reply)
{
    stack_expect_problem(reply, 429, "LOGIN_THROTTLED");
    const char *after = http_client_header(stack.http, "Retry-After");
    expect(after != NULL && strtol(after, NULL, 10) >= 1);
}

static void expect_in(const char *token)
{
    stack_expect_status(stack_get(&stack, token, "/api/v1/members/me"), 200);
    stack_expect_status(stack_get(&stack, token, "/api/v1/orders"), 200);
}

static void expect_out(const char *token)
{
    stack_expect_problem(stack_get(&stack, token, "/api/v1/members/me"), 401, "UNAUTHENTICATED");
    stack_expect_problem(stack_get(&stack, token, "/api/v1/orders"), 401, "UNAUTHENTICATED");
}

static void log_out(const char *token)
{
    stack_expect_status(stack_ask(&stack, &(HttpRequest){ .method = "POST",
                                                          .path = "/api/v1/members/logout",
                                                          .token = token }),
                        204);
}

static HttpReply try_change(const char *token, const char *current, const char *next)
{
    char body[256];

    (void)snprintf(body, sizeof body, "{\"current\":\"%s\",\"next\":\"%s\"}", current, next);
    return stack_ask(&stack, &(HttpRequest){ .method = "PUT",
                                             .path = "/api/v1/members/me/password",
                                             .body = body,
                                             .token = token });
}

static void change_password(const char *token, const char *current, const char *next)
{
    stack_expect_status(try_change(token, current, next), 204);
}

/* ---- a full queue ---- */

typedef struct One {
    pthread_t thread;
    HttpClient *http;
    long status;
    bool limited; /* in so many words, with a Retry-After */
} One;

static pthread_barrier_t all_here;

static void *log_in_with_the_crowd(void *context)
{
    static const HttpRequest request = {
        .method = "POST",
        .path = "/api/v1/members/login",
        .body = "{\"loginId\":\"crowd\",\"password\":\"" PASSWORD "\"}",
    };
    One *one = context;
    HttpReply reply;

    (void)pthread_barrier_wait(&all_here);
    one->status = 0;
    if (!status_failed(http_client_ask(one->http, &request, &reply))) {
        const char *after = http_client_header(one->http, "Retry-After");
        one->status = reply.status;
        one->limited = reply.status == 429 &&
                       strcmp(json_text(reply.json, "code"), "RATE_LIMITED") == 0 &&
                       after != NULL && strtol(after, NULL, 10) >= 1;
    }
    return context;
}

/* How many were let in; the others were told to come again, and nothing else. */
static int crowd_in(One crowd[CROWD])
{
    int in = 0;

    for (int i = 0; i < CROWD; i++) {
        expect(pthread_create(&crowd[i].thread, NULL, log_in_with_the_crowd, &crowd[i]) == 0);
    }
    for (int i = 0; i < CROWD; i++) {
        expect(pthread_join(crowd[i].thread, NULL) == 0);
        if (crowd[i].status != 200 && !crowd[i].limited) {
            (void)fprintf(stderr, "login %d: %ld\n", i, crowd[i].status);
        }
        expect(crowd[i].status == 200 || crowd[i].limited);
        in += crowd[i].status == 200;
    }
    return in;
}

static void a_crowd_is_let_in_bit_by_bit_and_told_to_come_again(void)
{
    One crowd[CROWD] = { { 0 } };
    char token[64];
    int in = CROWD;

    stack_login_new_member(&stack, "crowd", token);
    expect(pthread_barrier_init(&all_here, NULL, CROWD) == 0);
    for (int i = 0; i < CROWD; i++) {
        expect(!status_failed(http_client_open(stack.running.url, &crowd[i].http)));
    }
    for (int i = 0; i < ROUNDS_MAX && in == CROWD; i++) {
        in = crowd_in(crowd);
    }
    (void)fprintf(stderr, "%d of %d were let in\n", in, CROWD);
    expect(in > 0 && in < CROWD);
    stack_expect_status(try_login("crowd", PASSWORD), 200); /* the queue is empty again */
    expect_in(token);                                       /* and who was in stays in */
    for (int i = 0; i < CROWD; i++) {
        http_client_close(crowd[i].http);
    }
    (void)pthread_barrier_destroy(&all_here);
}

static void who_guesses_must_wait_even_with_the_right_word(void)
{
    int64_t end_us = clock_monotonic_us(clock_system()) + HEAL_S * US_PER_S;
    char token[64];

    stack_login_new_member(&stack, "guessed", token);
    HttpReply reply = try_login("guessed", "a wrong password");
    for (int i = 1; reply.status == 401 && i < WRONG_MAX; i++) {
        expect(strcmp(json_text(reply.json, "code"), "BAD_CREDENTIALS") == 0);
        reply = try_login("guessed", "a wrong password");
    }
    expect_throttled(reply);
    reply = try_login("guessed", PASSWORD);
    while (reply.status != 200 && clock_monotonic_us(clock_system()) < end_us) {
        expect_throttled(reply);
        stack_pause(); /* real seconds must pass */
        reply = try_login("guessed", PASSWORD);
    }
    stack_expect_status(reply, 200);
    expect_in(token);
}

/* ---- sessions that are over ---- */

static int64_t traces(void)
{
    return stack_number(&stack,
                        "SELECT (SELECT COUNT(*) FROM order_db.orders)"
                        " + (SELECT COUNT(*) FROM order_db.idempotency_key)"
                        " + (SELECT COUNT(*) FROM payment_db.payment)",
                        NULL);
}

static void expect_orders_nothing(const char *token, int64_t product)
{
    int64_t before = traces();

    expect_out(token);
    stack_expect_problem(stack_place_order(&stack, token, product, 1, "tok_ok"), 401,
                         "UNAUTHENTICATED");
    expect(traces() == before);
    HttpReply reply =
        stack_get(&stack, stack.admin_token, "/api/v1/products/%lld/stock", (long long)product);
    expect(json_number(reply.json, "available") == 8);
    expect(json_number(reply.json, "gateAvailable") == 8);
}

static void an_expired_session_orders_nothing(void)
{
    int64_t product = stack_create_product(&stack, "Late", 100, 10);
    char idle[64];
    char old[64];
    char key[STACK_SESSION_KEY_SIZE];
    char code[STACK_CODE_SIZE];
    char value[VALUE_SIZE];
    uint64_t member = 0;
    int role = 0;
    int64_t created_us = 0;

    stack_login_new_member(&stack, "late", idle);
    stack_log_in(&stack, "late", PASSWORD, old);
    stack_expect_order_works(&stack, idle, product, code);
    stack_expect_order_works(&stack, old, product, code);
    stack_expect_settled(&stack, HEAL_S);

    stack_session_key(idle, key); /* not used for an hour */
    expect(stack_redis_tell(redis, "PEXPIREAT", key, "1")->integer == 1);
    expect_orders_nothing(idle, product);

    stack_session_key(old, key); /* begun more than a day ago */
    const RedisReply *reply = stack_redis_tell(redis, "GET", key, NULL);
    expect(reply->type == REDIS_TEXT &&
           sscanf(reply->text, "%" SCNu64 " %d %" SCNd64, &member, &role, &created_us) == 3);
    (void)snprintf(value, sizeof value, "%" PRIu64 " %d %" PRId64 " %" PRId64, member, role,
                   created_us, created_us + 1);
    (void)stack_redis_tell(redis, "SET", key, value);
    expect_orders_nothing(old, product);
}

static void a_logout_ends_one_session_and_no_other(void)
{
    char one[64];
    char other[64];

    stack_login_new_member(&stack, "leaving", one);
    stack_log_in(&stack, "leaving", PASSWORD, other);
    expect_in(one);
    log_out(one);
    expect_out(one);
    expect_in(other);
}

static void a_new_password_ends_all_sessions_but_the_one_that_set_it(void)
{
    char asking[64];
    char other[2][64];

    stack_login_new_member(&stack, "changing", asking);
    for (int i = 0; i < 2; i++) {
        stack_log_in(&stack, "changing", PASSWORD, other[i]);
        expect_in(other[i]);
    }
    change_password(asking, PASSWORD, NEXT_PASSWORD);
    expect_out(other[0]);
    expect_out(other[1]);
    expect_in(asking);
    stack_expect_problem(try_login("changing", PASSWORD), 401, "BAD_CREDENTIALS");
    stack_expect_status(try_login("changing", NEXT_PASSWORD), 200);
}

/* ---- Redis rolled back ---- */

static void keep_session(const char *token, char ret_value[VALUE_SIZE])
{
    char key[STACK_SESSION_KEY_SIZE];

    stack_session_key(token, key);
    const RedisReply *reply = stack_redis_tell(redis, "GET", key, NULL);
    expect(reply->type == REDIS_TEXT);
    (void)snprintf(ret_value, VALUE_SIZE, "%s", reply->text);
}

static void bring_back(const char *token, const char *value)
{
    char key[STACK_SESSION_KEY_SIZE];

    stack_session_key(token, key);
    expect(stack_redis_tell(redis, "GET", key, NULL)->type == REDIS_NIL); /* it had gone */
    (void)stack_redis_tell(redis, "SET", key, value);
}

/* A gateway that remembers nothing. */
static void restart_gateway(void)
{
    int64_t end_us = clock_monotonic_us(clock_system()) + HEAL_S * US_PER_S;
    HttpRequest ready = { .method = "GET", .path = "/readyz" };
    HttpReply reply = { 0 };
    pid_t gateway = stack_pid(&stack, "gateway");

    expect(gateway > 0 && kill(gateway, SIGKILL) == 0);
    while (status_failed(http_client_ask(stack.http, &ready, &reply)) || reply.status != 200) {
        expect(clock_monotonic_us(clock_system()) < end_us);
        stack_pause();
    }
    expect(stack_pid(&stack, "gateway") != gateway);
}

static void what_redis_brings_back_stays_over(void)
{
    char left[64];
    char staying[64];
    char other[64];
    char asking[64];
    char left_value[VALUE_SIZE];
    char other_value[VALUE_SIZE];

    stack_login_new_member(&stack, "leaver", left);
    stack_log_in(&stack, "leaver", PASSWORD, staying);
    stack_login_new_member(&stack, "renewer", other);
    stack_log_in(&stack, "renewer", PASSWORD, asking);
    expect_in(left);
    expect_in(other);
    keep_session(left, left_value);
    keep_session(other, other_value);
    log_out(left);
    change_password(asking, PASSWORD, NEXT_PASSWORD);
    bring_back(left, left_value);
    bring_back(other, other_value);
    expect_out(left);
    expect_out(other);
    restart_gateway();
    expect_out(left);
    expect_out(other);
    expect_in(staying);
    expect_in(asking);
}

/* ---- too many ---- */

/* The last: nobody signs in from here for a while. */
static void password_changes_are_limited_like_logins(void)
{
    char token[64];

    stack_login_new_member(&stack, "restless", token);
    HttpReply reply = try_change(token, PASSWORD, PASSWORD);
    stack_expect_fault(reply, "/next");
    for (int i = 1; reply.status == 400 && i < SIGNINS_MAX; i++) {
        reply = try_change(token, PASSWORD, PASSWORD);
    }
    stack_expect_problem(reply, 429, "RATE_LIMITED");
    expect(http_client_header(stack.http, "Retry-After") != NULL);
    expect_in(token); /* nothing else is */
}

int main(void)
{
    expect(crypto_init());
    expect(setenv("JUMUN_MEMBER_HASH_THREADS", "1", 1) == 0);
    expect(setenv("JUMUN_MEMBER_HASH_QUEUE", "1", 1) == 0);
    stack_open(&stack);
    redis = stack_redis_open(&stack);
    a_crowd_is_let_in_bit_by_bit_and_told_to_come_again();
    who_guesses_must_wait_even_with_the_right_word();
    an_expired_session_orders_nothing();
    a_logout_ends_one_session_and_no_other();
    a_new_password_ends_all_sessions_but_the_one_that_set_it();
    what_redis_brings_back_stays_over();
    password_changes_are_limited_like_logins();
    redis_close(redis);
    stack_close(&stack);
    return 0;
}
