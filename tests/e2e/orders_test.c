/* orders_test.c - the main job through HTTP: orders, from their placing to their end, and
 * what everybody is refused. The built programs and real engines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/stack_shop.h"

static Stack stack;
static char alice[64];
static char bob[64];

static int64_t available(int64_t product)
{
    HttpReply reply = stack_get(&stack, NULL, "/api/v1/products/%lld", (long long)product);

    stack_expect_status(reply, 200);
    return json_number(reply.json, "quantity");
}

static void an_order_goes_from_http_to_completed_and_can_be_followed(void)
{
    int64_t product = stack_create_product(&stack, "Tea", 1500, 10);
    HttpReply reply = stack_place_order(&stack, alice, product, 2, "tok_ok");
    char code[32];

    stack_expect_status(reply, 201);
    expect(strcmp(json_text(reply.json, "status"), "COMPLETED") == 0);
    expect(json_number(reply.json, "total") == 3000);
    (void)snprintf(code, sizeof code, "%s", json_text(reply.json, "orderCode"));
    expect(strlen(code) == 23);

    reply = stack_get(&stack, alice, "/api/v1/orders/%s", code);
    stack_expect_status(reply, 200);
    expect(strcmp(json_text(json_object_get(reply.json, "payment"), "status"), "CAPTURED") == 0);

    reply = stack_get(&stack, alice, "/api/v1/orders/%s/timeline", code);
    stack_expect_status(reply, 200);
    static const char *const path[] = { "PENDING", "RESERVED", "PAYING", "COMPLETED" };
    expect(json_array_size(reply.json) == 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *event = json_array_get(reply.json, i);
        expect(json_number(event, "seq") == (json_int_t)i + 1);
        expect(strcmp(json_text(event, "to"), path[i]) == 0);
    }
    reply = stack_get(&stack, alice, "/api/v1/payments/%s", code);
    stack_expect_status(reply, 200);
    expect(json_number(reply.json, "captured") == 3000);
    expect(available(product) == 8);

    reply = stack_get(&stack, alice, "/api/v1/orders?orderCode=%s", code);
    stack_expect_status(reply, 200);
    expect(json_array_size(json_object_get(reply.json, "items")) == 1);
}

static void the_trace_of_the_request_reaches_every_event(void)
{
    static const char *const headers[] = {
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Prefer: wait=20",
        NULL
    };
    int64_t product = stack_create_product(&stack, "Traced", 10, 10);
    char body[256];
    char code[32];

    (void)snprintf(
        body, sizeof body,
        "{\"lines\":[{\"productId\":%lld,\"quantity\":1}],\"payment\":{\"token\":\"tok_ok\"}}",
        (long long)product);
    HttpReply reply = stack_ask(&stack, &(HttpRequest){ .method = "POST",
                                                        .path = "/api/v1/orders",
                                                        .body = body,
                                                        .token = alice,
                                                        .key = "traced",
                                                        .headers = headers });
    stack_expect_status(reply, 201);
    expect(http_client_header(stack.http, "X-Request-Id") != NULL);
    (void)snprintf(code, sizeof code, "%s", json_text(reply.json, "orderCode"));
    reply = stack_get(&stack, alice, "/api/v1/orders/%s/timeline", code);
    for (size_t i = 0; i < json_array_size(reply.json); i++) {
        expect(strcmp(json_text(json_array_get(reply.json, i), "traceId"),
                      "0af7651916cd43dd8448eb211c80319c") == 0);
    }
}

static void a_declined_payment_cancels_the_order_and_gives_the_stock_back(void)
{
    int64_t product = stack_create_product(&stack, "Declined", 100, 5);
    HttpReply reply = stack_place_order(&stack, alice, product, 3, "tok_declined");

    stack_expect_status(reply, 201);
    expect(strcmp(json_text(reply.json, "status"), "CANCELLED") == 0);
    expect(strcmp(json_text(reply.json, "reason"), "PAYMENT_DECLINED") == 0);
    stack_expect_settled(&stack, 20);
    expect(available(product) == 5);
    reply = stack_place_order(&stack, alice, product, 1, "tok_insufficient_funds");
    expect(strcmp(json_text(reply.json, "reason"), "PAYMENT_DECLINED") == 0);
}

static void an_unanswered_charge_is_asked_after_and_never_made_twice(void)
{
    int64_t product = stack_create_product(&stack, "Unanswered", 700, 9);

    HttpReply reply = stack_place_order(&stack, alice, product, 1, "tok_timeout");
    expect(strcmp(json_text(reply.json, "status"), "COMPLETED") == 0);
    reply = stack_place_order(&stack, alice, product, 1, "tok_slow");
    expect(strcmp(json_text(reply.json, "status"), "COMPLETED") == 0);
    reply = stack_place_order(&stack, alice, product, 1, "tok_timeout_lost");
    expect(strcmp(json_text(reply.json, "status"), "CANCELLED") == 0);
    stack_expect_settled(&stack, 20);
    expect(available(product) == 7);
}

static void what_is_not_there_is_not_sold(void)
{
    int64_t product = stack_create_product(&stack, "Rare", 100, 2);

    stack_expect_problem(stack_place_order(&stack, alice, product, 3, "tok_ok"), 409,
                         "OUT_OF_STOCK");
    HttpReply reply = stack_place_order(&stack, alice, product, 2, "tok_ok");
    expect(strcmp(json_text(reply.json, "status"), "COMPLETED") == 0);
    stack_expect_problem(stack_place_order(&stack, bob, product, 1, "tok_ok"), 409, "OUT_OF_STOCK");
    expect(available(product) == 0);
}

static void a_request_key_means_one_order_and_one_answer(void)
{
    int64_t product = stack_create_product(&stack, "Once", 100, 9);
    char body[256];
    char other[256];
    char first[4096];

    (void)snprintf(body, sizeof body, "{\"lines\":[{\"productId\":%lld,\"quantity\":1}]}",
                   (long long)product);
    (void)snprintf(other, sizeof other, "{\"lines\":[{\"productId\":%lld,\"quantity\":2}]}",
                   (long long)product);
    HttpRequest request = {
        .method = "POST", .path = "/api/v1/orders", .body = body, .token = alice, .key = "once"
    };
    HttpReply reply = stack_ask(&stack, &request);
    stack_expect_status(reply, 201);
    expect(http_client_header(stack.http, "Location") != NULL);
    (void)snprintf(first, sizeof first, "%s", reply.body);

    reply = stack_ask(&stack, &request);
    stack_expect_status(reply, 201);
    expect(strcmp(reply.body, first) == 0);
    const char *replayed = http_client_header(stack.http, "Idempotency-Replayed");
    expect(replayed != NULL && strcmp(replayed, "true") == 0);

    request.body = other;
    stack_expect_problem(stack_ask(&stack, &request), 422, "IDEMPOTENCY_KEY_REUSED");
    request.key = NULL;
    stack_expect_problem(stack_ask(&stack, &request), 400, "IDEMPOTENCY_KEY_MISSING");

    request.body = body;
    request.key = "once";
    request.token = bob; /* another member's key is another key */
    reply = stack_ask(&stack, &request);
    stack_expect_status(reply, 201);
    expect(strcmp(reply.body, first) != 0);
}

