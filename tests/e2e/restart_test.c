/* restart_test.c - `jumun up`, `jumun down` and `jumun up` again in the same directory:
 * what was bought is still bought, and the shop goes on where it was. */
#include <stdio.h>
#include <string.h>

#include "tests/e2e/stack_shop.h"

static Stack stack;

static HttpReply order_once(const char *token, int64_t product)
{
    char body[256];

    (void)snprintf(
        body, sizeof body,
        "{\"lines\":[{\"productId\":%lld,\"quantity\":1}],\"payment\":{\"token\":\"tok_ok\"}}",
        (long long)product);
    HttpReply reply = stack_ask(&stack, &(HttpRequest){ .method = "POST",
                                                        .path = "/api/v1/orders",
                                                        .body = body,
                                                        .token = token,
                                                        .key = "over-the-restart" });
    stack_expect_status(reply, 201);
    return reply;
}

int main(void)
{
    char alice[64];
    char code[STACK_CODE_SIZE];
    char next_code[STACK_CODE_SIZE];
    char path[128];

    stack_open(&stack);
    stack_login_new_member(&stack, "alice", alice);
    int64_t product = stack_create_product(&stack, "Lasting", 100, 10);
    HttpReply reply = order_once(alice, product);
    (void)snprintf(code, sizeof code, "%s", json_text(reply.json, "orderCode"));
    stack_down(&stack); /* at once: the order may be anywhere on its way */

    stack_up(&stack);
    (void)stack_expect_order_becomes(&stack, alice, code, "COMPLETED"); /* her session, too */
    (void)snprintf(path, sizeof path, "/api/v1/orders/%s/timeline", code);
    reply = stack_ask(&stack, &(HttpRequest){ .method = "GET", .path = path, .token = alice });
    stack_expect_status(reply, 200);
    expect(json_array_size(reply.json) == 4);
    reply = order_once(alice, product); /* the same key is still the same order */
    expect(strcmp(json_text(reply.json, "orderCode"), code) == 0);
    stack_expect_order_works(&stack, alice, product, next_code);
    stack_expect_settled(&stack, 30);
    expect(stack_number(&stack,
                        "SELECT reserved FROM product_db.stock s"
                        " JOIN product_db.product p USING (product_id) WHERE p.name = ?",
                        "Lasting") == 2);
    stack_close(&stack);
    return 0;
}
