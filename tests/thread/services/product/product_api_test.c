/* ProductService over RPC, on fakes: roles, callers, field errors, pages, batches. A plain
 * program: it links nng. */
#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/proto_arena.h"
#include "services/product/api/product_api.h"
#include "services/product/api/product_reads.h"
#include "tests/support/fake_product_store.h"
#include "tests/support/rpc_fixture.h"

enum {
    CREATE,
    GET,
    BATCH_GET,
    LIST,
    UPDATE,
    ARCHIVE,
    ADJUST_STOCK,
    DECREASE_STOCK,
    GET_STOCK,
};

/* The fake under a lock: the service's threads have one each only in this test. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FakeProductStore fake;
static FakeStockGate gate;
static ProductStore store;

static Status find(ProductStore *base, const ProductId *ids, size_t count, Product *ret_products,
                   size_t *ret_count)
{
    (void)base;
    pthread_mutex_lock(&lock);
    Status status = fake.store.ops->find(&fake.store, ids, count, ret_products, ret_count);
    pthread_mutex_unlock(&lock);
    return status;
}

static Status list(ProductStore *base, const ProductQuery *query, Product *ret_products,
                   size_t *ret_count)
{
    (void)base;
    pthread_mutex_lock(&lock);
    Status status = fake.store.ops->list(&fake.store, query, ret_products, ret_count);
    pthread_mutex_unlock(&lock);
    return status;
}

static Status create(ProductStore *base, const Product *product, const StockChange *receipt)
{
    (void)base;
    pthread_mutex_lock(&lock);
    Status status = fake.store.ops->create(&fake.store, product, receipt);
    pthread_mutex_unlock(&lock);
    return status;
}

static Status update(ProductStore *base, const ProductPatch *patch, Product *ret_product)
{
    (void)base;
    pthread_mutex_lock(&lock);
    Status status = fake.store.ops->update(&fake.store, patch, ret_product);
    pthread_mutex_unlock(&lock);
    return status;
}

static Status adjust(ProductStore *base, const StockChange *change)
{
    (void)base;
    pthread_mutex_lock(&lock);
    Status status = fake.store.ops->adjust(&fake.store, change);
    pthread_mutex_unlock(&lock);
    return status;
}

static Status find_change(ProductStore *base, const RequestKey *key, ProductId *ret_product,
                          uint8_t ret_hash[REQUEST_HASH_SIZE])
{
    (void)base;
    pthread_mutex_lock(&lock);
    Status status = fake.store.ops->find_change(&fake.store, key, ret_product, ret_hash);
    pthread_mutex_unlock(&lock);
    return status;
}

/* The service and two callers. */
static struct {
    IdSource ids;
    ProductWorker worker;
    ProductReads *reads;
    ProductApi api;
    RpcServer *server;
    RpcClient *gateway;
    RpcClient *order;
    Arena arena;
} world;

static void open_server(const char *url)
{
    Status status = rpc_server_open(
        &(RpcServerOptions){
            .url = url,
            .descriptor = &jumun__product__v1__product_service__descriptor,
            .methods = product_api_methods,
            .method_count = PRODUCT_API_METHOD_COUNT,
            .messages_max = FIXTURE_MESSAGES_MAX,
            .service = &world.api,
            .keyring = fixture_keyring(),
            .clock = clock_system(),
        },
        &world.server);
    assert(!status_failed(status));
}

static void begin(void)
{
    static const ProductStoreOps ops = { find, list, create, update, adjust, find_change };
    void *workers[] = { &world.worker };
    PoolOptions options = { .thread_count = 1, .workers = workers, .queue_max = 64 };
    char url[FIXTURE_URL_SIZE];

    fake_product_store_init(&fake);
    fake_stock_gate_init(&gate);
    store.ops = &ops;
    id_source_init(&world.ids, clock_system(), 64);
    world.worker = (ProductWorker){ { &store, &gate.gate }, clock_system(), &world.ids };
    world.reads = product_reads_open(&store, clock_system());
    arena_init(&world.arena, 64 * 1024, 4 << 20);
    assert(!status_failed(
        batcher_open(&(BatcherOptions){ product_reads_run, world.reads, 256, PRODUCT_READS_MAX },
                     &world.api.reads)));
    assert(!status_failed(pool_open(&options, &world.api.queries)));
    world.api.changes = world.api.queries;
    fixture_url(url);
    open_server(url);
    world.gateway = fixture_connect(url, "gateway", 256);
    world.order = fixture_connect(url, "order", 256);
}

static void end(void)
{
    rpc_client_close(world.gateway);
    rpc_client_close(world.order);
    rpc_server_close(world.server);
    batcher_close(world.api.reads);
    pool_close(world.api.queries);
    product_reads_close(world.reads);
    arena_deinit(&world.arena);
}

