/* main.c - the diagram of the order service.
 *
 *     RPC server --> placing (batcher) ---> catalog, gate, order_db + outbox --> wake
 *               \--> lookups (batcher) ---> order_db
 *                \-> listings (batcher) --> order_db
 *     consumer of order.replies ----------> order_db + outbox, gate --> wake
 *     sweeper, every second --------------> order_db + outbox, gate, catalog --> wake
 *
 * Each of the five threads owns its connections. */
#include "services/order/service.h"

#include <stdlib.h>
#include <string.h>

#include "common/amqp/consumer.h"
#include "common/amqp/topology.h"
#include "common/crypto/mac.h"
#include "common/crypto/token.h"
#include "common/mysql/node_lease.h"
#include "common/rpc/wake.h"
#include "jumun/order/v1/order.pb-c.h"
#include "jumun/product/v1/product.pb-c.h"
#include "services/order/adapters/memory_stock_gate.h"
#include "services/order/adapters/mysql_order_reads.h"
#include "services/order/adapters/mysql_order_store.h"
#include "services/order/adapters/redis_stock_gate.h"
#include "services/order/adapters/rpc_catalog.h"
#include "services/order/api/order_api.h"
#include "services/order/api/order_events.h"
#include "services/order/api/order_lookups.h"
#include "services/order/api/order_placing.h"
#include "services/order/api/order_sweeper.h"
#include "services/order/config.h"

enum {
    LOOKUPS_QUEUE_MAX = 4096,
    LISTINGS_QUEUE_MAX = 256,
    LISTINGS_BATCH_MAX = 16,
    CATALOG_QUEUE_MAX = 64,
    STALL_S = 10, /* without news for so long, an order asks again */
    GATES = 3,    /* placing, events, sweep */
};

typedef struct OrderService {
    OrderConfig config;
    const ServiceHost *host;
    CallerKeyring keyring;
    OrderCodeKeys code_keys;
    NodeLease *lease;
    WakePublisher *wake;
    RpcClient *products;
    StockGate *memory_gate; /* one for all, or NULL */
    StockGate *gates[GATES];
    Catalog *catalog; /* of placing */
    Catalog *sweep_catalog;
    OrderStore *place_store;
    OrderStore *event_store;
    OrderStore *sweep_store;
    OrderPressure pressure;
    OrderPlacing placing;
    OrderLookups lookups;
    OrderLookups listings;
    OrderEvents events;
    SweepOrders sweep;
    OrderApi api;
    OrderSweeper *sweeper;
    Consumer *consumer;
    RpcServer *server;
} OrderService;

static OrderRules rules_of(const OrderService *order)
{
    return (OrderRules){
        .currency = order->config.currency,
        .hold_us = order->config.hold_s * US_PER_S,
        .payment_attempts_max = (uint32_t)order->config.payment_attempts_max,
        .stall_us = STALL_S * US_PER_S,
    };
}

static Status open_gates(OrderService *order)
{
    Status status = status_ok();

    if (strcmp(order->config.gate_url, "memory:") == 0) {
        status = order_memory_gate_open(&order->memory_gate);
        for (size_t i = 0; i < GATES; i++) {
            order->gates[i] = order->memory_gate;
        }
        return status;
    }
    for (size_t i = 0; !status_failed(status) && i < GATES; i++) {
        status = order_redis_gate_open(order->config.gate_url, order->host->clock,
                                       order->host->metrics, &order->gates[i]);
    }
    return status;
}

static Status open_products(OrderService *order)
{
    Status status = rpc_client_open(
        &(RpcClientOptions){
            .urls = order->config.product_url,
            .descriptor = &jumun__product__v1__product_service__descriptor,
            .caller = "order",
            .keyring = &order->keyring,
            .queue_max = CATALOG_QUEUE_MAX,
            .clock = order->host->clock,
            .metrics = order->host->metrics,
        },
        &order->products);
    if (!status_failed(status)) {
        status = rpc_catalog_open(order->products, order->host->clock, &order->catalog);
    }
    if (!status_failed(status)) {
        status = rpc_catalog_open(order->products, order->host->clock, &order->sweep_catalog);
    }
    return status;
}

