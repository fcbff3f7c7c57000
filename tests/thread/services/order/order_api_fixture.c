#include "tests/thread/services/order/order_api_fixture.h"

#undef NDEBUG
#include <assert.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* -- reads over the world -- */

static Status reads_find(OrderReads *reads, Arena *arena, const OrderId *ids, size_t count,
                         Order **ret_orders)
{
    OrderWorld *world = ((WorldReads *)reads)->world;

    return world->place_store->ops->find_orders(world->place_store, arena, ids, count, ret_orders);
}

static Status reads_list(OrderReads *reads, Arena *arena, const OrderReader *reader,
                         const OrderFilter *filter, Order **ret_orders, size_t *ret_count)
{
    MemoryOrders *db = ((WorldReads *)reads)->world->db;
    Order *orders = arena_calloc(arena, filter->limit, sizeof *orders);
    size_t count = 0;

    assert(orders != NULL);
    for (size_t i = db->order_count; i > 0 && count < filter->limit; i--) {
        const Order *order = &db->orders[i - 1];

        if ((reader->sees_all || reader->member.value == order->member.value) &&
            (filter->below.value == 0 || order->id.value < filter->below.value)) {
            orders[count++] = *order;
        }
    }
    *ret_orders = orders;
    *ret_count = count;
    return status_ok();
}

static Status reads_timeline(OrderReads *reads, Arena *arena, const OrderReader *reader, OrderId id,
                             OrderEntry **ret_entries, size_t *ret_count)
{
    MemoryOrders *db = ((WorldReads *)reads)->world->db;
    const Order *order = memory_orders_find(db, id);
    OrderEntry *entries = arena_calloc(arena, 16, sizeof *entries);
    size_t count = 0;

    assert(entries != NULL);
    for (size_t i = 0; i < db->event_count; i++) {
        if (db->events[i].order.value == id.value && order != NULL &&
            (reader->sees_all || order->member.value == reader->member.value)) {
            entries[count++] = db->events[i].entry;
        }
    }
    *ret_entries = entries;
    *ret_count = count;
    return status_ok();
}

static const OrderReadsOps reads_ops = { reads_find, reads_list, reads_timeline };

/* -- the service -- */

/* The batch thread stands here until the test has all its calls queued. */
static Status slow_get(Catalog *catalog, Arena *arena, const ProductId *ids, size_t count,
                       CatalogProduct **ret_products, size_t *ret_count)
{
    Served *served = (Served *)((char *)catalog - offsetof(Served, slow_catalog));
    Catalog *fast = &served->world->catalog;

    while (atomic_load(&served->shut)) {
        (void)sched_yield();
    }
    return fast->ops->get(fast, arena, ids, count, ret_products, ret_count);
}

static const CatalogOps slow_ops = { slow_get };

static void counted_place(void *service, RpcCall *const *calls, size_t count)
{
    Served *served = (Served *)((char *)service - offsetof(Served, api));

    order_placing_handle(service, calls, count);
    (void)atomic_fetch_add(&served->handled, count);
}

RpcClient *open_client(const Served *served)
{
    RpcClient *client = NULL;
    Status status = rpc_client_open(
        &(RpcClientOptions){ .urls = served->url,
                             .descriptor = &jumun__order__v1__order_service__descriptor,
                             .caller = "gateway",
                             .keyring = fixture_keyring(),
                             .queue_max = 64,
                             .clock = clock_system() },
        &client);

    assert(!status_failed(status));
    return client;
}

static Batcher *open_batcher(BatchRun *run, void *context)
{
    Batcher *batcher = NULL;
    Status status = batcher_open(&(BatcherOptions){ run, context, 64, 64 }, &batcher);

    assert(!status_failed(status));
    return batcher;
}

