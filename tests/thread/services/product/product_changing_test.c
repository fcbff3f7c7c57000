/* product_changing_test.c - ProductService over RPC, on fakes: roles, callers, field errors,
 * changes. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "common/rpc/proto_arena.h"
#include "tests/thread/services/product/product_api_fixture.h"

static void only_administrators_change_anything(void)
{
    Jumun__Product__V1__CreateProductRequest create_request = creation("a", 1, 1);
    Jumun__Product__V1__UpdateProductRequest update_request;
    Jumun__Product__V1__ArchiveProductRequest archive_request;
    Jumun__Product__V1__AdjustStockRequest adjust_request;
    Jumun__Product__V1__DecreaseStockRequest decrease_request;
    Jumun__Product__V1__GetStockRequest stock_request;
    RpcClientCall done;

    product_api_open();
    jumun__product__v1__update_product_request__init(&update_request);
    jumun__product__v1__archive_product_request__init(&archive_request);
    jumun__product__v1__adjust_stock_request__init(&adjust_request);
    jumun__product__v1__decrease_stock_request__init(&decrease_request);
    jumun__product__v1__get_stock_request__init(&stock_request);
    const struct {
        unsigned method;
        const ProtobufCMessage *message;
    } rows[] = {
        { CREATE, &create_request.base },           { UPDATE, &update_request.base },
        { ARCHIVE, &archive_request.base },         { ADJUST_STOCK, &adjust_request.base },
        { DECREASE_STOCK, &decrease_request.base }, { GET_STOCK, &stock_request.base },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert(is(call_as(served.gateway, JUMUN__RPC__V1__ROLE__MEMBER, rows[i].method,
                          rows[i].message, &done),
                  STATUS_PERMISSION_DENIED, "FORBIDDEN"));
        assert(is(call_as(served.gateway, JUMUN__RPC__V1__ROLE__NOBODY, rows[i].method,
                          rows[i].message, &done),
                  STATUS_PERMISSION_DENIED, "FORBIDDEN"));
        /* The order service may read products, whoever it speaks for. */
        assert(call_as(served.order, JUMUN__RPC__V1__ROLE__ADMIN, rows[i].method, rows[i].message,
                       &done)
                   .code == STATUS_PERMISSION_DENIED);
    }
    assert(served.store.product_count == 0);
    product_api_close();
}

static void wrong_fields_are_pointed_at(void)
{
    Jumun__Product__V1__CreateProductRequest request = creation("", 0, -1);
    RpcClientCall done;

    product_api_open();
    assert(is(call(CREATE, &request.base, &done), STATUS_INVALID_ARGUMENT, "VALIDATION"));
    assert(done.details != NULL && done.details->n_fields == 3);
    assert(strcmp(done.details->fields[0]->pointer, "/name") == 0);
    assert(strcmp(done.details->fields[1]->pointer, "/price") == 0);
    assert(strcmp(done.details->fields[2]->pointer, "/quantity") == 0);
    product_api_close();
}

static void an_update_changes_only_what_it_names(void)
{
    Jumun__Product__V1__UpdateProductRequest request;
    RpcClientCall done;

    product_api_open();
    jumun__product__v1__update_product_request__init(&request);
    request.product_id = created("one", 7);
    request._name_case = JUMUN__PRODUCT__V1__UPDATE_PRODUCT_REQUEST___NAME_NAME;
    request.name = proto_text("renamed");
    assert(is(call(UPDATE, &request.base, &done), STATUS_FAILED_PRECONDITION, "VERSION_MISMATCH"));
    request.expected_version = 1;
    assert(!status_failed(call(UPDATE, &request.base, &done)));
    const Jumun__Product__V1__Product *product = (const void *)done.reply;
    assert(strcmp(product->name, "renamed") == 0);
    assert(product->price == 7);
    assert(product->version == 2);

    request.expected_version = 2;
    request._price_case = JUMUN__PRODUCT__V1__UPDATE_PRODUCT_REQUEST___PRICE_PRICE;
    request.price = 0;
    assert(is(call(UPDATE, &request.base, &done), STATUS_INVALID_ARGUMENT, "VALIDATION"));
    assert(strcmp(done.details->fields[0]->pointer, "/price") == 0);
    product_api_close();
}

static void a_request_key_makes_an_adjustment_once(void)
{
    Jumun__Product__V1__AdjustStockRequest request;
    uint8_t hash[BODY_HASH_SIZE] = { 1 };

    product_api_open();
    jumun__product__v1__adjust_stock_request__init(&request);
    request.product_id = created("one", 7);
    request.delta = 5;
    request.reason = proto_text("count");
    for (int i = 0; i < 3; i++) {
        RpcClientCall done = {
            .method = ADJUST_STOCK,
            .message = &request.base,
            .arena = &served.arena,
            .deadline_us = clock_monotonic_us(clock_system()) + LONG_S * US_PER_S,
            .member = { 5 },
            .role = JUMUN__RPC__V1__ROLE__ADMIN,
            .request_key = "key-1",
            .request_hash = hash,
        };
        hash[0] = i == 2 ? 2 : 1;
        Status status = rpc_client_call_and_wait(served.gateway, &done);
        if (i == 2) {
            assert(is(status, STATUS_INVALID_ARGUMENT, "IDEMPOTENCY_KEY_REUSED"));
            continue;
        }
        assert(!status_failed(status));
        const Jumun__Product__V1__Stock *stock = (const void *)done.reply;
        assert(stock->on_hand == 15 && stock->available == 15 && stock->reserved == 0);
    }
    product_api_close();
}

static void a_decrease_beyond_the_stock_is_out_of_stock(void)
{
    Jumun__Product__V1__DecreaseStockRequest request;
    RpcClientCall done;

    product_api_open();
    jumun__product__v1__decrease_stock_request__init(&request);
    request.product_id = created("one", 7);
    request.quantity = 11;
    assert(
        is(call(DECREASE_STOCK, &request.base, &done), STATUS_FAILED_PRECONDITION, "OUT_OF_STOCK"));
    request.quantity = 10;
    assert(!status_failed(call(DECREASE_STOCK, &request.base, &done)));
    assert(((const Jumun__Product__V1__Product *)(const void *)done.reply)->quantity == 0);
    product_api_close();
}

int main(void)
{
    static const NamedTest tests[] = {
        { "only_administrators_change_anything", only_administrators_change_anything },
        { "wrong_fields_are_pointed_at", wrong_fields_are_pointed_at },
        { "an_update_changes_only_what_it_names", an_update_changes_only_what_it_names },
        { "a_request_key_makes_an_adjustment_once", a_request_key_makes_an_adjustment_once },
        { "a_decrease_beyond_the_stock_is_out_of_stock",
          a_decrease_beyond_the_stock_is_out_of_stock },
    };

    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
