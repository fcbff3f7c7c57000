/* order_lists_test.c - GET /orders: everybody's own, the admin's all; every order once,
 * newest first; filters take what they say and nothing else. */
#include <stdio.h>
#include <string.h>

#include "common/crypto/order_code.h"
#include "common/crypto/token.h"
#include "tests/e2e/pages.h"
#include "tests/e2e/stack_shop.h"

enum {
    HERS = 7,
    HIS = 2,
    PAGE = 3,
    TIME_SIZE = 40,
};

#define LIST "/api/v1/orders?"

static Stack stack;
static char alice[64];
static char bobby[64];

/* As they were placed; of the seven of alice the odd ones were declined. */
static char codes[HERS + HIS][STACK_CODE_SIZE];
static char times[HERS + HIS][TIME_SIZE];

static void place_all(void)
{
    int64_t product = stack_create_product(&stack, "Tea", 150, 1000);

    for (int i = 0; i < HERS + HIS; i++) {
        bool good = i >= HERS || i % 2 == 0;
        HttpReply reply = stack_place_order(&stack, i < HERS ? alice : bobby, product, i + 1,
                                            good ? "tok_ok" : "tok_declined");
        stack_expect_status(reply, 201);
        (void)snprintf(codes[i], sizeof codes[i], "%s", json_text(reply.json, "orderCode"));
        (void)snprintf(times[i], sizeof times[i], "%s", json_text(reply.json, "createdAt"));
        (void)stack_expect_order_becomes(&stack, stack.admin_token, codes[i],
                                         good ? "COMPLETED" : "CANCELLED");
    }
}

/* The list is exactly orders first..last with that step, the newest first. */
static void expect_orders(const char *token, const char *list, int first, int last, int step)
{
    json_t *items = pages_walk(&stack, token, list, PAGE);
    size_t count = last < first ? 0 : (size_t)((last - first) / step) + 1;

    if (json_array_size(items) != count) {
        (void)fprintf(stderr, "%s: %zu, not %zu\n", list, json_array_size(items), count);
    }
    expect(json_array_size(items) == count);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(items, count - 1 - i);
        int n = first + (int)i * step;
        expect(strcmp(json_text(item, "orderCode"), codes[n]) == 0);
        expect(strcmp(json_text(item, "createdAt"), times[n]) == 0);
        expect(json_number(item, "itemCount") == n + 1);
        expect(json_number(item, "total") == 150 * (n + 1));
    }
    json_decref(items);
}

static void members_see_their_own_and_the_admin_sees_all(void)
{
    char list[256];

    expect_orders(alice, LIST, 0, HERS - 1, 1);
    expect_orders(bobby, LIST, HERS, HERS + HIS - 1, 1);
    (void)snprintf(list, sizeof list, LIST "from=%s", times[0]); /* not the greeting's */
    expect_orders(stack.admin_token, list, 0, HERS + HIS - 1, 1);
    json_t *all = pages_walk(&stack, stack.admin_token, LIST, PAGE);
    expect((int64_t)json_array_size(all) ==
           stack_number(&stack, "SELECT COUNT(*) FROM order_db.orders", NULL));
    json_decref(all);
    stack_expect_problem(stack_get(&stack, NULL, "/api/v1/orders"), 401, "UNAUTHENTICATED");
}

static void orders_are_chosen_by_status(void)
{
    expect_orders(alice, LIST "status=COMPLETED", 0, HERS - 1, 2);
    expect_orders(alice, LIST "status=CANCELLED", 1, HERS - 1, 2);
    expect_orders(alice, LIST "status=PAYING", 0, -1, 1);
    expect_orders(bobby, LIST "status=CANCELLED", 0, -1, 1);
    expect_orders(stack.admin_token, LIST "status=CANCELLED", 1, HERS - 1, 2); /* all there are */
}

static void orders_are_chosen_by_time_from_including_to_excluding(void)
{
    char list[256];

    (void)snprintf(list, sizeof list, LIST "from=%s", times[2]);
    expect_orders(alice, list, 2, HERS - 1, 1);
    expect_orders(bobby, list, HERS, HERS + HIS - 1, 1);
    (void)snprintf(list, sizeof list, LIST "to=%s", times[4]);
    expect_orders(alice, list, 0, 3, 1);
    expect_orders(bobby, list, 0, -1, 1);
    (void)snprintf(list, sizeof list, LIST "from=%s&to=%s", times[1], times[HERS + 1]);
    expect_orders(stack.admin_token, list, 1, HERS, 1);
    (void)snprintf(list, sizeof list, LIST "from=%s&to=%s&status=CANCELLED", times[2], times[5]);
    expect_orders(alice, list, 3, 3, 1);
    (void)snprintf(list, sizeof list, LIST "from=%s&to=%s", times[4], times[4]);
    expect_orders(alice, list, 0, -1, 1);
    expect_orders(alice, LIST "to=2001-01-01T00:00:00Z", 0, -1, 1);
    expect_orders(alice, LIST "from=2901-01-01T00:00:00Z", 0, -1, 1);
}

