/* restart_test.c - `jumun up`, `jumun down` and `jumun up` again in the same directory:
 * what was bought is still bought, and the shop goes on where it was - also if its owner
 * has changed what the demo needs. */
#include <stdio.h>
#include <string.h>

#include "tests/e2e/stack_shop.h"

static Stack stack;
static char said[STACK_SAID_SIZE];

static void change_admin_password(void)
{
    char body[256];

    (void)snprintf(body, sizeof body, "{\"current\":\"%s\",\"next\":\"the owner's own\"}",
                   stack.running.admin_password);
    stack_expect_status(stack_ask(&stack, &(HttpRequest){ .method = "PUT",
                                                          .path = "/api/v1/members/me/password",
                                                          .body = body,
                                                          .token = stack.admin_token }),
                        204);
}

/* Without the demo, which says how it is put right; what it says is done. */
static void open_though_the_demo_has_no_password(void)
{
    char command[512];

    expect(stack_run(&stack, "up", "--detach", said) == 0);
    expect(strstr(said, "BAD_CREDENTIALS") != NULL);
    expect(strstr(said, "warning: the demo could not be played") != NULL);
    expect(strstr(said, "jumun is open at ") != NULL);
    expect(stack_run(&stack, "demo", "", said) == 1); /* there it is an error */
    const char *advice = strstr(said, "admin create ");
    expect(advice != NULL);
    (void)snprintf(command, sizeof command, "%.*s", (int)strcspn(advice, "\n"), advice);
    expect(stack_run(&stack, command, "", said) == 0);
    expect(stack_run(&stack, "demo", "", said) == 0);
    stack_connect(&stack);
}

static void sell_out(void)
{
    HttpReply reply = stack_get(&stack, NULL, "/api/v1/products?limit=100");
    size_t index;
    json_t *item;

    /* The client's reply is gone with the next question. */
    json_t *items = json_incref(json_object_get(reply.json, "items"));
    json_array_foreach(items, index, item)
    {
        char path[128];
        char body[64];

        if (json_number(item, "quantity") == 0) {
            continue;
        }
        (void)snprintf(path, sizeof path, "/api/v1/products/%lld/decrease",
                       (long long)json_number(item, "productId"));
        (void)snprintf(body, sizeof body, "{\"quantity\":%lld}",
                       (long long)json_number(item, "quantity"));
        stack_expect_status(stack_ask(&stack, &(HttpRequest){ .method = "POST",
                                                              .path = path,
                                                              .body = body,
                                                              .token = stack.admin_token }),
                            200);
    }
    json_decref(items);
}

static void open_though_everything_is_sold(void)
{
    expect(stack_run(&stack, "up", "--detach", said) == 0);
    expect(strstr(said, "is in stock") != NULL);
    expect(strstr(said, "warning: the demo could not be played") != NULL);
    stack_connect(&stack);
}

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
    change_admin_password();
    HttpReply reply = order_once(alice, product);
    (void)snprintf(code, sizeof code, "%s", json_text(reply.json, "orderCode"));
    stack_down(&stack); /* at once: the order may be anywhere on its way */

    open_though_the_demo_has_no_password();
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
    sell_out();
    stack_down(&stack);
    open_though_everything_is_sold();
    stack_close(&stack);
    return 0;
}