static Status open_stores(OrderService *order)
{
    IdSource *ids = node_lease_ids(order->lease);
    const char *url = order->config.db_url;

    Status status = mysql_order_store_open(url, ids, &order->place_store);
    if (!status_failed(status)) {
        status = mysql_order_store_open(url, ids, &order->event_store);
    }
    if (!status_failed(status)) {
        status = mysql_order_store_open(url, ids, &order->sweep_store);
    }
    if (!status_failed(status)) {
        status = mysql_order_reads_open(url, &order->lookups.reads);
    }
    if (!status_failed(status)) {
        status = mysql_order_reads_open(url, &order->listings.reads);
    }
    return status;
}

static Status open_placing(OrderService *order)
{
    OrderPlacing *placing = &order->placing;

    placing->app.store = order->place_store;
    placing->app.gate = order->gates[0];
    placing->app.catalog = order->catalog;
    placing->app.clock = order->host->clock;
    placing->app.rules = rules_of(order);
    placing->ids = node_lease_ids(order->lease);
    placing->wake = order->wake;
    placing->pressure = &order->pressure;
    order_placing_measure(placing, order->host->metrics);
    return batcher_open(
        &(BatcherOptions){
            .run = order_placing_run,
            .context = placing,
            .queue_max = (size_t)order->config.place_queue_max,
            .batch_max = PLACE_ORDERS_MAX,
        },
        &order->api.placing);
}

static Status open_lookups(OrderService *order)
{
    order->lookups.clock = order->host->clock;
    order->listings.clock = order->host->clock;
    order->listings.code_keys = &order->code_keys;
    order->api.code_keys = &order->code_keys;
    Status status = batcher_open(
        &(BatcherOptions){
            .run = order_lookups_run,
            .context = &order->lookups,
            .queue_max = LOOKUPS_QUEUE_MAX,
            .batch_max = FIND_ORDERS_MAX,
        },
        &order->api.lookups);
    if (status_failed(status)) {
        return status;
    }
    return batcher_open(
        &(BatcherOptions){
            .run = order_listings_run,
            .context = &order->listings,
            .queue_max = LISTINGS_QUEUE_MAX,
            .batch_max = LISTINGS_BATCH_MAX,
        },
        &order->api.listings);
}

static Status open_consumer(OrderService *order)
{
    OrderEvents *events = &order->events;

    events->app.store = order->event_store;
    events->app.gate = order->gates[1];
    events->app.clock = order->host->clock;
    events->app.rules = rules_of(order);
    events->wake = order->wake;
    events->pressure = &order->pressure;
    order_events_measure(events, order->host->metrics);
    return consumer_open(
        &(ConsumerOptions){
            .url = order->config.bus_url,
            .queue = QUEUE_ORDER_REPLIES,
            .run = order_events_run,
            .context = events,
            .clock = order->host->clock,
            .metrics = order->host->metrics,
        },
        &order->consumer);
}

static Status open_sweeper(OrderService *order)
{
    SweepOrders *sweep = &order->sweep;

    sweep->advance.store = order->sweep_store;
    sweep->advance.gate = order->gates[2];
    sweep->advance.clock = order->host->clock;
    sweep->advance.rules = rules_of(order);
    sweep->catalog = order->sweep_catalog;
    return order_sweeper_open(sweep, order->wake, order->host->metrics, &order->sweeper);
}

/* Everything that calls depend on is there. The gate is not among it. Any thread. */
static bool is_ready(void *context)
{
    const OrderService *order = context;

    return node_lease_is_held(order->lease) && consumer_is_up(order->consumer) &&
           rpc_client_ready(order->products);
}

static Status open_server(OrderService *order)
{
    return rpc_server_open(
        &(RpcServerOptions){
            .url = order->config.rpc_url,
            .descriptor = &jumun__order__v1__order_service__descriptor,
            .methods = order_api_methods,
            .method_count = ORDER_API_METHOD_COUNT,
            .messages_max = (size_t)order->config.messages_max,
            .service = &order->api,
            .ready = is_ready,
            .ready_context = order,
            .keyring = &order->keyring,
            .clock = order->host->clock,
            .metrics = order->host->metrics,
        },
        &order->server);
}

