/* Orders and timelines over RPC: who may see what, and page by page. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "tests/thread/services/order/order_api_fixture.h"

static uint64_t place_one(Served *served, uint64_t member, const char *key)
{
    Cart cart;
    Call call;

    cart_init(&cart);
    cart_add(&cart, 1, 1);
    const Jumun__Order__V1__Order *reply = place(served, &call, &cart, member, key);
    assert(reply != NULL);
    uint64_t id = reply->order_id;
    arena_deinit(&call.arena);
    return id;
}

static Status get_order(Served *served, uint64_t id, uint64_t member, Jumun__Rpc__V1__Role role)
{
    Jumun__Order__V1__GetOrderRequest request;
    Call call = { .call = { .member = { member }, .role = role } };

    jumun__order__v1__get_order_request__init(&request);
    request.order_id = id;
    const Jumun__Order__V1__Order *reply = send_call(served, &call, GET_ORDER, &request.base);
    Status status = { call.call.status.code, "" };
    assert(status_failed(status) || reply->order_id == id);
    assert(status.code != STATUS_NOT_FOUND ||
           strcmp(call.call.status.name, "ORDER_NOT_FOUND") == 0);
    arena_deinit(&call.arena);
    return status;
}

static Status get_timeline(Served *served, uint64_t id, uint64_t member)
{
    Jumun__Order__V1__GetTimelineRequest request;
    Call call = { .call = { .member = { member }, .role = JUMUN__RPC__V1__ROLE__MEMBER } };

    jumun__order__v1__get_timeline_request__init(&request);
    request.order_id = id;
    const Jumun__Order__V1__GetTimelineReply *reply =
        send_call(served, &call, GET_TIMELINE, &request.base);
    Status status = { call.call.status.code, "" };
    assert(status_failed(status) ||
           (reply->n_items == 1 && reply->items[0]->seq == 1 &&
            reply->items[0]->_from_case == JUMUN__ORDER__V1__TIMELINE_EVENT___FROM__NOT_SET));
    arena_deinit(&call.arena);
    return status;
}

static void shows_orders_to_their_owner_and_to_administrators(void)
{
    Served *served = serve();
    uint64_t id = place_one(served, 7, "k");

    assert(get_order(served, id, 7, JUMUN__RPC__V1__ROLE__MEMBER).code == STATUS_OK);
    assert(get_order(served, id, 8, JUMUN__RPC__V1__ROLE__MEMBER).code == STATUS_NOT_FOUND);
    assert(get_order(served, id, 8, JUMUN__RPC__V1__ROLE__ADMIN).code == STATUS_OK);
    assert(get_order(served, id + 1, 7, JUMUN__RPC__V1__ROLE__MEMBER).code == STATUS_NOT_FOUND);
    assert(get_order(served, id, 0, JUMUN__RPC__V1__ROLE__NOBODY).code == STATUS_UNAUTHENTICATED);
    assert(get_timeline(served, id, 7).code == STATUS_OK);
    assert(get_timeline(served, id, 8).code == STATUS_NOT_FOUND);
    assert(get_timeline(served, id, 0).code == STATUS_UNAUTHENTICATED);
    stop(served);
}

static void pages_through_orders_by_signed_cursors(void)
{
    Served *served = serve();
    uint64_t ids[5];
    char key[4] = "k0";
    char cursor[ORDER_CODE_SIZE] = "";
    size_t seen = 0;

    for (size_t i = 0; i < 5; i++, key[1]++) {
        ids[i] = place_one(served, 7, key);
    }
    (void)place_one(served, 8, "other");
    for (int page = 0; page < 3; page++) {
        Jumun__Order__V1__ListOrdersRequest request;
        Call call = { .call = { .member = { 7 }, .role = JUMUN__RPC__V1__ROLE__MEMBER } };

        jumun__order__v1__list_orders_request__init(&request);
        request.limit = 2;
        request.cursor = cursor;
        const Jumun__Order__V1__ListOrdersReply *reply =
            send_call(served, &call, LIST_ORDERS, &request.base);
        assert(reply != NULL && reply->n_items == (page == 2 ? 1 : 2));
        for (size_t i = 0; i < reply->n_items; i++, seen++) {
            assert(reply->items[i]->order_id == ids[4 - seen]);
        }
        assert((reply->next_cursor[0] == '\0') == (page == 2));
        (void)snprintf(cursor, sizeof cursor, "%s", reply->next_cursor);
        arena_deinit(&call.arena);
    }
    stop(served);
}

static void refuses_forged_cursors_and_wild_filters(void)
{
    static const struct {
        int status;
        int64_t from_us;
        int64_t to_us;
        uint32_t limit;
        const char *cursor;
        const char *pointer;
    } rows[] = {
        { 13, 0, 0, 1, "", "/status" }, { -1, 0, 0, 1, "", "/status" },
        { 0, -5, 0, 1, "", "/from" },   { 0, 0, -5, 1, "", "/to" },
        { 0, 0, 0, 101, "", "/limit" }, { 0, 0, 0, 1, "00000-00000-00000-00000", "/cursor" },
        { 0, 0, 0, 1, "x", "/cursor" },
    };
    Served *served = serve();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Jumun__Order__V1__ListOrdersRequest request;
        Call call = { .call = { .member = { 7 }, .role = JUMUN__RPC__V1__ROLE__MEMBER } };
        char cursor[32];

        jumun__order__v1__list_orders_request__init(&request);
        (void)snprintf(cursor, sizeof cursor, "%s", rows[i].cursor);
        request.status = (Jumun__Order__V1__OrderStatus)rows[i].status;
        request.from_us = rows[i].from_us;
        request.to_us = rows[i].to_us;
        request.limit = rows[i].limit;
        request.cursor = cursor;
        assert(send_call(served, &call, LIST_ORDERS, &request.base) == NULL);
        assert(call.call.status.code == STATUS_INVALID_ARGUMENT);
        assert(strcmp(call.call.details->fields[0]->pointer, rows[i].pointer) == 0);
        arena_deinit(&call.arena);
    }
    stop(served);
}

int main(void)
{
    static const NamedTest tests[] = {
        { "shows_orders_to_their_owner_and_to_administrators",
          shows_orders_to_their_owner_and_to_administrators },
        { "pages_through_orders_by_signed_cursors", pages_through_orders_by_signed_cursors },
        { "refuses_forged_cursors_and_wild_filters", refuses_forged_cursors_and_wild_filters },
    };

    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
