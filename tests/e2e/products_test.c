/* products_test.c - the catalogue through HTTP: products, their versions, their lists and
 * their stock. The built programs and real engines. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/e2e/pages.h"
#include "tests/e2e/stack_shop.h"

enum {
    LISTED = 7,
    PAGE = 3,
};

static Stack stack;
static char alice[64];

static HttpReply send(const char *method, const char *path, const char *token, const char *body,
                      const char *header)
{
    const char *const headers[] = { header, NULL };

    return stack_ask(
        &stack,
        &(HttpRequest){
            .method = method, .path = path, .token = token, .body = body, .headers = headers });
}

/* As the admin, to a product's resource: "" or "/stock". */
static HttpReply tell(int64_t product, const char *method, const char *rest, const char *body,
                      const char *header)
{
    char path[128];

    (void)snprintf(path, sizeof path, "/api/v1/products/%lld%s", (long long)product, rest);
    return send(method, path, stack.admin_token, body, header);
}

static void expect_header(const char *name, const char *value)
{
    const char *header = http_client_header(stack.http, name);

    expect(header != NULL && strcmp(header, value) == 0);
}

static void expect_product(HttpReply reply, const char *name, int64_t price, int64_t quantity,
                           int64_t version)
{
    stack_expect_status(reply, 200);
    expect(strcmp(json_text(reply.json, "name"), name) == 0);
    expect(json_number(reply.json, "price") == price);
    expect(json_number(reply.json, "quantity") == quantity);
    expect(json_number(reply.json, "version") == version);
}

static void expect_stock(HttpReply reply, long status, int64_t on_hand, int64_t reserved)
{
    stack_expect_status(reply, status);
    expect(json_number(reply.json, "onHand") == on_hand);
    expect(json_number(reply.json, "reserved") == reserved);
    expect(json_number(reply.json, "available") == on_hand - reserved);
}

static HttpReply stock(int64_t product)
{
    return tell(product, "GET", "/stock", NULL, NULL);
}

static void expect_gate(HttpReply reply, int64_t available, int64_t drift)
{
    if (json_number(reply.json, "gateAvailable") != available) {
        (void)fprintf(stderr, "%s\n", reply.body);
    }
    expect(json_number(reply.json, "gateAvailable") == available);
    expect(json_is_integer(json_object_get(reply.json, "drift")));
    expect(json_number(reply.json, "drift") == drift);
}

static void a_new_product_is_where_its_location_says(void)
{
    HttpReply reply = send("POST", "/api/v1/products", stack.admin_token,
                           "{\"name\":\"New\",\"price\":250,\"quantity\":4}", NULL);
    char location[128];
    char path[128];

    stack_expect_status(reply, 201);
    expect_header("ETag", "\"1\"");
    (void)snprintf(location, sizeof location, "%s", http_client_header(stack.http, "Location"));
    (void)snprintf(path, sizeof path, "/api/v1/products/%lld",
                   (long long)json_number(reply.json, "productId"));
    expect(strcmp(location, path) == 0);
    reply = send("GET", location, NULL, NULL, NULL);
    expect_product(reply, "New", 250, 4, 1);
    expect(strcmp(json_text(reply.json, "status"), "ACTIVE") == 0);
    expect_header("ETag", "\"1\"");
}

static void a_name_is_taken_once(void)
{
    (void)stack_create_product(&stack, "Taken", 1, 1);
    int64_t other = stack_create_product(&stack, "Free", 1, 1);

    stack_expect_problem(send("POST", "/api/v1/products", stack.admin_token,
                              "{\"name\":\"Taken\",\"price\":9,\"quantity\":9}", NULL),
                         409, "PRODUCT_NAME_TAKEN");
    stack_expect_problem(tell(other, "PATCH", "", "{\"name\":\"Taken\"}", "If-Match: \"1\""), 409,
                         "PRODUCT_NAME_TAKEN");
    expect(stack_number(&stack, "SELECT COUNT(*) FROM product_db.product WHERE name = ?",
                        "Taken") == 1);
    expect_product(tell(other, "GET", "", NULL, NULL), "Free", 1, 1, 1);
}

