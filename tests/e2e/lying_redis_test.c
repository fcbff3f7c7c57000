/* lying_redis_test.c - Redis has lost or mistaken something: that costs a login or an
 * order that is cancelled uncharged, never stock or money. */
#include <stdio.h>
#include <string.h>

#include "tests/e2e/stack_redis.h"
#include "tests/e2e/stack_shop.h"

static Stack stack;
static Redis *redis;
static char alice[64];

static void tell_redis(const char *verb, const char *key, const char *value)
{
    const RedisReply *reply = stack_redis_tell(redis, verb, key, value);

    expect(reply->type != REDIS_INTEGER || reply->integer == 1); /* it was there */
}

static void a_gate_that_promises_too_much_costs_a_cancelled_order_and_no_stock(void)
{
    int64_t product = stack_create_product(&stack, "Promised", 100, 3);
    char key[64];
    char code[STACK_CODE_SIZE];
    HttpReply reply;
    int tries = 0;

    /* The sweep may set the gate right in between: then it is told the lie again. */
    do {
        (void)snprintf(key, sizeof key, "stock:{%lld}", (long long)product);
        tell_redis("SET", key, "1000");
        reply = stack_place_order(&stack, alice, product, 4, "tok_ok");
    } while (reply.status == 409 && ++tries < 5);
    stack_expect_status(reply, 201);
    (void)snprintf(code, sizeof code, "%s", json_text(reply.json, "orderCode"));
    reply = stack_expect_order_becomes(&stack, alice, code, "CANCELLED");
    expect(strcmp(json_text(reply.json, "reason"), "OUT_OF_STOCK") == 0);

    stack_expect_settled(&stack, 30);
    expect(stack_number(&stack,
                        "SELECT s.on_hand * 10 + s.reserved FROM product_db.stock s"
                        " JOIN product_db.product p USING (product_id) WHERE p.name = ?",
                        "Promised") == 30);
    expect(stack_number(&stack,
                        "SELECT COUNT(*) FROM payment_db.payment p"
                        " JOIN order_db.orders_detail d USING (order_id) WHERE d.quantity = ?",
                        "4") == 0);
    stack_expect_gate_heals(&stack, product);
    stack_expect_order_works(&stack, alice, product, code);
}

static void a_gate_that_knows_nothing_is_filled_again(void)
{
    int64_t product = stack_create_product(&stack, "Forgotten", 100, 3);
    char key[64];
    char code[STACK_CODE_SIZE];

    (void)snprintf(key, sizeof key, "stock:{%lld}", (long long)product);
    stack_expect_order_works(&stack, alice, product, code); /* now the gate knows it */
    tell_redis("DEL", key, NULL);
    stack_expect_order_works(&stack, alice, product, code);
    stack_expect_settled(&stack, 30);
    stack_expect_gate_heals(&stack, product);
}

static void a_session_that_redis_has_lost_is_logged_out(void)
{
    HttpRequest me = { .method = "GET", .path = "/api/v1/members/me", .token = alice };
    char key[STACK_SESSION_KEY_SIZE];

    stack_expect_status(stack_ask(&stack, &me), 200);
    stack_session_key(alice, key);
    tell_redis("DEL", key, NULL);
    HttpReply reply = stack_ask(&stack, &me);
    stack_expect_status(reply, 401);
    expect(stack_place_order(&stack, alice, 1, 1, "tok_ok").status == 401);
}

int main(void)
{
    expect(crypto_init());
    stack_open(&stack);
    stack_login_new_member(&stack, "alice", alice);
    redis = stack_redis_open(&stack);
    a_gate_that_promises_too_much_costs_a_cancelled_order_and_no_stock();
    a_gate_that_knows_nothing_is_filled_again();
    a_session_that_redis_has_lost_is_logged_out();
    redis_close(redis);
    stack_close(&stack);
    return 0;
}
