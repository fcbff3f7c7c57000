/* silent_redis_test.c - Redis takes connections and says nothing: who was here a moment ago
 * still orders, and every order comes to its end. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/e2e/stack_shop.h"

static Stack stack;

static void orders_are_taken_while_redis_is_silent(const char *token, int64_t product)
{
    pid_t redis = stack_pid(&stack, "redis");
    char code[STACK_CODE_SIZE] = "";

    stack_expect_order_works(&stack, token, product, code);
    expect(redis > 0 && kill(redis, SIGSTOP) == 0);
    for (int i = 0; i < 5; i++) {
        HttpReply reply = stack_place_order(&stack, token, product, 1, "tok_ok");
        (void)fprintf(stderr, "without Redis: %ld %s\n", reply.status,
                      json_text(reply.json, "status"));
        if (reply.status != 201) {
            (void)kill(redis, SIGCONT); /* it is to end with the others */
        }
        stack_expect_status(reply, 201);
        (void)snprintf(code, sizeof code, "%s", json_text(reply.json, "orderCode"));
        (void)stack_expect_order_becomes(&stack, token, code, "COMPLETED");
    }
    expect(kill(redis, SIGCONT) == 0);
    stack_expect_settled(&stack, 30);
    stack_expect_gate_heals(&stack, product);
    stack_expect_order_works(&stack, token, product, code);
    expect(stack_pid(&stack, "redis") == redis);
}

int main(void)
{
    char alice[64];

    stack_open(&stack);
    stack_login_new_member(&stack, "alice", alice);
    orders_are_taken_while_redis_is_silent(alice,
                                           stack_create_product(&stack, "Patient", 100, 100));
    stack_close(&stack);
    return 0;
}