static void only_admins_change_the_catalogue(void)
{
    static const struct {
        const char *method;
        const char *rest;
        const char *body;
    } rows[] = {
        { "PATCH", "", "{\"price\":1}" },
        { "DELETE", "", NULL },
        { "POST", "/stock", "{\"delta\":5,\"reason\":\"gift\"}" },
        { "GET", "/stock", NULL },
        { "POST", "/decrease", "{\"quantity\":1}" },
    };
    static const char created[] = "{\"name\":\"Mine\",\"price\":1,\"quantity\":1}";
    int64_t product = stack_create_product(&stack, "Guarded", 100, 5);
    char path[128];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)snprintf(path, sizeof path, "/api/v1/products/%lld%s", (long long)product,
                       rows[i].rest);
        stack_expect_problem(send(rows[i].method, path, alice, rows[i].body, "If-Match: \"1\""),
                             403, "PERMISSION_DENIED");
        stack_expect_problem(send(rows[i].method, path, NULL, rows[i].body, "If-Match: \"1\""), 401,
                             "UNAUTHENTICATED");
    }
    stack_expect_problem(send("POST", "/api/v1/products", alice, created, NULL), 403,
                         "PERMISSION_DENIED");
    stack_expect_problem(send("POST", "/api/v1/products", NULL, created, NULL), 401,
                         "UNAUTHENTICATED");
    expect(stack_number(&stack, "SELECT COUNT(*) FROM product_db.product WHERE name = ?", "Mine") ==
           0);
    expect_product(tell(product, "GET", "", NULL, NULL), "Guarded", 100, 5, 1);
}

static void a_product_changes_only_for_who_knows_its_version(void)
{
    int64_t product = stack_create_product(&stack, "Version", 100, 5);

    stack_expect_problem(tell(product, "PATCH", "", "{\"price\":1}", NULL), 428,
                         "IF_MATCH_MISSING");
    expect_product(tell(product, "PATCH", "", "{\"price\":200}", "If-Match: \"1\""), "Version", 200,
                   5, 2);
    expect_header("ETag", "\"2\"");
    stack_expect_problem(tell(product, "PATCH", "", "{\"price\":1}", "If-Match: \"1\""), 412,
                         "VERSION_MISMATCH");
    stack_expect_fault(tell(product, "PATCH", "", "{\"price\":0}", "If-Match: \"2\""), "/price");
    expect_product(tell(product, "GET", "", NULL, NULL), "Version", 200, 5, 2);
    expect_product(tell(product, "PATCH", "", "{\"name\":\"Version 3\"}", "If-Match: \"2\""),
                   "Version 3", 200, 5, 3);
    stack_expect_problem(tell(product, "DELETE", "", NULL, NULL), 428, "IF_MATCH_MISSING");
    stack_expect_problem(tell(product, "DELETE", "", NULL, "If-Match: \"2\""), 412,
                         "VERSION_MISMATCH");
    stack_expect_problem(tell(4711, "PATCH", "", "{\"price\":1}", "If-Match: \"1\""), 404,
                         "PRODUCT_NOT_FOUND");
}

static void an_archived_product_is_not_sold_and_its_order_leaves_no_trace(void)
{
    int64_t product = stack_create_product(&stack, "Old", 100, 9);
    int64_t before = stack_number(&stack, "SELECT COUNT(*) FROM order_db.orders", NULL);

    stack_expect_status(tell(product, "DELETE", "", NULL, "If-Match: \"1\""), 204);
    stack_expect_problem(stack_place_order(&stack, alice, product, 1, "tok_ok"), 404,
                         "PRODUCT_NOT_FOUND");
    expect(stack_number(&stack, "SELECT COUNT(*) FROM order_db.orders", NULL) == before);
    expect_stock(stock(product), 200, 9, 0);
    HttpReply reply = stack_get(&stack, NULL, "/api/v1/products?q=Old");
    expect(json_array_size(json_object_get(reply.json, "items")) == 0);
}

