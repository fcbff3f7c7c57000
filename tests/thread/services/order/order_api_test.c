/* OrderService over real RPC, with the use cases over an order world: what is refused at
 * the edge and how, what an answer holds, who may see what. */
#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jumun/order/v1/order.pb-c.h"
#include "services/order/api/order_api.h"
#include "services/order/api/order_lookups.h"
#include "services/order/api/order_placing.h"
#include "tests/support/order_world.h"
#include "tests/thread/common/rpc/rpc_fixture.h"

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

enum {
    PLACE_ORDER,
    GET_ORDER,
    LIST_ORDERS,
    GET_TIMELINE, /* indices in the service */
    LINES_MAX = 101,
};

/* -- reads over the world -- */

typedef struct WorldReads {
    OrderReads port;
    OrderWorld *world;
} WorldReads;

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

typedef struct Served {
    OrderWorld *world;
    char url[FIXTURE_URL_SIZE];
    Catalog slow_catalog; /* the world's, which waits while `shut` */
    atomic_bool shut;
    atomic_size_t handled; /* PlaceOrder calls on their way to the batcher */
    IdSource ids;
    OrderCodeKeys code_keys;
    WorldReads reads;
    OrderPlacing placing;
    OrderLookups lookups;
    OrderLookups listings;
    OrderApi api;
    RpcServer *server;
    RpcClient *client;
} Served;

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

static RpcClient *open_client(const Served *served)
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

static Served *serve(void)
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

static void stop(Served *served)
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

/* One call, with all it says and gets. */
typedef struct Call {
    Arena arena;
    RpcClientCall call;
} Call;

static const void *send_by(RpcClient *client, Call *call, unsigned method,
                           const ProtobufCMessage *message)
{
    arena_init(&call->arena, (size_t)64 * 1024, (size_t)2 * 1024 * 1024);
    call->call.method = method;
    call->call.message = message;
    call->call.arena = &call->arena;
    call->call.deadline_us = clock_monotonic_us(clock_system()) + LONG_S * US_PER_S;
    (void)rpc_client_call_and_wait(client, &call->call);
    return call->call.reply;
}

static const void *send_call(Served *served, Call *call, unsigned method,
                             const ProtobufCMessage *message)
{
    return send_by(served->client, call, method, message);
}

/* -- requests -- */

typedef struct Cart {
    Jumun__Order__V1__PlaceOrderRequest request;
    Jumun__Order__V1__PlaceOrderRequest__Line lines[LINES_MAX];
    Jumun__Order__V1__PlaceOrderRequest__Line *list[LINES_MAX];
    Jumun__Order__V1__PlaceOrderRequest__Payment payment;
} Cart;

static void cart_init(Cart *cart)
{
    *cart = (Cart){ 0 };
    jumun__order__v1__place_order_request__init(&cart->request);
    jumun__order__v1__place_order_request__payment__init(&cart->payment);
    cart->request.lines = cart->list;
}

static void cart_add(Cart *cart, uint64_t product, uint32_t quantity)
{
    size_t at = cart->request.n_lines++;

    jumun__order__v1__place_order_request__line__init(&cart->lines[at]);
    cart->lines[at].product_id = product;
    cart->lines[at].quantity = quantity;
    cart->list[at] = &cart->lines[at];
}

