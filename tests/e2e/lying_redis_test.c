/* lying_redis_test.c - Redis has lost or mistaken something: that costs a login or an
 * order that is cancelled uncharged, never stock or money. */
#include <stdio.h>
#include <string.h>

#include "common/crypto/token.h"
#include "common/redis/redis.h"
#include "tests/e2e/stack.h"

static Stack stack;
static Redis *redis;
static char alice[64];

static void tell_redis(const char *verb, const char *key, const char *value)
{
    const char *const words[] = { verb, key, value };
    const RedisReply *replies;
    size_t count;

    redis_append(redis, value == NULL ? 2 : 3, words, NULL);
    expect(!status_failed(redis_run(redis, &replies, &count)));
    expect(count == 1 && replies[0].type != REDIS_ERROR);
    expect(replies[0].type != REDIS_INTEGER || replies[0].integer == 1); /* it was there */
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
    uint8_t hash[TOKEN_HASH_SIZE];
    char key[5 + TOKEN_HASH_HEX_SIZE] = "sess:";

    stack_expect_status(stack_ask(&stack, &me), 200);
    expect(token_hash(alice, hash));
    token_hash_hex(hash, key + 5);
    tell_redis("DEL", key, NULL);
    HttpReply reply = stack_ask(&stack, &me);
    stack_expect_status(reply, 401);
    expect(stack_place_order(&stack, alice, 1, 1, "tok_ok").status == 401);
}

int main(void)
{
    char url[STACK_URL_SIZE];

    expect(crypto_init());
    stack_open(&stack);
    stack_login_new_member(&stack, "alice", alice);
    stack_engine_url(&stack, "REDIS", url);
    expect(!status_failed(redis_open(url, 5000, &redis)));
    a_gate_that_promises_too_much_costs_a_cancelled_order_and_no_stock();
    a_gate_that_knows_nothing_is_filled_again();
    a_session_that_redis_has_lost_is_logged_out();
    redis_close(redis);
    stack_close(&stack);
    return 0;
}