/* Names of one search, prices that are not unique. */
static void create_listed(int64_t products[LISTED])
{
    static const int64_t prices[LISTED] = { 30, 10, 20, 20, 10, 20, 40 };
    static const char *const names[LISTED] = { "d", "a", "c", "b", "g", "e", "f" };

    for (int i = 0; i < LISTED; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "Listed %s", names[i]);
        products[i] = stack_create_product(&stack, name, prices[i], 1);
    }
}

static void every_order_of_the_list_shows_each_product_once(void)
{
    /* The ways to sort, and the products as they are to come: numbers of their making. */
    static const struct {
        const char *sort;
        int order[LISTED];
    } rows[] = {
        { "id", { 0, 1, 2, 3, 4, 5, 6 } },    { "-id", { 6, 5, 4, 3, 2, 1, 0 } },
        { "name", { 1, 3, 2, 0, 5, 6, 4 } },  { "-name", { 4, 6, 5, 0, 2, 3, 1 } },
        { "price", { 1, 4, 2, 3, 5, 0, 6 } }, { "-price", { 6, 0, 5, 3, 2, 4, 1 } },
    };
    int64_t products[LISTED];

    create_listed(products);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char list[128];
        (void)snprintf(list, sizeof list, "/api/v1/products?q=listed&sort=%s", rows[i].sort);
        json_t *items = pages_walk(&stack, NULL, list, PAGE);
        expect(json_array_size(items) == LISTED);
        for (size_t k = 0; k < LISTED; k++) {
            expect(json_number(json_array_get(items, k), "productId") ==
                   products[rows[i].order[k]]);
        }
        json_decref(items);
    }
}

static void a_search_means_its_symbols_as_they_are(void)
{
    (void)stack_create_product(&stack, "50% off", 1, 1);
    HttpReply reply = stack_get(&stack, NULL, "/api/v1/products?q=%%25");
    const json_t *items = json_object_get(reply.json, "items");

    expect(json_array_size(items) == 1);
    expect(strcmp(json_text(json_array_get(items, 0), "name"), "50% off") == 0);
    reply = stack_get(&stack, NULL, "/api/v1/products?q=nothing%%20like%%20it");
    stack_expect_status(reply, 200);
    expect(strcmp(reply.body, "{\"items\":[],\"nextCursor\":null}") == 0);
}

static void a_bad_list_is_refused_by_its_field(void)
{
    static const char *const rows[][2] = {
        { "limit=0", "?limit" },    { "limit=101", "?limit" },    { "limit=-1", "?limit" },
        { "limit=many", "?limit" }, { "cursor=junk", "?cursor" }, { "sort=colour", "?sort" },
        { "q=a%0Ab", NULL },        { "page=2", "?page" },
    };
    char list[512];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)snprintf(list, sizeof list, "/api/v1/products?%s", rows[i][0]);
        HttpReply reply = send("GET", list, NULL, NULL, NULL);
        if (rows[i][1] == NULL) {
            stack_expect_problem(reply, 400, "VALIDATION");
        } else {
            stack_expect_fault(reply, rows[i][1]);
        }
    }
    /* A cursor is of the list that it came with. */
    HttpReply reply = stack_get(&stack, NULL, "/api/v1/products?limit=1&sort=name");
    (void)snprintf(list, sizeof list, "/api/v1/products?sort=price&cursor=%s",
                   json_text(reply.json, "nextCursor"));
    stack_expect_fault(send("GET", list, NULL, NULL, NULL), "?cursor");
}