static const Jumun__Order__V1__Order *place_by(RpcClient *client, Call *call, const Cart *cart,
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

static const Jumun__Order__V1__Order *place(Served *served, Call *call, const Cart *cart,
                                            uint64_t member, const char *key)
{
    return place_by(served->client, call, cart, member, key);
}

static void expect_refused(Served *served, const Cart *cart, const char *key, const char *name,
                           const char *pointer)
{
    Call call;

    assert(place(served, &call, cart, 7, key) == NULL);
    assert(call.call.status.code == STATUS_INVALID_ARGUMENT);
    assert(strcmp(call.call.status.name, name) == 0);
    if (pointer != NULL) {
        assert(call.call.details != NULL && call.call.details->n_fields == 1);
        assert(strcmp(call.call.details->fields[0]->pointer, pointer) == 0);
    }
    arena_deinit(&call.arena);
}

static void refuses_bad_requests_with_a_pointer(void)
{
    static const struct {
        uint64_t product;
        uint32_t quantity;
        const char *pointer;
    } rows[] = {
        { 0, 1, "/lines/1/productId" },          { ID_JSON_MAX + 1, 1, "/lines/1/productId" },
        { UINT64_MAX, 1, "/lines/1/productId" }, { 1, 0, "/lines/1/quantity" },
        { 1, 10000, "/lines/1/quantity" },       { 1, UINT32_MAX, "/lines/1/quantity" },
        { 2, 9999, "/lines/1/quantity" }, /* 1 + 9999 of one product */
    };
    Served *served = serve();
    Cart cart;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cart_init(&cart);
        cart_add(&cart, 2, 1);
        cart_add(&cart, rows[i].product, rows[i].quantity);
        expect_refused(served, &cart, "k", "VALIDATION", rows[i].pointer);
    }
    cart_init(&cart);
    expect_refused(served, &cart, "k", "VALIDATION", "/lines");
    for (uint64_t i = 0; i < LINES_MAX; i++) {
        cart_add(&cart, i + 1, 1);
    }
    expect_refused(served, &cart, "k", "VALIDATION", "/lines");

    cart_init(&cart);
    cart_add(&cart, 1, 1);
    expect_refused(served, &cart, "", "IDEMPOTENCY_KEY_MISSING", NULL);
    cart.request.payment = &cart.payment;
    expect_refused(served, &cart, "k", "VALIDATION", "/payment/token");
    char token[66];
    memset(token, 'x', sizeof token - 1);
    token[65] = '\0';
    cart.payment.token = token;
    expect_refused(served, &cart, "k", "VALIDATION", "/payment/token");
    token[64] = '\0';
    token[3] = '\n';
    expect_refused(served, &cart, "k", "VALIDATION", "/payment/token");
    cart.request.payment = NULL;
    cart.request._expected_total_case =
        JUMUN__ORDER__V1__PLACE_ORDER_REQUEST___EXPECTED_TOTAL_EXPECTED_TOTAL;
    cart.request.expected_total = -1;
    expect_refused(served, &cart, "k", "VALIDATION", "/expectedTotal");
    assert(served->world->db->order_count == 0);
    stop(served);
}

static void needs_somebody_to_order(void)
{
    Served *served = serve();
    Cart cart;
    Call call;

    cart_init(&cart);
    cart_add(&cart, 1, 1);
    assert(place(served, &call, &cart, 0, "k") == NULL);
    assert(call.call.status.code == STATUS_UNAUTHENTICATED);
    arena_deinit(&call.arena);
    stop(served);
}

static void places_an_order_and_answers_its_repeat_alike(void)
{
    Served *served = serve();
    uint8_t packed[2][1024];
    size_t size[2];
    Cart cart;
    Call call;

    cart_init(&cart);
    cart_add(&cart, 2, 1);
    cart_add(&cart, 1, 2);
    cart_add(&cart, 2, 3);
    for (int i = 0; i < 2; i++) {
        const Jumun__Order__V1__Order *reply = place(served, &call, &cart, 7, "k");
        assert(reply != NULL && reply->replayed == (i == 1));
        assert(reply->n_lines == 2 && reply->lines[0]->quantity == 4);
        assert(strcmp(reply->lines[0]->name, "잔") == 0);
        assert(reply->total == 1000 && strcmp(reply->currency, "KRW") == 0);
        assert(reply->status == JUMUN__ORDER__V1__ORDER_STATUS__PENDING && reply->version == 1);
        assert(reply->payment->status == JUMUN__ORDER__V1__ORDER_PAYMENT__STATUS__NONE);
        Jumun__Order__V1__Order copy = *reply;
        copy.replayed = false;
        size[i] = jumun__order__v1__order__pack(&copy, packed[i]);
        arena_deinit(&call.arena);
    }
    assert(size[0] == size[1] && memcmp(packed[0], packed[1], size[0]) == 0);
    assert(strcmp(served->world->db->orders[0].trace_parent, TRACE) == 0);
    stop(served);
}

static void says_what_is_out_of_stock_and_which_line_is_unknown(void)
{
    Served *served = serve();
    Cart cart;
    Call call;

    cart_init(&cart);
    cart_add(&cart, 1, 11);
    cart_add(&cart, 2, 1);
    assert(place(served, &call, &cart, 7, "k") == NULL);
    assert(call.call.status.code == STATUS_FAILED_PRECONDITION);
    assert(strcmp(call.call.status.name, "OUT_OF_STOCK") == 0);
    assert(call.call.details->n_items == 1 && call.call.details->items[0]->product_id == 1);
    assert(call.call.details->items[0]->requested == 11);
    assert(call.call.details->items[0]->available == 10);
    arena_deinit(&call.arena);

    cart_init(&cart);
    cart_add(&cart, 1, 1);
    cart_add(&cart, 77, 1);
    assert(place(served, &call, &cart, 7, "k") == NULL);
    assert(call.call.status.code == STATUS_NOT_FOUND);
    assert(strcmp(call.call.details->fields[0]->pointer, "/lines/1/productId") == 0);
    arena_deinit(&call.arena);
    stop(served);
}

/* -- reads -- */

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

/* -- many at once -- */

enum {
    CLIENTS = 8,
    ORDERS_EACH = 5
};

typedef struct Crowd {
    Served *served;
    uint64_t member;
    int placed;
} Crowd;

