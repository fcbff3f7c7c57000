#include "tests/thread/services/product/product_api_fixture.h"

#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "common/rpc/proto_arena.h"
#include "services/product/api/product_api.h"
#include "services/product/api/product_reads.h"

ProductApiFixture served;

/* The fake under a lock: the service's threads have one each only in this test. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ProductStore *const fake = &served.store.store;
static ProductStore locked;

static IdSource id_source;
static ProductWorker worker;
static ProductReads *reads;
static ProductApi api;
static RpcServer *server;

static Status find(ProductStore *base, const ProductId *ids, size_t count, Product *ret_products,
                   size_t *ret_count)
{
    (void)base;
    pthread_mutex_lock(&lock);
    Status status = fake->ops->find(fake, ids, count, ret_products, ret_count);
    pthread_mutex_unlock(&lock);
    return status;
}

static Status list(ProductStore *base, const ProductQuery *query, Product *ret_products,
                   size_t *ret_count)
{
    (void)base;
    pthread_mutex_lock(&lock);
    Status status = fake->ops->list(fake, query, ret_products, ret_count);
    pthread_mutex_unlock(&lock);
    return status;
}

static Status create(ProductStore *base, const Product *product, const StockChange *receipt)
{
    (void)base;
    pthread_mutex_lock(&lock);
    Status status = fake->ops->create(fake, product, receipt);
    pthread_mutex_unlock(&lock);
    return status;
}

static Status update(ProductStore *base, const ProductPatch *patch, Product *ret_product)
{
    (void)base;
    pthread_mutex_lock(&lock);
    Status status = fake->ops->update(fake, patch, ret_product);
    pthread_mutex_unlock(&lock);
    return status;
}

static Status adjust(ProductStore *base, const StockChange *change)
{
    (void)base;
    pthread_mutex_lock(&lock);
    Status status = fake->ops->adjust(fake, change);
    pthread_mutex_unlock(&lock);
    return status;
}

static Status find_change(ProductStore *base, const RequestKey *key, ProductId *ret_product,
                          uint8_t ret_hash[REQUEST_HASH_SIZE])
{
    (void)base;
    pthread_mutex_lock(&lock);
    Status status = fake->ops->find_change(fake, key, ret_product, ret_hash);
    pthread_mutex_unlock(&lock);
    return status;
}

static void open_server(const char *url)
{
    Status status = rpc_server_open(
        &(RpcServerOptions){
            .url = url,
            .descriptor = &jumun__product__v1__product_service__descriptor,
            .methods = product_api_methods,
            .method_count = PRODUCT_API_METHOD_COUNT,
            .messages_max = FIXTURE_MESSAGES_MAX,
            .service = &api,
            .keyring = fixture_keyring(),
            .clock = clock_system(),
        },
        &server);
    assert(!status_failed(status));
}

void product_api_open(void)
{
    static const ProductStoreOps ops = { find, list, create, update, adjust, find_change };
    void *workers[] = { &worker };
    PoolOptions options = { .thread_count = 1, .workers = workers, .queue_max = 64 };
    char url[FIXTURE_URL_SIZE];

    fake_product_store_init(&served.store);
    fake_stock_gate_init(&served.gate);
    locked.ops = &ops;
    id_source_init(&id_source, clock_system(), 64);
    worker = (ProductWorker){ { &locked, &served.gate.gate }, clock_system(), &id_source };
    reads = product_reads_open(&locked, clock_system());
    arena_init(&served.arena, 64 * 1024, 4 << 20);
    assert(!status_failed(batcher_open(
        &(BatcherOptions){ product_reads_run, reads, 256, PRODUCT_READS_MAX }, &api.reads)));
    assert(!status_failed(pool_open(&options, &api.queries)));
    api.changes = api.queries;
    fixture_url(url);
    open_server(url);
    served.gateway = fixture_connect(url, "gateway", 256);
    served.order = fixture_connect(url, "order", 256);
}

void product_api_close(void)
{
    rpc_client_close(served.gateway);
    rpc_client_close(served.order);
    rpc_server_close(server);
    batcher_close(api.reads);
    pool_close(api.queries);
    product_reads_close(reads);
    arena_deinit(&served.arena);
}

Status call_as(RpcClient *client, Jumun__Rpc__V1__Role role, unsigned method,
               const ProtobufCMessage *message, RpcClientCall *call)
{
    Status status = status_ok();

    for (int try = 0; try < 1000; try++) {
        *call = (RpcClientCall){
            .method = method,
            .message = message,
            .arena = &served.arena,
            .deadline_us = clock_monotonic_us(clock_system()) + LONG_S * US_PER_S,
            .member = { 5 },
            .role = role,
            .request_key = "",
        };
        status = rpc_client_call_and_wait(client, call);
        if (status.code != STATUS_UNAVAILABLE || strcmp(status.name, "UNAVAILABLE") != 0) {
            break;
        }
    }
    return status;
}

Status call(unsigned method, const ProtobufCMessage *message, RpcClientCall *ret_call)
{
    return call_as(served.gateway, JUMUN__RPC__V1__ROLE__ADMIN, method, message, ret_call);
}

bool is(Status status, StatusCode code, const char *name)
{
    return status.code == code && strcmp(status.name, name) == 0;
}

Jumun__Product__V1__CreateProductRequest creation(const char *name, int64_t price, int64_t quantity)
{
    Jumun__Product__V1__CreateProductRequest request;

    jumun__product__v1__create_product_request__init(&request);
    request.name = proto_text(name);
    request.price = price;
    request.quantity = quantity;
    return request;
}

uint64_t created(const char *name, int64_t price)
{
    Jumun__Product__V1__CreateProductRequest request = creation(name, price, 10);
    RpcClientCall done;

    assert(!status_failed(call(CREATE, &request.base, &done)));
    const Jumun__Product__V1__Product *product = (const void *)done.reply;
    assert(product->product_id > 0 && product->product_id <= ID_JSON_MAX);
    assert(product->version == 1);
    assert(product->quantity == 10);
    return product->product_id;
}