static void nobody_sees_anothers_order(void)
{
    int64_t product = stack_create_product(&stack, "Private", 100, 9);
    HttpReply reply = stack_place_order(&stack, alice, product, 1, "tok_ok");
    char code[32];
    char forged[32];

    (void)snprintf(code, sizeof code, "%s", json_text(reply.json, "orderCode"));
    stack_expect_problem(stack_get(&stack, bob, "/api/v1/orders/%s", code), 404, "ORDER_NOT_FOUND");
    stack_expect_problem(stack_get(&stack, bob, "/api/v1/orders/%s/timeline", code), 404,
                         "ORDER_NOT_FOUND");
    expect(stack_get(&stack, bob, "/api/v1/payments/%s", code).status == 404);
    expect(stack_get(&stack, NULL, "/api/v1/orders/%s", code).status == 401);
    expect(stack_get(&stack, stack.admin_token, "/api/v1/orders/%s", code).status == 200);

    memcpy(forged, code, sizeof forged);
    forged[0] = forged[0] == '0' ? '1' : '0';
    stack_expect_problem(stack_get(&stack, alice, "/api/v1/orders/%s", forged), 400,
                         "BAD_ORDER_CODE");
}

static void bad_input_gets_its_error_and_leaves_no_trace(void)
{
    static const struct {
        const char *body;
        const char *type;
        long status;
        const char *code;
    } rows[] = {
        { "{\"lines\":[", NULL, 400, "BAD_JSON" },
        { "[]", NULL, 400, "BAD_JSON" },
        { "{\"lines\":[]}", NULL, 400, "VALIDATION" },
        { "{}", NULL, 400, "VALIDATION" },
        { "{\"lines\":[{\"productId\":%lld,\"quantity\":0}]}", NULL, 400, "VALIDATION" },
        { "{\"lines\":[{\"productId\":%lld,\"quantity\":-1}]}", NULL, 400, "VALIDATION" },
        { "{\"lines\":[{\"productId\":%lld,\"quantity\":1.5}]}", NULL, 400, "VALIDATION" },
        { "{\"lines\":[{\"productId\":%lld,\"quantity\":1e2}]}", NULL, 400, "VALIDATION" },
        { "{\"lines\":[{\"productId\":%lld,\"quantity\":\"2\"}]}", NULL, 400, "VALIDATION" },
        { "{\"lines\":[{\"productId\":%lld,\"quantity\":10000}]}", NULL, 400, "VALIDATION" },
        { "{\"lines\":[{\"productId\":%lld,\"quantity\":99999999999999999999}]}", NULL, 400, NULL },
        { "{\"lines\":[{\"productId\":%lld,\"quantity\":1}],\"role\":\"ADMIN\"}", NULL, 400,
          "VALIDATION" },
        { "{\"lines\":[{\"productId\":%lld,\"quantity\":1,\"quantity\":2}]}", NULL, 400,
          "BAD_JSON" },
        { "{\"lines\":[{\"productId\":4503599627370495,\"quantity\":1}]}", NULL, 404,
          "PRODUCT_NOT_FOUND" },
        { "{\"lines\":[{\"productId\":%lld,\"quantity\":1}],\"expectedTotal\":1}", NULL, 409,
          "PRICE_CHANGED" },
        { "{\"lines\":[{\"productId\":%lld,\"quantity\":1}]}", "Content-Type: text/plain", 415,
          "UNSUPPORTED_MEDIA_TYPE" },
    };
    int64_t product = stack_create_product(&stack, "Target", 100, 50);
    int64_t before = stack_number(&stack, "SELECT COUNT(*) FROM order_db.orders", NULL);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[512];
        char key[32];
        const char *const headers[] = { rows[i].type, NULL };
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(body, sizeof body, rows[i].body, (long long)product);
#pragma GCC diagnostic pop
        (void)snprintf(key, sizeof key, "bad-%zu", i);
        HttpReply reply = stack_ask(&stack, &(HttpRequest){ .method = "POST",
                                                            .path = "/api/v1/orders",
                                                            .body = body,
                                                            .token = alice,
                                                            .key = key,
                                                            .headers = headers });
        if (reply.status != rows[i].status) {
            (void)fprintf(stderr, "row %zu: %s -> %ld %s\n", i, body, reply.status, reply.body);
        }
        expect(reply.status == rows[i].status);
        expect(rows[i].code == NULL || strcmp(json_text(reply.json, "code"), rows[i].code) == 0);
    }
    expect(stack_number(&stack, "SELECT COUNT(*) FROM order_db.orders", NULL) == before);
    expect(available(product) == 50);
    HttpReply reply =
        stack_place_order(&stack, alice, product, 1, "tok_ok"); /* and the next good one works */
    expect(strcmp(json_text(reply.json, "status"), "COMPLETED") == 0);
}