Served *serve(void)
{
    Served *served = calloc(1, sizeof *served);
    RpcMethod methods[ORDER_API_METHOD_COUNT];

    assert(served != NULL);
    served->world = order_world_open();
    served->world->place.clock = clock_system();
    served->slow_catalog.ops = &slow_ops;
    served->world->place.catalog = &served->slow_catalog;
    id_source_init(&served->ids, clock_system(), 5);
    served->code_keys.count = 1;
    memset(served->code_keys.keys[0], 7, ORDER_CODE_KEY_SIZE);
    served->reads = (WorldReads){ { &reads_ops }, served->world };
    served->placing = (OrderPlacing){ .app = served->world->place, .ids = &served->ids };
    served->lookups = (OrderLookups){ &served->reads.port, clock_system(), NULL, { 0 } };
    served->listings =
        (OrderLookups){ &served->reads.port, clock_system(), &served->code_keys, { 0 } };
    arena_init(&served->lookups.arena, LOOKUP_ARENA_BLOCK, LOOKUP_ARENA_MAX);
    arena_init(&served->listings.arena, LOOKUP_ARENA_BLOCK, LOOKUP_ARENA_MAX);
    served->api.code_keys = &served->code_keys;
    served->api.placing = open_batcher(order_placing_run, &served->placing);
    served->api.lookups = open_batcher(order_lookups_run, &served->lookups);
    served->api.listings = open_batcher(order_listings_run, &served->listings);
    memcpy(methods, order_api_methods, sizeof methods);
    methods[PLACE_ORDER].handler = counted_place;
    fixture_url(served->url);
    Status status = rpc_server_open(
        &(RpcServerOptions){ .url = served->url,
                             .descriptor = &jumun__order__v1__order_service__descriptor,
                             .methods = methods,
                             .method_count = ORDER_API_METHOD_COUNT,
                             .messages_max = 16,
                             .service = &served->api,
                             .keyring = fixture_keyring(),
                             .clock = clock_system() },
        &served->server);
    assert(!status_failed(status));
    served->client = open_client(served);
    return served;
}

void stop(Served *served)
{
    rpc_client_close(served->client);
    rpc_server_close(served->server);
    batcher_close(served->api.placing);
    batcher_close(served->api.lookups);
    batcher_close(served->api.listings);
    arena_deinit(&served->lookups.arena);
    arena_deinit(&served->listings.arena);
    served->world->place.arena = served->placing.app.arena; /* the placing thread grew it */
    order_world_close(served->world);
    free(served);
}

/* -- calls -- */

const void *send_by(RpcClient *client, Call *call, unsigned method, const ProtobufCMessage *message)
{
    arena_init(&call->arena, (size_t)64 * 1024, (size_t)2 * 1024 * 1024);
    call->call.method = method;
    call->call.message = message;
    call->call.arena = &call->arena;
    call->call.deadline_us = clock_monotonic_us(clock_system()) + LONG_S * US_PER_S;
    (void)rpc_client_call_and_wait(client, &call->call);
    return call->call.reply;
}

const void *send_call(Served *served, Call *call, unsigned method, const ProtobufCMessage *message)
{
    return send_by(served->client, call, method, message);
}

void cart_init(Cart *cart)
{
    *cart = (Cart){ 0 };
    jumun__order__v1__place_order_request__init(&cart->request);
    jumun__order__v1__place_order_request__payment__init(&cart->payment);
    cart->request.lines = cart->list;
}

void cart_add(Cart *cart, uint64_t product, uint32_t quantity)
{
    size_t at = cart->request.n_lines++;

    jumun__order__v1__place_order_request__line__init(&cart->lines[at]);
    cart->lines[at].product_id = product;
    cart->lines[at].quantity = quantity;
    cart->list[at] = &cart->lines[at];
}

const Jumun__Order__V1__Order *place_by(RpcClient *client, Call *call, const Cart *cart,
                                        uint64_t member, const char *key)
{
    static const uint8_t hash[BODY_HASH_SIZE] = { 1 };

    *call = (Call){ .call = { .member = { member },
                              .role = JUMUN__RPC__V1__ROLE__MEMBER,
                              .request_key = key,
                              .request_hash = hash,
                              .trace_parent = TRACE } };
    return send_by(client, call, PLACE_ORDER, &cart->request.base);
}

const Jumun__Order__V1__Order *place(Served *served, Call *call, const Cart *cart, uint64_t member,
                                     const char *key)
{
    return place_by(served->client, call, cart, member, key);
}
