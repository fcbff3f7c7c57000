/* PlaceOrder over RPC: what is refused at the edge and how, and what an answer holds. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "tests/thread/services/order/order_api_fixture.h"

static void expect_refused(Served *served, const Cart *cart, const char *key, const char *name,
                           const char *pointer)
{
    Call call;

    assert(place(served, &call, cart, 7, key) == NULL);
    assert(call.call.status.code == STATUS_INVALID_ARGUMENT);
    assert(strcmp(call.call.status.name, name) == 0);
    if (pointer != NULL) {
        assert(call.call.details != NULL && call.call.details->n_fields == 1);
        assert(strcmp(call.call.details->fields[0]->pointer, pointer) == 0);
    }
    arena_deinit(&call.arena);
}

static void refuses_bad_requests_with_a_pointer(void)
{
    static const struct {
        uint64_t product;
        uint32_t quantity;
        const char *pointer;
    } rows[] = {
        { 0, 1, "/lines/1/productId" },          { ID_JSON_MAX + 1, 1, "/lines/1/productId" },
        { UINT64_MAX, 1, "/lines/1/productId" }, { 1, 0, "/lines/1/quantity" },
        { 1, 10000, "/lines/1/quantity" },       { 1, UINT32_MAX, "/lines/1/quantity" },
        { 2, 9999, "/lines/1/quantity" }, /* 1 + 9999 of one product */
    };
    Served *served = serve();
    Cart cart;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cart_init(&cart);
        cart_add(&cart, 2, 1);
        cart_add(&cart, rows[i].product, rows[i].quantity);
        expect_refused(served, &cart, "k", "VALIDATION", rows[i].pointer);
    }
    cart_init(&cart);
    expect_refused(served, &cart, "k", "VALIDATION", "/lines");
    for (uint64_t i = 0; i < LINES_MAX; i++) {
        cart_add(&cart, i + 1, 1);
    }
    expect_refused(served, &cart, "k", "VALIDATION", "/lines");

    cart_init(&cart);
    cart_add(&cart, 1, 1);
    expect_refused(served, &cart, "", "IDEMPOTENCY_KEY_MISSING", NULL);
    cart.request.payment = &cart.payment;
    expect_refused(served, &cart, "k", "VALIDATION", "/payment/token");
    char token[66];
    memset(token, 'x', sizeof token - 1);
    token[65] = '\0';
    cart.payment.token = token;
    expect_refused(served, &cart, "k", "VALIDATION", "/payment/token");
    token[64] = '\0';
    token[3] = '\n';
    expect_refused(served, &cart, "k", "VALIDATION", "/payment/token");
    cart.request.payment = NULL;
    cart.request._expected_total_case =
        JUMUN__ORDER__V1__PLACE_ORDER_REQUEST___EXPECTED_TOTAL_EXPECTED_TOTAL;
    cart.request.expected_total = -1;
    expect_refused(served, &cart, "k", "VALIDATION", "/expectedTotal");
    assert(served->world->db->order_count == 0);
    stop(served);
}

static void needs_somebody_to_order(void)
{
    Served *served = serve();
    Cart cart;
    Call call;

    cart_init(&cart);
    cart_add(&cart, 1, 1);
    assert(place(served, &call, &cart, 0, "k") == NULL);
    assert(call.call.status.code == STATUS_UNAUTHENTICATED);
    arena_deinit(&call.arena);
    stop(served);
}

static void places_an_order_and_answers_its_repeat_alike(void)
{
    Served *served = serve();
    uint8_t packed[2][1024];
    size_t size[2];
    Cart cart;
    Call call;

    cart_init(&cart);
    cart_add(&cart, 2, 1);
    cart_add(&cart, 1, 2);
    cart_add(&cart, 2, 3);
    for (int i = 0; i < 2; i++) {
        const Jumun__Order__V1__Order *reply = place(served, &call, &cart, 7, "k");
        assert(reply != NULL && reply->replayed == (i == 1));
        assert(reply->n_lines == 2 && reply->lines[0]->quantity == 4);
        assert(strcmp(reply->lines[0]->name, "잔") == 0);
        assert(reply->total == 1000 && strcmp(reply->currency, "KRW") == 0);
        assert(reply->status == JUMUN__ORDER__V1__ORDER_STATUS__PENDING && reply->version == 1);
        assert(reply->payment->status == JUMUN__ORDER__V1__ORDER_PAYMENT__STATUS__NONE);
        Jumun__Order__V1__Order copy = *reply;
        copy.replayed = false;
        size[i] = jumun__order__v1__order__pack(&copy, packed[i]);
        arena_deinit(&call.arena);
    }
    assert(size[0] == size[1] && memcmp(packed[0], packed[1], size[0]) == 0);
    assert(strcmp(served->world->db->orders[0].trace_parent, TRACE) == 0);
    stop(served);
}

static void says_what_is_out_of_stock_and_which_line_is_unknown(void)
{
    Served *served = serve();
    Cart cart;
    Call call;

    cart_init(&cart);
    cart_add(&cart, 1, 11);
    cart_add(&cart, 2, 1);
    assert(place(served, &call, &cart, 7, "k") == NULL);
    assert(call.call.status.code == STATUS_FAILED_PRECONDITION);
    assert(strcmp(call.call.status.name, "OUT_OF_STOCK") == 0);
    assert(call.call.details->n_items == 1 && call.call.details->items[0]->product_id == 1);
    assert(call.call.details->items[0]->requested == 11);
    assert(call.call.details->items[0]->available == 10);
    arena_deinit(&call.arena);

    cart_init(&cart);
    cart_add(&cart, 1, 1);
    cart_add(&cart, 77, 1);
    assert(place(served, &call, &cart, 7, "k") == NULL);
    assert(call.call.status.code == STATUS_NOT_FOUND);
    assert(strcmp(call.call.details->fields[0]->pointer, "/lines/1/productId") == 0);
    arena_deinit(&call.arena);
    stop(served);
}

int main(void)
{
    static const NamedTest tests[] = {
        { "refuses_bad_requests_with_a_pointer", refuses_bad_requests_with_a_pointer },
        { "needs_somebody_to_order", needs_somebody_to_order },
        { "places_an_order_and_answers_its_repeat_alike",
          places_an_order_and_answers_its_repeat_alike },
        { "says_what_is_out_of_stock_and_which_line_is_unknown",
          says_what_is_out_of_stock_and_which_line_is_unknown },
    };

    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
