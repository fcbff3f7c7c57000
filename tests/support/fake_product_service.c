/* fake_product_service.c - the product service of fake_services.h. */
#include "common/rpc/proto_arena.h"
#include "jumun/product/v1/product.pb-c.h"
#include "tests/support/fake_service_parts.h"

static void reply_product(RpcCall *call, uint64_t id)
{
    Jumun__Product__V1__Product reply;
    jumun__product__v1__product__init(&reply);

    reply.product_id = id;
    reply.name = proto_text(FAKE_NAME);
    reply.price = 1500;
    reply.status = JUMUN__PRODUCT__V1__PRODUCT__STATUS__ACTIVE;
    reply.version = 3;
    rpc_call_reply(call, &reply.base);
}

static void on_create(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        reply_product(calls[i], 99);
    }
}

static void on_get_product(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        const Jumun__Product__V1__GetProductRequest *request = rpc_call_request(calls[i]);
        if (request->product_id == 404) {
            rpc_call_fail(calls[i], status_make(STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND"), NULL);
        } else {
            reply_product(calls[i], request->product_id);
        }
    }
}

static void on_batch_get(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        rpc_call_fail(calls[i], status_make(STATUS_INTERNAL, "INTERNAL"), NULL);
    }
}

static void on_list_products(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        Jumun__Product__V1__ListProductsReply reply;
        jumun__product__v1__list_products_reply__init(&reply);
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void on_update(void *service, RpcCall *const *calls, size_t count)
{
    FakeServices *fake = service;

    for (size_t i = 0; i < count; i++) {
        const Jumun__Product__V1__UpdateProductRequest *request = rpc_call_request(calls[i]);
        pthread_mutex_lock(&fake->lock);
        fake->seen.expected_version = request->expected_version;
        pthread_mutex_unlock(&fake->lock);
        if (request->expected_version != 3) {
            rpc_call_fail(calls[i], status_make(STATUS_FAILED_PRECONDITION, "VERSION_MISMATCH"),
                          NULL);
        } else {
            reply_product(calls[i], request->product_id);
        }
    }
}

static void on_archive(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        const Jumun__Product__V1__ArchiveProductRequest *request = rpc_call_request(calls[i]);
        Jumun__Product__V1__ArchiveProductReply reply;
        jumun__product__v1__archive_product_reply__init(&reply);
        if (request->expected_version != 3) {
            rpc_call_fail(calls[i], status_make(STATUS_FAILED_PRECONDITION, "VERSION_MISMATCH"),
                          NULL);
        } else {
            rpc_call_reply(calls[i], &reply.base);
        }
    }
}

static void on_adjust(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        Jumun__Product__V1__Stock reply;
        jumun__product__v1__stock__init(&reply);
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void on_get_stock(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        Jumun__Product__V1__StockLevel reply;
        jumun__product__v1__stock_level__init(&reply);
        rpc_call_reply(calls[i], &reply.base);
    }
}

const RpcMethod fake_product_methods[] = {
    { "CreateProduct", on_create, "gateway" },     { "GetProduct", on_get_product, "gateway" },
    { "BatchGetProducts", on_batch_get, "order" }, { "ListProducts", on_list_products, "gateway" },
    { "UpdateProduct", on_update, "gateway" },     { "ArchiveProduct", on_archive, "gateway" },
    { "AdjustStock", on_adjust, "gateway" },       { "DecreaseStock", on_create, "gateway" },
    { "GetStock", on_get_stock, "gateway" },
};

const size_t fake_product_method_count =
    sizeof fake_product_methods / sizeof fake_product_methods[0];