static void too_much_is_refused(void)
{
    static char body[70000];
    int64_t product = stack_create_product(&stack, "Many", 100, 9);
    size_t size = (size_t)snprintf(body, sizeof body, "{\"lines\":[");

    for (int i = 0; i < 101; i++) {
        size += (size_t)snprintf(body + size, sizeof body - size,
                                 "%s{\"productId\":%lld,\"quantity\":1}", i == 0 ? "" : ",",
                                 (long long)(product + i));
    }
    (void)snprintf(body + size, sizeof body - size, "]}");
    HttpRequest request = {
        .method = "POST", .path = "/api/v1/orders", .body = body, .token = alice, .key = "many"
    };
    stack_expect_problem(stack_ask(&stack, &request), 400, "VALIDATION");
    memset(body, ' ', 65537);
    body[65537] = '\0';
    stack_expect_problem(stack_ask(&stack, &request), 413, "BODY_TOO_LARGE");
}

int main(void)
{
    stack_open(&stack);
    stack_login_new_member(&stack, "alice", alice);
    stack_login_new_member(&stack, "bobby", bob);
    an_order_goes_from_http_to_completed_and_can_be_followed();
    the_trace_of_the_request_reaches_every_event();
    a_declined_payment_cancels_the_order_and_gives_the_stock_back();
    an_unanswered_charge_is_asked_after_and_never_made_twice();
    what_is_not_there_is_not_sold();
    a_request_key_means_one_order_and_one_answer();
    nobody_sees_anothers_order();
    bad_input_gets_its_error_and_leaves_no_trace();
    too_much_is_refused();
    stack_close(&stack);
    return 0;
}