static void *order_many(void *context)
{
    Crowd *crowd = context;

    for (int i = 0; i < ORDERS_EACH; i++) {
        Cart cart;
        Call call;
        char key[16];

        cart_init(&cart);
        cart_add(&cart, 1, 1);
        (void)snprintf(key, sizeof key, "k%d", i);
        crowd->placed += place(crowd->served, &call, &cart, crowd->member, key) != NULL;
        assert(call.call.status.code == STATUS_OK ||
               strcmp(call.call.status.name, "OUT_OF_STOCK") == 0);
        arena_deinit(&call.arena);
    }
    return NULL;
}

static void sells_ten_units_to_ten_of_a_crowd(void)
{
    Served *served = serve();
    pthread_t threads[CLIENTS];
    Crowd crowds[CLIENTS];
    int placed = 0;

    for (size_t i = 0; i < CLIENTS; i++) {
        crowds[i] = (Crowd){ served, i + 1, 0 };
        assert(pthread_create(&threads[i], NULL, order_many, &crowds[i]) == 0);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        (void)pthread_join(threads[i], NULL);
        placed += crowds[i].placed;
    }
    assert(placed == 10 && served->world->db->order_count == 10);
    stop(served);
}

/* Each from its own connection, so that each is a message of its own, whose memory goes
 * with its answer. */
typedef struct Twin {
    Served *served;
    RpcClient *client;
    const char *key;
    uint64_t order;
    bool replayed;
} Twin;

static void *ask_as_the_others_do(void *context)
{
    Twin *twin = context;
    Cart cart;
    Call call;

    cart_init(&cart);
    for (uint64_t i = 0; i < ORDER_LINES_MAX; i++) { /* more than an arena's first block */
        cart_add(&cart, i % WORLD_PRODUCTS + 1, 1);
    }
    const Jumun__Order__V1__Order *reply = place_by(twin->client, &call, &cart, 7, twin->key);
    assert(reply != NULL && reply->n_lines == WORLD_PRODUCTS);
    for (size_t i = 0; i < reply->n_lines; i++) {
        assert(reply->lines[i]->product_id == i + 1);
        assert(reply->lines[i]->quantity == ORDER_LINES_MAX / WORLD_PRODUCTS);
        assert(strcmp(reply->lines[i]->name, twin->served->world->products[i].name) == 0);
    }
    twin->order = reply->order_id;
    twin->replayed = reply->replayed;
    arena_deinit(&call.arena);
    return NULL;
}

static void wait_until_handled(Served *served, size_t count)
{
    while (atomic_load(&served->handled) < count) {
        (void)sched_yield();
    }
}

static void answers_one_request_from_many_connections_in_one_batch(void)
{
    Served *served = serve();
    pthread_t threads[CLIENTS];
    Twin twins[CLIENTS];
    size_t replayed = 0;

    for (size_t i = 0; i < WORLD_PRODUCTS; i++) {
        served->world->products[i].on_hand = 1000;
    }
    atomic_store(&served->shut, true);
    for (size_t i = 0; i < CLIENTS; i++) {
        twins[i] = (Twin){ .served = served, .client = open_client(served) };
        twins[i].key = i == 0 ? "plug" : "same"; /* the first keeps the batch thread busy */
        assert(pthread_create(&threads[i], NULL, ask_as_the_others_do, &twins[i]) == 0);
        wait_until_handled(served, i + 1);
    }
    atomic_store(&served->shut, false);
    for (size_t i = 0; i < CLIENTS; i++) {
        (void)pthread_join(threads[i], NULL);
        rpc_client_close(twins[i].client);
        replayed += twins[i].replayed;
        assert(i < 2 || twins[i].order == twins[1].order);
    }
    assert(replayed == CLIENTS - 2 && served->world->db->order_count == 2);
    stop(served);
}

int main(void)
{
    static const NamedTest tests[] = {
        { "refuses_bad_requests_with_a_pointer", refuses_bad_requests_with_a_pointer },
        { "needs_somebody_to_order", needs_somebody_to_order },
        { "places_an_order_and_answers_its_repeat_alike",
          places_an_order_and_answers_its_repeat_alike },
        { "says_what_is_out_of_stock_and_which_line_is_unknown",
          says_what_is_out_of_stock_and_which_line_is_unknown },
        { "shows_orders_to_their_owner_and_to_administrators",
          shows_orders_to_their_owner_and_to_administrators },
        { "pages_through_orders_by_signed_cursors", pages_through_orders_by_signed_cursors },
        { "refuses_forged_cursors_and_wild_filters", refuses_forged_cursors_and_wild_filters },
        { "sells_ten_units_to_ten_of_a_crowd", sells_ten_units_to_ten_of_a_crowd },
        { "answers_one_request_from_many_connections_in_one_batch",
          answers_one_request_from_many_connections_in_one_batch },
    };

    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
