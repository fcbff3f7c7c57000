#include "services/order/adapters/rpc_catalog.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/runtime/log.h"
#include "jumun/product/v1/product.pb-c.h"

typedef struct RpcCatalog {
    Catalog port;
    RpcClient *client;
    const Clock *clock;
} RpcCatalog;

static int compare_products(const void *left, const void *right)
{
    const CatalogProduct *a = left;
    const CatalogProduct *b = right;

    return (a->id.value > b->id.value) - (a->id.value < b->id.value);
}

static bool is_sound(const Jumun__Product__V1__Product *product)
{
    size_t points;

    return text_utf8_count(product->name, strlen(product->name), &points) &&
           points <= ORDER_NAME_MAX / 4 && product->price >= 0 && product->price <= MONEY_MAX;
}

static size_t copy_reply(const Jumun__Product__V1__BatchGetProductsReply *reply, size_t max,
                         CatalogProduct *products)
{
    size_t count = 0;

    for (size_t i = 0; i < reply->n_products && count < max; i++) {
        const Jumun__Product__V1__Product *product = reply->products[i];

        if (!is_sound(product)) {
            continue;
        }
        products[count++] = (CatalogProduct){
            .id = { product->product_id },
            .name = product->name,
            .price = { product->price },
            .available = product->quantity,
            .active = product->status == JUMUN__PRODUCT__V1__PRODUCT__STATUS__ACTIVE,
        };
    }
    return count;
}

/* One call of at most CATALOG_CALL_MAX products. */
static Status ask(RpcCatalog *self, Arena *arena, uint64_t *ids, size_t count,
                  CatalogProduct *products, size_t *ret_count)
{
    Jumun__Product__V1__BatchGetProductsRequest request =
        JUMUN__PRODUCT__V1__BATCH_GET_PRODUCTS_REQUEST__INIT;
    const ProtobufCServiceDescriptor *service = &jumun__product__v1__product_service__descriptor;
    const ProtobufCMethodDescriptor *method =
        protobuf_c_service_descriptor_get_method_by_name(service, "BatchGetProducts");

    request.product_ids = ids;
    request.n_product_ids = count;
    RpcClientCall call = {
        .method = (unsigned)(method - service->methods),
        .message = &request.base,
        .arena = arena,
        .deadline_us = clock_monotonic_us(self->clock) + CATALOG_TIMEOUT_MS * US_PER_MS,
    };
    Status status = rpc_client_call_and_wait(self->client, &call);
    if (status_failed(status)) {
        log_warn("order.catalog_failed", "code=%s name=%s", status_code_name(status.code),
                 status.name);
        return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    }
    *ret_count =
        copy_reply((const Jumun__Product__V1__BatchGetProductsReply *)call.reply, count, products);
    return status;
}

static Status get(Catalog *catalog, Arena *arena, const ProductId *ids, size_t count,
                  CatalogProduct **ret_products, size_t *ret_count)
{
    RpcCatalog *self = (RpcCatalog *)catalog;
    CatalogProduct *products = arena_calloc(arena, count, sizeof *products);
    uint64_t *numbers = arena_calloc(arena, count, sizeof *numbers);
    size_t found = 0;
    Status status = status_ok();

    if (products == NULL || numbers == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    for (size_t i = 0; i < count; i++) {
        numbers[i] = ids[i].value;
    }
    for (size_t done = 0; !status_failed(status) && done < count;) {
        size_t some = count - done < CATALOG_CALL_MAX ? count - done : CATALOG_CALL_MAX;
        size_t more = 0;

        status = ask(self, arena, &numbers[done], some, &products[found], &more);
        found += more;
        done += some;
    }
    if (status_failed(status)) {
        return status;
    }
    qsort(products, found, sizeof *products, compare_products);
    *ret_products = products;
    *ret_count = found;
    return status;
}

static const CatalogOps ops = { .get = get };

Status rpc_catalog_open(RpcClient *client, const Clock *clock, Catalog **ret_catalog)
{
    RpcCatalog *self = calloc(1, sizeof *self);

    if (self == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    *self = (RpcCatalog){ { &ops }, client, clock };
    *ret_catalog = &self->port;
    return status_ok();
}

void rpc_catalog_close(Catalog *catalog)
{
    free(catalog);
}
