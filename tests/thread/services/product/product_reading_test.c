/* product_reading_test.c - ProductService over RPC, on fakes: batches, pages, stock. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "common/rpc/proto_arena.h"
#include "services/product/api/product_reads.h"
#include "tests/thread/services/product/product_api_fixture.h"

static void a_batch_leaves_out_what_does_not_exist(void)
{
    Jumun__Product__V1__BatchGetProductsRequest request;
    uint64_t ids[5];
    RpcClientCall done;

    product_api_open();
    ids[0] = created("one", 1);
    ids[1] = 999;
    ids[2] = created("two", 2);
    ids[3] = ids[0];
    ids[4] = 0;
    jumun__product__v1__batch_get_products_request__init(&request);
    request.product_ids = ids;
    request.n_product_ids = 5;
    assert(!status_failed(
        call_as(served.order, JUMUN__RPC__V1__ROLE__NOBODY, BATCH_GET, &request.base, &done)));
    const Jumun__Product__V1__BatchGetProductsReply *reply = (const void *)done.reply;
    assert(reply->n_products == 3);
    assert(strcmp(reply->products[0]->name, "one") == 0);
    assert(strcmp(reply->products[1]->name, "two") == 0);
    assert(reply->products[2]->product_id == ids[0]);

    request.n_product_ids = 0;
    assert(!status_failed(call(BATCH_GET, &request.base, &done)));
    assert(
        ((const Jumun__Product__V1__BatchGetProductsReply *)(const void *)done.reply)->n_products ==
        0);
    product_api_close();
}

static void a_batch_has_a_limit(void)
{
    static uint64_t ids[PRODUCT_IDS_MAX + 1];
    Jumun__Product__V1__BatchGetProductsRequest request;
    RpcClientCall done;

    product_api_open();
    for (size_t i = 0; i < PRODUCT_IDS_MAX + 1; i++) {
        ids[i] = i + 1;
    }
    jumun__product__v1__batch_get_products_request__init(&request);
    request.product_ids = ids;
    request.n_product_ids = PRODUCT_IDS_MAX + 1;
    assert(is(call(BATCH_GET, &request.base, &done), STATUS_INVALID_ARGUMENT, "VALIDATION"));
    request.n_product_ids = PRODUCT_IDS_MAX;
    assert(!status_failed(call(BATCH_GET, &request.base, &done)));
    product_api_close();
}

static void a_missing_product_is_not_found(void)
{
    Jumun__Product__V1__GetProductRequest request;
    RpcClientCall done;

    product_api_open();
    jumun__product__v1__get_product_request__init(&request);
    request.product_id = 999;
    assert(is(call(GET, &request.base, &done), STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND"));
    product_api_close();
}

/* Reads a page; answers its size. */
static size_t page(Jumun__Rpc__V1__Role role, const char *cursor,
                   const Jumun__Product__V1__ListProductsReply **ret_reply)
{
    Jumun__Product__V1__ListProductsRequest request;
    RpcClientCall done;

    jumun__product__v1__list_products_request__init(&request);
    request.sort = proto_text("-price");
    request.limit = 2;
    request.cursor = proto_text(cursor);
    assert(!status_failed(call_as(served.gateway, role, LIST, &request.base, &done)));
    *ret_reply = (const void *)done.reply;
    return (*ret_reply)->n_items;
}

static void a_list_goes_on_where_it_stopped(void)
{
    const Jumun__Product__V1__ListProductsReply *reply;
    Jumun__Product__V1__ArchiveProductRequest archive;
    RpcClientCall done;

    product_api_open();
    (void)created("cheap", 1);
    (void)created("dear", 3);
    (void)created("middle", 2);
    assert(page(JUMUN__RPC__V1__ROLE__NOBODY, "", &reply) == 2);
    assert(strcmp(reply->items[0]->name, "dear") == 0);
    assert(strcmp(reply->items[1]->name, "middle") == 0);
    assert(reply->next_cursor[0] != '\0');
    assert(page(JUMUN__RPC__V1__ROLE__NOBODY, reply->next_cursor, &reply) == 1);
    assert(strcmp(reply->items[0]->name, "cheap") == 0);
    assert(reply->next_cursor[0] == '\0');

    jumun__product__v1__archive_product_request__init(&archive);
    archive.product_id = reply->items[0]->product_id;
    assert(!status_failed(call(ARCHIVE, &archive.base, &done)));
    assert(page(JUMUN__RPC__V1__ROLE__MEMBER, "", &reply) == 2);
    assert(reply->next_cursor[0] == '\0');
    assert(page(JUMUN__RPC__V1__ROLE__ADMIN, "", &reply) == 2);
    assert(reply->next_cursor[0] != '\0');
    product_api_close();
}

static void a_list_that_makes_no_sense_is_refused(void)
{
    static const struct {
        const char *q;
        const char *sort;
        uint32_t limit;
        const char *cursor;
        const char *pointer;
    } rows[] = {
        { "two\nlines", "", 0, "", "/q" },
        { "", "stock", 0, "", "/sort" },
        { "", "", 101, "", "/limit" },
        { "", "", 0, "made up", "/cursor" },
    };
    RpcClientCall done;

    product_api_open();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Jumun__Product__V1__ListProductsRequest request;
        jumun__product__v1__list_products_request__init(&request);
        request.q = proto_text(rows[i].q);
        request.sort = proto_text(rows[i].sort);
        request.limit = rows[i].limit;
        request.cursor = proto_text(rows[i].cursor);
        assert(is(call(LIST, &request.base, &done), STATUS_INVALID_ARGUMENT, "VALIDATION"));
        assert(done.details->n_fields == 1);
        assert(strcmp(done.details->fields[0]->pointer, rows[i].pointer) == 0);
    }
    product_api_close();
}

static void stock_is_shown_with_what_the_gate_believes(void)
{
    Jumun__Product__V1__GetStockRequest request;
    RpcClientCall done;

    product_api_open();
    jumun__product__v1__get_stock_request__init(&request);
    request.product_id = created("one", 7);
    assert(!status_failed(call(GET_STOCK, &request.base, &done)));
    const Jumun__Product__V1__StockLevel *level = (const void *)done.reply;
    assert(level->available == 10);
    assert(level->_gate_available_case == 0 && level->_drift_case == 0);

    fake_stock_gate_put(&served.gate, (ProductId){ request.product_id }, 8);
    assert(!status_failed(call(GET_STOCK, &request.base, &done)));
    level = (const void *)done.reply;
    assert(level->_gate_available_case != 0 && level->gate_available == 8);
    assert(level->_drift_case != 0 && level->drift == -2);

    served.gate.is_down = true;
    assert(!status_failed(call(GET_STOCK, &request.base, &done)));
    assert(((const Jumun__Product__V1__StockLevel *)(const void *)done.reply)->_drift_case == 0);
    product_api_close();
}

int main(void)
{
    static const NamedTest tests[] = {
        { "a_batch_leaves_out_what_does_not_exist", a_batch_leaves_out_what_does_not_exist },
        { "a_batch_has_a_limit", a_batch_has_a_limit },
        { "a_missing_product_is_not_found", a_missing_product_is_not_found },
        { "a_list_goes_on_where_it_stopped", a_list_goes_on_where_it_stopped },
        { "a_list_that_makes_no_sense_is_refused", a_list_that_makes_no_sense_is_refused },
        { "stock_is_shown_with_what_the_gate_believes",
          stock_is_shown_with_what_the_gate_believes },
    };

    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
