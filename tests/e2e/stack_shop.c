#include "tests/e2e/stack_shop.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"

enum {
    FOLLOW_S = 30,
    GATE_HEAL_S = 10, /* twice what is promised: it is a busy machine */
};

void stack_login_new_member(Stack *stack, const char *login_id, char ret_token[64])
{
    char body[512];

    (void)snprintf(body, sizeof body,
                   "{\"loginId\":\"%s\",\"password\":\"correct horse battery\",\"name\":\"%s\"}",
                   login_id, login_id);
    HttpReply reply = stack_ask(
        stack, &(HttpRequest){ .method = "POST", .path = "/api/v1/members/signup", .body = body });
    stack_expect_status(reply, 201);
    stack_log_in(stack, login_id, "correct horse battery", ret_token);
}

int64_t stack_create_product(Stack *stack, const char *name, int64_t price, int64_t quantity)
{
    char body[512];

    (void)snprintf(body, sizeof body, "{\"name\":\"%s\",\"price\":%lld,\"quantity\":%lld}", name,
                   (long long)price, (long long)quantity);
    HttpReply reply = stack_ask(stack, &(HttpRequest){ .method = "POST",
                                                       .path = "/api/v1/products",
                                                       .body = body,
                                                       .token = stack->admin_token });
    stack_expect_status(reply, 201);
    return json_number(reply.json, "productId");
}

HttpReply stack_place_order(Stack *stack, const char *token, int64_t product, int quantity,
                            const char *payment)
{
    static const char *const wait[] = { "Prefer: wait=20", NULL };
    static unsigned keys; /* a new request key each time */
    char body[256];
    char key[32];

    (void)snprintf(
        body, sizeof body,
        "{\"lines\":[{\"productId\":%lld,\"quantity\":%d}],\"payment\":{\"token\":\"%s\"}}",
        (long long)product, quantity, payment);
    (void)snprintf(key, sizeof key, "key-%u", ++keys);
    return stack_ask(stack, &(HttpRequest){ .method = "POST",
                                            .path = "/api/v1/orders",
                                            .body = body,
                                            .token = token,
                                            .key = key,
                                            .headers = wait });
}

HttpReply stack_expect_order_becomes(Stack *stack, const char *token, const char *code,
                                     const char *state)
{
    int64_t end_us = clock_monotonic_us(clock_system()) + FOLLOW_S * US_PER_S;
    char path[128];
    HttpReply reply;

    (void)snprintf(path, sizeof path, "/api/v1/orders/%s", code);
    do {
        reply = stack_ask(stack, &(HttpRequest){ .method = "GET", .path = path, .token = token });
        if (reply.status == 200 && strcmp(json_text(reply.json, "status"), state) == 0) {
            return reply;
        }
        stack_pause();
    } while (clock_monotonic_us(clock_system()) < end_us);
    (void)fprintf(stderr, "not %s: %ld %s\n", state, reply.status, reply.body);
    stack_fail(__FILE__, __LINE__, "the order in that state");
}

void stack_expect_order_works(Stack *stack, const char *token, int64_t product,
                              char ret_code[STACK_CODE_SIZE])
{
    HttpReply reply = stack_place_order(stack, token, product, 1, "tok_ok");

    stack_expect_status(reply, 201);
    (void)snprintf(ret_code, STACK_CODE_SIZE, "%s", json_text(reply.json, "orderCode"));
    (void)stack_expect_order_becomes(stack, token, ret_code, "COMPLETED");
}

void stack_expect_gate_heals(Stack *stack, int64_t product)
{
    int64_t end_us = clock_monotonic_us(clock_system()) + GATE_HEAL_S * US_PER_S;
    char path[128];
    HttpReply reply;

    (void)snprintf(path, sizeof path, "/api/v1/products/%lld/stock", (long long)product);
    do {
        reply = stack_ask(
            stack, &(HttpRequest){ .method = "GET", .path = path, .token = stack->admin_token });
        stack_expect_status(reply, 200);
        if (json_is_integer(json_object_get(reply.json, "drift")) &&
            json_number(reply.json, "drift") == 0) {
            return;
        }
        stack_pause();
    } while (clock_monotonic_us(clock_system()) < end_us);
    (void)fprintf(stderr, "%s\n", reply.body);
    stack_fail(__FILE__, __LINE__, "no drift");
}