static void stock_is_adjusted_but_never_below_what_is_promised(void)
{
    static const char less[] = "{\"delta\":-5,\"reason\":\"broken\",\"reference\":\"INV-7\"}";
    int64_t product = stack_create_product(&stack, "Adjusted", 100, 10);
    char code[STACK_CODE_SIZE];

    stack_expect_order_works(&stack, alice, product, code); /* one is promised */
    expect_stock(tell(product, "POST", "/stock", less, NULL), 201, 5, 1);
    stack_expect_problem(tell(product, "POST", "/stock", less, NULL), 409, "WOULD_GO_NEGATIVE");
    expect_stock(stock(product), 200, 5, 1);
    expect_stock(tell(product, "POST", "/stock", "{\"delta\":7,\"reason\":\"came\"}", NULL), 201,
                 12, 1);
    stack_expect_fault(tell(product, "POST", "/stock", "{\"delta\":0,\"reason\":\"x\"}", NULL),
                       "/delta");
    stack_expect_problem(tell(4711, "POST", "/stock", "{\"delta\":1,\"reason\":\"x\"}", NULL), 404,
                         "PRODUCT_NOT_FOUND");
    stack_expect_problem(stock(4711), 404, "PRODUCT_NOT_FOUND");
    stack_expect_order_works(&stack, alice, product, code); /* the gate learns of it */
    stack_expect_gate_heals(&stack, product);
    expect_gate(stock(product), 10, 0);
}

/* The relay stands still: the gate has taken the units, the stock has not heard of it. */
static void the_gate_is_ahead_of_the_stock_by_what_was_just_ordered(void)
{
    int64_t product = stack_create_product(&stack, "Ahead", 100, 10);
    pid_t relay = stack_pid(&stack, "relay");
    char body[128];
    char code[STACK_CODE_SIZE];

    (void)snprintf(body, sizeof body, "{\"lines\":[{\"productId\":%lld,\"quantity\":3}]}",
                   (long long)product);
    expect(relay > 0 && kill(relay, SIGSTOP) == 0);
    HttpReply reply = stack_ask(&stack, &(HttpRequest){ .method = "POST",
                                                        .path = "/api/v1/orders",
                                                        .body = body,
                                                        .token = alice,
                                                        .key = "ahead" });
    (void)snprintf(code, sizeof code, "%s", json_text(reply.json, "orderCode"));
    long placed = reply.status;
    reply = stock(product);
    expect(kill(relay, SIGCONT) == 0); /* before anything can fail */
    expect(placed == 201);
    expect_stock(reply, 200, 10, 0);
    expect_gate(reply, 7, -3);
    (void)stack_expect_order_becomes(&stack, alice, code, "RESERVED");
    reply = stock(product);
    expect_stock(reply, 200, 10, 3);
    expect_gate(reply, 7, 0);
}

static void a_decrease_takes_what_is_there_and_not_one_more(void)
{
    int64_t product = stack_create_product(&stack, "Decreased", 100, 5);
    char code[STACK_CODE_SIZE];

    stack_expect_order_works(&stack, alice, product, code);
    expect_product(tell(product, "POST", "/decrease", "{\"quantity\":3}", NULL), "Decreased", 100,
                   1, 1);
    stack_expect_problem(tell(product, "POST", "/decrease", "{\"quantity\":2}", NULL), 409,
                         "OUT_OF_STOCK");
    stack_expect_fault(tell(product, "POST", "/decrease", "{\"quantity\":0}", NULL), "/quantity");
    expect_stock(stock(product), 200, 2, 1);
    stack_expect_problem(stack_place_order(&stack, alice, product, 2, "tok_ok"), 409,
                         "OUT_OF_STOCK");
}

int main(void)
{
    stack_open(&stack);
    stack_login_new_member(&stack, "alice", alice);
    a_new_product_is_where_its_location_says();
    a_name_is_taken_once();
    only_admins_change_the_catalogue();
    a_product_changes_only_for_who_knows_its_version();
    an_archived_product_is_not_sold_and_its_order_leaves_no_trace();
    every_order_of_the_list_shows_each_product_once();
    a_search_means_its_symbols_as_they_are();
    a_bad_list_is_refused_by_its_field();
    stock_is_adjusted_but_never_below_what_is_promised();
    the_gate_is_ahead_of_the_stock_by_what_was_just_ordered();
    a_decrease_takes_what_is_there_and_not_one_more();
    stack_close(&stack);
    return 0;
}
