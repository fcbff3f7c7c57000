/* main.c - the diagram of the product service.
 *
 *     RPC server --> reads (batcher) ----> product_db
 *               \--> queries, changes (pools) --> product_db, gate
 *     consumer of product.commands --> stock store --> product_db, outbox --> wake */
#include "services/product/service.h"

#include <stdlib.h>

#include "common/amqp/consumer.h"
#include "common/amqp/topology.h"
#include "common/crypto/mac.h"
#include "common/crypto/token.h"
#include "common/mysql/node_lease.h"
#include "common/rpc/wake.h"
#include "jumun/product/v1/product.pb-c.h"
#include "services/product/adapters/mysql_product_store.h"
#include "services/product/adapters/mysql_stock_store.h"
#include "services/product/adapters/redis_stock_gate.h"
#include "services/product/api/product_api.h"
#include "services/product/api/product_events.h"
#include "services/product/api/product_reads.h"
#include "services/product/config.h"

enum {
    WORKERS = 2, /* one for queries, one for changes */
    READS_QUEUE_MAX = 4096,
    CALLS_QUEUE_MAX = 256,
};

typedef struct ProductService {
    ProductConfig config;
    CallerKeyring keyring;
    const ServiceHost *host;
    NodeLease *lease;
    WakePublisher *wake;
    ProductWorker workers[WORKERS];
    ProductStore *read_store;
    ProductReads *reads;
    StockStore *stock_store;
    ProductEvents *events;
    ProductApi api;
    Consumer *consumer;
    RpcServer *server;
} ProductService;

static void wake(void *context)
{
    wake_publish(context, NULL, 0);
}

static Status open_store(ProductService *product, ProductStore **ret_store)
{
    return mysql_product_store_open(product->config.db_url, node_lease_ids(product->lease),
                                    product->host->clock, ret_store);
}

static Status open_worker(ProductService *product, ProductWorker *worker)
{
    worker->clock = product->host->clock;
    worker->ids = node_lease_ids(product->lease);
    Status status = open_store(product, &worker->catalog.store);
    if (!status_failed(status)) {
        status = redis_stock_gate_open(product->config.gate_url, &worker->catalog.gate);
    }
    return status;
}

static Status open_pool(ProductWorker *worker, Pool **ret_pool)
{
    void *contexts[] = { worker };

    return pool_open(
        &(PoolOptions){ .thread_count = 1, .workers = contexts, .queue_max = CALLS_QUEUE_MAX },
        ret_pool);
}

static Status open_reads(ProductService *product)
{
    Status status = open_store(product, &product->read_store);

    if (status_failed(status)) {
        return status;
    }
    product->reads = product_reads_open(product->read_store, product->host->clock);
    if (product->reads == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    return batcher_open(
        &(BatcherOptions){
            .run = product_reads_run,
            .context = product->reads,
            .queue_max = READS_QUEUE_MAX,
            .batch_max = PRODUCT_READS_MAX,
        },
        &product->api.reads);
}

static Status open_consumer(ProductService *product)
{
    Status status = mysql_stock_store_open(product->config.db_url, node_lease_ids(product->lease),
                                           product->host->clock, &product->stock_store);
    if (status_failed(status)) {
        return status;
    }
    status = product_events_open(
        &(ProductEventsOptions){
            .store = product->stock_store,
            .clock = product->host->clock,
            .wake = wake,
            .wake_context = product->wake,
        },
        &product->events);
    if (status_failed(status)) {
        return status;
    }
    return consumer_open(
        &(ConsumerOptions){
            .url = product->config.bus_url,
            .queue = QUEUE_PRODUCT_COMMANDS,
            .run = product_events_run,
            .context = product->events,
            .clock = product->host->clock,
            .metrics = product->host->metrics,
        },
        &product->consumer);
}

/* Everything that calls depend on is there. Any thread. */
static bool is_ready(void *context)
{
    const ProductService *product = context;

    return node_lease_is_held(product->lease) && consumer_is_up(product->consumer);
}

static Status open_server(ProductService *product)
{
    return rpc_server_open(
        &(RpcServerOptions){
            .url = product->config.rpc_url,
            .descriptor = &jumun__product__v1__product_service__descriptor,
            .methods = product_api_methods,
            .method_count = PRODUCT_API_METHOD_COUNT,
            .messages_max = (size_t)product->config.messages_max,
            .service = &product->api,
            .ready = is_ready,
            .ready_context = product,
            .keyring = &product->keyring,
            .clock = product->host->clock,
            .metrics = product->host->metrics,
        },
        &product->server);
}

static Status open_parts(ProductService *product)
{
    Status status = product_config_load(&product->config);

    if (!status_failed(status)) {
        status = caller_keyring_load(product->config.rpc_keys_file, &product->keyring);
    }
    if (!status_failed(status)) {
        status = wake_publisher_open(product->config.wake_url, &product->wake);
    }
    if (!status_failed(status)) {
        status = node_lease_open(product->config.db_url, NODE_RANGE_PRODUCT, product->host->clock,
                                 &product->lease);
    }
    for (size_t i = 0; !status_failed(status) && i < WORKERS; i++) {
        status = open_worker(product, &product->workers[i]);
    }
    if (!status_failed(status)) {
        status = open_pool(&product->workers[0], &product->api.queries);
    }
    if (!status_failed(status)) {
        status = open_pool(&product->workers[1], &product->api.changes);
    }
    if (!status_failed(status)) {
        status = open_reads(product);
    }
    if (!status_failed(status)) {
        status = open_consumer(product);
    }
    return status_failed(status) ? status : open_server(product);
}

static void product_close(void *context)
{
    ProductService *product = context;

    if (product == NULL) {
        return;
    }
    /* Stop taking work and finish what was taken: the server waits for its answers, */
    rpc_server_close(product->server);
    consumer_close(product->consumer);
    batcher_close(product->api.reads);
    pool_close(product->api.queries);
    pool_close(product->api.changes);
    /* then let go of the backends. */
    product_events_close(product->events);
    mysql_stock_store_close(product->stock_store);
    product_reads_close(product->reads);
    mysql_product_store_close(product->read_store);
    for (size_t i = 0; i < WORKERS; i++) {
        redis_stock_gate_close(product->workers[i].catalog.gate);
        mysql_product_store_close(product->workers[i].catalog.store);
    }
    node_lease_close(product->lease);
    wake_publisher_close(product->wake);
    free(product);
}

static Status product_open(const ServiceHost *host, void **ret_service)
{
    ProductService *product = calloc(1, sizeof *product);

    if (product == NULL || !crypto_init()) {
        free(product);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    product->host = host;
    Status status = open_parts(product);
    if (status_failed(status)) {
        product_close(product);
        return status;
    }
    *ret_service = product;
    return status_ok();
}

const Service product_service = { "product", product_open, is_ready, product_close };

#ifndef JUMUN_EMBEDDED
int main(void)
{
    return service_main(&product_service);
}
#endif
