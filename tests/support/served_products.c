#include "tests/support/served_products.h"

#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/product/api/product_api.h"
#include "services/product/api/product_reads.h"
#include "tests/support/fake_product_store.h"
#include "tests/support/rpc_fixture.h"

enum {
    QUEUE_MAX = 64
};

struct ServedProducts {
    char url[FIXTURE_URL_SIZE];
    FakeProductStore store;
    ProductReads *reads;
    ProductApi api;
    RpcServer *server;
};

ServedProducts *served_products_open(void)
{
    ServedProducts *products = calloc(1, sizeof *products);

    assert(products != NULL);
    fake_product_store_init(&products->store);
    products->reads = product_reads_open(&products->store.store, clock_system());
    assert(products->reads != NULL);
    Status status = batcher_open(
        &(BatcherOptions){ product_reads_run, products->reads, QUEUE_MAX, PRODUCT_READS_MAX },
        &products->api.reads);
    assert(!status_failed(status));
    fixture_url(products->url);
    status = rpc_server_open(
        &(RpcServerOptions){
            .url = products->url,
            .descriptor = &jumun__product__v1__product_service__descriptor,
            .methods = product_api_methods,
            .method_count = PRODUCT_API_METHOD_COUNT,
            .messages_max = FIXTURE_MESSAGES_MAX,
            .service = &products->api,
            .keyring = fixture_keyring(),
            .clock = clock_system(),
        },
        &products->server);
    assert(!status_failed(status));
    return products;
}

void served_products_stop(ServedProducts *products)
{
    rpc_server_close(products->server);
    products->server = NULL;
}

void served_products_close(ServedProducts *products)
{
    if (products == NULL) {
        return;
    }
    rpc_server_close(products->server);
    batcher_close(products->api.reads);
    product_reads_close(products->reads);
    free(products);
}

const char *served_products_url(const ServedProducts *products)
{
    return products->url;
}

/* The product of that id, or a new place for it; they ascend. */
static Product *place_of(FakeProductStore *store, uint64_t id)
{
    size_t at = 0;

    while (at < store->product_count && store->products[at].id.value < id) {
        at++;
    }
    if (at == store->product_count || store->products[at].id.value != id) {
        assert(store->product_count < FAKE_PRODUCTS_MAX);
        memmove(&store->products[at + 1], &store->products[at],
                (store->product_count - at) * sizeof *store->products);
        store->product_count++;
    }
    return &store->products[at];
}

void served_products_put(ServedProducts *products, const ServedProduct *product)
{
    Product *place = place_of(&products->store, product->id);

    assert(strlen(product->name) < sizeof place->name);
    *place = (Product){
        .id = { product->id },
        .price = { product->price },
        .status = product->archived ? PRODUCT_ARCHIVED : PRODUCT_ACTIVE,
        .version = 1,
        .on_hand = product->on_hand,
        .reserved = product->reserved,
    };
    (void)snprintf(place->name, sizeof place->name, "%s", product->name);
}