/* Calls as an administrator, until the server is there. */
static Status call_as(RpcClient *client, Jumun__Rpc__V1__Role role, unsigned method,
                      const ProtobufCMessage *message, RpcClientCall *call)
{
    Status status = status_ok();

    for (int try = 0; try < 1000; try++) {
        *call = (RpcClientCall){
            .method = method,
            .message = message,
            .arena = &world.arena,
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

static Status call(unsigned method, const ProtobufCMessage *message, RpcClientCall *ret_call)
{
    return call_as(world.gateway, JUMUN__RPC__V1__ROLE__ADMIN, method, message, ret_call);
}

static bool is(Status status, StatusCode code, const char *name)
{
    return status.code == code && strcmp(status.name, name) == 0;
}

static Jumun__Product__V1__CreateProductRequest creation(const char *name, int64_t price,
                                                         int64_t quantity)
{
    Jumun__Product__V1__CreateProductRequest request;

    jumun__product__v1__create_product_request__init(&request);
    request.name = proto_text(name);
    request.price = price;
    request.quantity = quantity;
    return request;
}

static uint64_t created(const char *name, int64_t price)
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

static void only_administrators_change_anything(void)
{
    Jumun__Product__V1__CreateProductRequest create_request = creation("a", 1, 1);
    Jumun__Product__V1__UpdateProductRequest update_request;
    Jumun__Product__V1__ArchiveProductRequest archive_request;
    Jumun__Product__V1__AdjustStockRequest adjust_request;
    Jumun__Product__V1__DecreaseStockRequest decrease_request;
    Jumun__Product__V1__GetStockRequest stock_request;
    RpcClientCall done;

    begin();
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
        assert(is(call_as(world.gateway, JUMUN__RPC__V1__ROLE__MEMBER, rows[i].method,
                          rows[i].message, &done),
                  STATUS_PERMISSION_DENIED, "FORBIDDEN"));
        assert(is(call_as(world.gateway, JUMUN__RPC__V1__ROLE__NOBODY, rows[i].method,
                          rows[i].message, &done),
                  STATUS_PERMISSION_DENIED, "FORBIDDEN"));
        /* The order service may read products, whoever it speaks for. */
        assert(call_as(world.order, JUMUN__RPC__V1__ROLE__ADMIN, rows[i].method, rows[i].message,
                       &done)
                   .code == STATUS_PERMISSION_DENIED);
    }
    assert(fake.product_count == 0);
    end();
}

static void wrong_fields_are_pointed_at(void)
{
    Jumun__Product__V1__CreateProductRequest request = creation("", 0, -1);
    RpcClientCall done;

    begin();
    assert(is(call(CREATE, &request.base, &done), STATUS_INVALID_ARGUMENT, "VALIDATION"));
    assert(done.details != NULL && done.details->n_fields == 3);
    assert(strcmp(done.details->fields[0]->pointer, "/name") == 0);
    assert(strcmp(done.details->fields[1]->pointer, "/price") == 0);
    assert(strcmp(done.details->fields[2]->pointer, "/quantity") == 0);
    end();
}

static void a_batch_leaves_out_what_does_not_exist(void)
{
    Jumun__Product__V1__BatchGetProductsRequest request;
    uint64_t ids[5];
    RpcClientCall done;

    begin();
    ids[0] = created("one", 1);
    ids[1] = 999;
    ids[2] = created("two", 2);
    ids[3] = ids[0];
    ids[4] = 0;
    jumun__product__v1__batch_get_products_request__init(&request);
    request.product_ids = ids;
    request.n_product_ids = 5;
    assert(!status_failed(
        call_as(world.order, JUMUN__RPC__V1__ROLE__NOBODY, BATCH_GET, &request.base, &done)));
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
    end();
}

static void a_batch_has_a_limit(void)
{
    static uint64_t ids[PRODUCT_IDS_MAX + 1];
    Jumun__Product__V1__BatchGetProductsRequest request;
    RpcClientCall done;

    begin();
    for (size_t i = 0; i < PRODUCT_IDS_MAX + 1; i++) {
        ids[i] = i + 1;
    }
    jumun__product__v1__batch_get_products_request__init(&request);
    request.product_ids = ids;
    request.n_product_ids = PRODUCT_IDS_MAX + 1;
    assert(is(call(BATCH_GET, &request.base, &done), STATUS_INVALID_ARGUMENT, "VALIDATION"));
    request.n_product_ids = PRODUCT_IDS_MAX;
    assert(!status_failed(call(BATCH_GET, &request.base, &done)));
    end();
}

static void a_missing_product_is_not_found(void)
{
    Jumun__Product__V1__GetProductRequest request;
    RpcClientCall done;

    begin();
    jumun__product__v1__get_product_request__init(&request);
    request.product_id = 999;
    assert(is(call(GET, &request.base, &done), STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND"));
    end();
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
    assert(!status_failed(call_as(world.gateway, role, LIST, &request.base, &done)));
    *ret_reply = (const void *)done.reply;
    return (*ret_reply)->n_items;
}

static void a_list_goes_on_where_it_stopped(void)
{
    const Jumun__Product__V1__ListProductsReply *reply;
    Jumun__Product__V1__ArchiveProductRequest archive;
    RpcClientCall done;

    begin();
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
    end();
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

    begin();
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
    end();
}

static void an_update_changes_only_what_it_names(void)
{
    Jumun__Product__V1__UpdateProductRequest request;
    RpcClientCall done;

    begin();
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
    end();
}

static void stock_is_shown_with_what_the_gate_believes(void)
{
    Jumun__Product__V1__GetStockRequest request;
    RpcClientCall done;

    begin();
    jumun__product__v1__get_stock_request__init(&request);
    request.product_id = created("one", 7);
    assert(!status_failed(call(GET_STOCK, &request.base, &done)));
    const Jumun__Product__V1__StockLevel *level = (const void *)done.reply;
    assert(level->available == 10);
    assert(level->_gate_available_case == 0 && level->_drift_case == 0);

    fake_stock_gate_put(&gate, (ProductId){ request.product_id }, 8);
    assert(!status_failed(call(GET_STOCK, &request.base, &done)));
    level = (const void *)done.reply;
    assert(level->_gate_available_case != 0 && level->gate_available == 8);
    assert(level->_drift_case != 0 && level->drift == -2);

    gate.is_down = true;
    assert(!status_failed(call(GET_STOCK, &request.base, &done)));
    assert(((const Jumun__Product__V1__StockLevel *)(const void *)done.reply)->_drift_case == 0);
    end();
}

static void a_request_key_makes_an_adjustment_once(void)
{
    Jumun__Product__V1__AdjustStockRequest request;
    uint8_t hash[BODY_HASH_SIZE] = { 1 };

    begin();
    jumun__product__v1__adjust_stock_request__init(&request);
    request.product_id = created("one", 7);
    request.delta = 5;
    request.reason = proto_text("count");
    for (int i = 0; i < 3; i++) {
        RpcClientCall done = {
            .method = ADJUST_STOCK,
            .message = &request.base,
            .arena = &world.arena,
            .deadline_us = clock_monotonic_us(clock_system()) + LONG_S * US_PER_S,
            .member = { 5 },
            .role = JUMUN__RPC__V1__ROLE__ADMIN,
            .request_key = "key-1",
            .request_hash = hash,
        };
        hash[0] = i == 2 ? 2 : 1;
        Status status = rpc_client_call_and_wait(world.gateway, &done);
        if (i == 2) {
            assert(is(status, STATUS_INVALID_ARGUMENT, "IDEMPOTENCY_KEY_REUSED"));
            continue;
        }
        assert(!status_failed(status));
        const Jumun__Product__V1__Stock *stock = (const void *)done.reply;
        assert(stock->on_hand == 15 && stock->available == 15 && stock->reserved == 0);
    }
    end();
}

static void a_decrease_beyond_the_stock_is_out_of_stock(void)
{
    Jumun__Product__V1__DecreaseStockRequest request;
    RpcClientCall done;

    begin();
    jumun__product__v1__decrease_stock_request__init(&request);
    request.product_id = created("one", 7);
    request.quantity = 11;
    assert(
        is(call(DECREASE_STOCK, &request.base, &done), STATUS_FAILED_PRECONDITION, "OUT_OF_STOCK"));
    request.quantity = 10;
    assert(!status_failed(call(DECREASE_STOCK, &request.base, &done)));
    assert(((const Jumun__Product__V1__Product *)(const void *)done.reply)->quantity == 0);
    end();
}

int main(void)
{
    static const NamedTest tests[] = {
        { "only_administrators_change_anything", only_administrators_change_anything },
        { "wrong_fields_are_pointed_at", wrong_fields_are_pointed_at },
        { "a_batch_leaves_out_what_does_not_exist", a_batch_leaves_out_what_does_not_exist },
        { "a_batch_has_a_limit", a_batch_has_a_limit },
        { "a_missing_product_is_not_found", a_missing_product_is_not_found },
        { "a_list_goes_on_where_it_stopped", a_list_goes_on_where_it_stopped },
        { "a_list_that_makes_no_sense_is_refused", a_list_that_makes_no_sense_is_refused },
        { "an_update_changes_only_what_it_names", an_update_changes_only_what_it_names },
        { "stock_is_shown_with_what_the_gate_believes",
          stock_is_shown_with_what_the_gate_believes },
        { "a_request_key_makes_an_adjustment_once", a_request_key_makes_an_adjustment_once },
        { "a_decrease_beyond_the_stock_is_out_of_stock",
          a_decrease_beyond_the_stock_is_out_of_stock },
    };

    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
