/* rpc_catalog_test.c - the Catalog by RPC keeps the contract, over the real product service;
 * and what it alone must: it trusts no product that would spoil an order. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "services/order/adapters/rpc_catalog.h"
#include "tests/contract/services/order/catalog_contract.h"
#include "tests/support/rpc_fixture.h"
#include "tests/support/served_products.h"

/* In three calls of CATALOG_CALL_MAX, and the highest that JSON can say. */
static const uint64_t known[CATALOG_KNOWN] = { 7, CATALOG_CALL_MAX + 1, 2 * CATALOG_CALL_MAX + 1,
                                               ID_JSON_MAX };

static ServedProducts *products;
static RpcClient *client;
static Catalog *catalog;

static bool is_connected(void *context)
{
    (void)context;
    return rpc_client_ready(client);
}

static void begin(void)
{
    products = served_products_open();
    client = fixture_connect(served_products_url(products), "order", 64);
    assert(eventually(is_connected, NULL));
    assert(!status_failed(rpc_catalog_open(client, clock_system(), &catalog)));
}

static void end(void)
{
    rpc_catalog_close(catalog);
    rpc_client_close(client);
    served_products_close(products);
}

static void put(void *context, size_t at, const CatalogTruth *truth)
{
    (void)context;
    served_products_put(products,
                        &(ServedProduct){ known[at], truth->name, truth->price, truth->on_hand,
                                          truth->reserved, !truth->active });
}

static void cut(void *context)
{
    (void)context;
    served_products_stop(products);
}

static void keeps_the_contract(void)
{
    CatalogSubject subject = { .put = put, .cut = cut };

    for (size_t i = 0; i < CATALOG_KNOWN; i++) {
        subject.known[i] = known[i];
    }
    for (size_t i = 0; i < catalog_case_count; i++) {
        begin();
        subject.catalog = catalog;
        catalog_cases[i].run(&subject);
        printf("ok %s\n", catalog_cases[i].name);
        end();
    }
}

static void leaves_out_products_that_no_order_can_hold(void)
{
    static const ServedProduct bad[] = {
        { 1, "beyond money", MONEY_MAX + 1, 10, 0, false },
        { 2, "below nothing", -1, 10, 0, false },
        { 3, "no text \xff", 100, 10, 0, false },
        { 4, "sound", 100, 10, 0, false },
    };
    const ProductId ids[] = { { 1 }, { 2 }, { 3 }, { 4 } };
    CatalogProduct *found = NULL;
    size_t count = 0;
    Arena arena;

    begin();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        served_products_put(products, &bad[i]);
    }
    arena_init(&arena, 4096, (size_t)64 * 1024);
    assert(!status_failed(catalog->ops->get(catalog, &arena, ids, 4, &found, &count)));
    assert(count == 1 && found[0].id.value == 4);
    arena_deinit(&arena);
    end();
}

static void refuse(void *service, RpcCall *const *calls, size_t count)
{
    const Status *status = service;

    for (size_t i = 0; i < count; i++) {
        rpc_call_fail(calls[i], *status, NULL);
    }
}

/* It only reads: whatever went wrong, nothing happened. */
static void is_unavailable_whatever_the_service_says_is_wrong(void)
{
    static const StatusCode codes[] = { STATUS_UNKNOWN, STATUS_INTERNAL, STATUS_INVALID_ARGUMENT,
                                        STATUS_RESOURCE_EXHAUSTED, STATUS_DEADLINE_EXCEEDED };
    const ProductId id = { 1 };
    char url[FIXTURE_URL_SIZE];
    CatalogProduct *found;
    size_t count;
    Status said;
    Arena arena;

    fixture_url(url);
    RpcServer *server =
        fixture_serve(&(ServeOptions){ .url = url, .handler = refuse, .service = &said });
    client = fixture_connect(url, "order", 64);
    assert(!status_failed(rpc_catalog_open(client, clock_system(), &catalog)));
    arena_init(&arena, 4096, (size_t)64 * 1024);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        said = status_make(codes[i], "SOMETHING");
        Status status = catalog->ops->get(catalog, &arena, &id, 1, &found, &count);
        assert(status.code == STATUS_UNAVAILABLE && strcmp(status.name, "UNAVAILABLE") == 0);
    }
    arena_deinit(&arena);
    rpc_catalog_close(catalog);
    rpc_client_close(client);
    rpc_server_close(server);
}

int main(void)
{
    static const NamedTest tests[] = {
        { "keeps the contract", keeps_the_contract },
        { "leaves out products that no order can hold",
          leaves_out_products_that_no_order_can_hold },
        { "is unavailable whatever the service says is wrong",
          is_unavailable_whatever_the_service_says_is_wrong },
    };

    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