static void one_order_is_found_by_its_code(void)
{
    char list[256];

    (void)snprintf(list, sizeof list, LIST "orderCode=%s", codes[3]);
    expect_orders(alice, list, 3, 3, 1);
    expect_orders(stack.admin_token, list, 3, 3, 1);
    (void)snprintf(list, sizeof list, LIST "orderCode=%s&status=COMPLETED", codes[3]);
    expect_orders(alice, list, 0, -1, 1);
}

static void make_code_of_no_order(char ret_code[ORDER_CODE_SIZE])
{
    OrderCodeKeys keys;
    OrderId id;
    char path[320];

    (void)snprintf(path, sizeof path, "%s/secrets/order_code_keys", stack.var);
    expect(!status_failed(order_code_keys_load(path, &keys)));
    expect(!status_failed(order_code_parse(&keys, codes[0], &id)));
    order_code_format(&keys, (OrderId){ id.value - 1 }, ret_code);
}

static void anothers_code_is_answered_as_one_that_is_not_there(void)
{
    char none[ORDER_CODE_SIZE];
    char first[512];

    make_code_of_no_order(none);
    HttpReply reply = stack_get(&stack, alice, LIST "orderCode=%s", none);
    stack_expect_status(reply, 200);
    (void)snprintf(first, sizeof first, "%s", reply.body);
    expect(json_array_size(json_object_get(reply.json, "items")) == 0);
    reply = stack_get(&stack, alice, LIST "orderCode=%s", codes[HERS]);
    stack_expect_status(reply, 200);
    expect(strcmp(reply.body, first) == 0);
    stack_expect_problem(stack_get(&stack, alice, "/api/v1/orders/%s", none), 404,
                         "ORDER_NOT_FOUND");
}

/* A cursor is an order's code: another's opens nothing. */
static void anothers_cursor_shows_only_ones_own(void)
{
    char list[256];

    (void)snprintf(list, sizeof list, LIST "limit=100&cursor=%s", codes[HERS + 1]);
    HttpReply reply = stack_get(&stack, alice, "%s", list);
    stack_expect_status(reply, 200);
    expect(json_array_size(json_object_get(reply.json, "items")) == HERS);
    (void)snprintf(list, sizeof list, LIST "limit=100&cursor=%s", codes[4]);
    reply = stack_get(&stack, bobby, "%s", list);
    stack_expect_status(reply, 200);
    expect(json_array_size(json_object_get(reply.json, "items")) == 0);
}

static void a_bad_filter_is_refused_by_its_name(void)
{
    static const char *const rows[][2] = {
        { "status=LOST", "?status" },
        { "status=completed", "?status" },
        { "status=", "?status" },
        { "from=yesterday", "?from" },
        { "from=2026-02-30T00:00:00Z", "?from" },
        { "to=2026-13-01T00:00:00Z", "?to" },
        { "limit=0", "?limit" },
        { "limit=101", "?limit" },
        { "limit=ten", "?limit" },
        { "cursor=junk", "?cursor" },
        { "memberId=1", "?memberId" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        stack_expect_fault(stack_get(&stack, alice, LIST "%s", rows[i][0]), rows[i][1]);
    }
    stack_expect_problem(stack_get(&stack, alice, LIST "orderCode=00000-00000-00000-00000"), 400,
                         "BAD_ORDER_CODE");
    stack_expect_problem(stack_get(&stack, alice, LIST "limit=1&limit=2"), 400, "VALIDATION");
}

int main(void)
{
    expect(crypto_init());
    stack_open(&stack);
    stack_login_new_member(&stack, "alice", alice);
    stack_login_new_member(&stack, "bobby", bobby);
    place_all();
    members_see_their_own_and_the_admin_sees_all();
    orders_are_chosen_by_status();
    orders_are_chosen_by_time_from_including_to_excluding();
    one_order_is_found_by_its_code();
    anothers_code_is_answered_as_one_that_is_not_there();
    anothers_cursor_shows_only_ones_own();
    a_bad_filter_is_refused_by_its_name();
    stack_close(&stack);
    return 0;
}