static void init_arenas(OrderService *order)
{
    arena_init(&order->placing.app.arena, PLACE_ORDERS_ARENA_BLOCK, PLACE_ORDERS_ARENA_MAX);
    arena_init(&order->events.app.arena, ADVANCE_ORDERS_ARENA_BLOCK, ADVANCE_ORDERS_ARENA_MAX);
    arena_init(&order->events.arena, ORDER_EVENTS_ARENA_BLOCK, ORDER_EVENTS_ARENA_MAX);
    arena_init(&order->sweep.advance.arena, ADVANCE_ORDERS_ARENA_BLOCK, ADVANCE_ORDERS_ARENA_MAX);
    arena_init(&order->lookups.arena, LOOKUP_ARENA_BLOCK, LOOKUP_ARENA_MAX);
    arena_init(&order->listings.arena, LOOKUP_ARENA_BLOCK, LOOKUP_ARENA_MAX);
}

static void deinit_arenas(OrderService *order)
{
    arena_deinit(&order->placing.app.arena);
    arena_deinit(&order->events.app.arena);
    arena_deinit(&order->events.arena);
    arena_deinit(&order->sweep.advance.arena);
    arena_deinit(&order->lookups.arena);
    arena_deinit(&order->listings.arena);
}

static Status load_settings(OrderService *order)
{
    Status status = order_config_load(&order->config);

    if (!status_failed(status)) {
        status = caller_keyring_load(order->config.rpc_keys_file, &order->keyring);
    }
    if (!status_failed(status)) {
        status = order_code_keys_load(order->config.code_keys_file, &order->code_keys);
    }
    return status;
}

static Status open_parts(OrderService *order)
{
    Status (*const parts[])(OrderService *) = {
        open_gates,   open_products, open_stores,  open_placing,
        open_lookups, open_consumer, open_sweeper, open_server,
    };
    Status status = load_settings(order);

    if (!status_failed(status)) {
        status = wake_publisher_open(order->config.wake_url, &order->wake);
    }
    if (!status_failed(status)) {
        status = node_lease_open(order->config.db_url, NODE_RANGE_ORDER, order->host->clock,
                                 &order->lease);
    }
    for (size_t i = 0; !status_failed(status) && i < sizeof parts / sizeof parts[0]; i++) {
        status = parts[i](order);
    }
    return status;
}

static void order_close(void *context)
{
    OrderService *order = context;

    if (order == NULL) {
        return;
    }
    /* Stop taking work and finish what was taken: the server waits for its answers, */
    rpc_server_close(order->server);
    consumer_close(order->consumer);
    order_sweeper_close(order->sweeper);
    batcher_close(order->api.placing);
    batcher_close(order->api.lookups);
    batcher_close(order->api.listings);
    /* then let go of the backends. */
    mysql_order_store_close(order->place_store);
    mysql_order_store_close(order->event_store);
    mysql_order_store_close(order->sweep_store);
    mysql_order_reads_close(order->lookups.reads);
    mysql_order_reads_close(order->listings.reads);
    rpc_catalog_close(order->catalog);
    rpc_catalog_close(order->sweep_catalog);
    rpc_client_close(order->products);
    for (size_t i = 0; order->memory_gate == NULL && i < GATES; i++) {
        order_redis_gate_close(order->gates[i]);
    }
    order_memory_gate_close(order->memory_gate);
    node_lease_close(order->lease);
    wake_publisher_close(order->wake);
    deinit_arenas(order);
    free(order);
}

static Status order_open(const ServiceHost *host, void **ret_service)
{
    OrderService *order = calloc(1, sizeof *order);

    if (order == NULL || !crypto_init()) {
        free(order);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    order->host = host;
    init_arenas(order);
    Status status = open_parts(order);
    if (status_failed(status)) {
        order_close(order);
        return status;
    }
    *ret_service = order;
    return status_ok();
}

const Service order_service = { "order", order_open, is_ready, order_close };

#ifndef JUMUN_EMBEDDED /* `jumun dev` runs many services in one process */
int main(void)
{
    return service_main(&order_service);
}
#endif
