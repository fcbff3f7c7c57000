/* The contract of ProductStore over the fake, and changes whose outcome is unknown. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "services/product/app/change_products.h"
#include "tests/contract/services/product/product_store_contract.h"
#include "tests/support/fake_product_store.h"

static FakeProductStore store;
static FakeStockGate gate;
static const RequestKey key = { .bytes = "key", .size = 3 };
static const RequestKey no_key;

static Catalog begin(void)
{
    fake_product_store_init(&store);
    fake_stock_gate_init(&gate);
    return (Catalog){ &store.store, &gate.gate };
}

static Product created(Catalog *catalog)
{
    Product product = { .id = { 9 }, .name = "one", .price = { 5 }, .on_hand = 3 };
    unsigned faults;

    assert(!status_failed(create_product(catalog, &product, &no_key, &faults)));
    store.fault.calls = 0;
    return product;
}

static Status adjust(Catalog *catalog, const RequestKey *request, Product *ret_product)
{
    StockChange change = { .product = { 9 }, .delta = 2, .reason = "count", .key = request };
    unsigned faults;

    return adjust_stock(catalog, &change, ret_product, &faults);
}

static void a_lost_answer_is_read_back_by_key(void)
{
    Catalog catalog = begin();
    Product product = created(&catalog);

    store.fault = (PortFault){ .fail_at = 1, .after = true, .status = { STATUS_UNKNOWN, "TEST" } };
    assert(!status_failed(adjust(&catalog, &key, &product)));
    assert(product.on_hand == 5);
    assert(gate.forgotten == 1);
}

static void without_a_key_a_lost_answer_stays_unknown(void)
{
    Catalog catalog = begin();
    Product product = created(&catalog);

    store.fault = (PortFault){ .fail_at = 1, .after = true, .status = { STATUS_UNKNOWN, "TEST" } };
    assert(adjust(&catalog, &no_key, &product).code == STATUS_UNKNOWN);
    assert(gate.forgotten == 1); /* it may have happened */
}

static void a_change_that_did_not_happen_leaves_the_gate_alone(void)
{
    Catalog catalog = begin();
    Product product = created(&catalog);

    store.fault = (PortFault){ .fail_at = 1, .status = { STATUS_UNAVAILABLE, "TEST" } };
    assert(adjust(&catalog, &key, &product).code == STATUS_UNAVAILABLE);
    assert(gate.forgotten == 0);
    assert(!status_failed(adjust(&catalog, &key, &product)));
    assert(product.on_hand == 5);
    assert(gate.forgotten == 1);
}

static void a_gate_that_is_down_does_not_undo_a_change(void)
{
    Catalog catalog = begin();
    Product product = created(&catalog);

    gate.is_down = true;
    assert(!status_failed(adjust(&catalog, &key, &product)));
    assert(product.on_hand == 5);
}

static void every_fault_of_a_product_is_named_at_once(void)
{
    Catalog catalog = begin();
    Product product = { .id = { 9 }, .name = "", .price = { 0 }, .on_hand = -1 };
    unsigned faults = 0;

    assert(create_product(&catalog, &product, &no_key, &faults).code == STATUS_INVALID_ARGUMENT);
    assert(faults == (PRODUCT_FAULT_NAME | PRODUCT_FAULT_PRICE | PRODUCT_FAULT_QUANTITY));
    assert(store.fault.calls == 0);
}

static void stock_beyond_the_limit_is_a_fault_of_delta(void)
{
    Catalog catalog = begin();
    Product product = created(&catalog);
    StockChange change = { .product = { 9 }, .delta = 1, .reason = "count", .key = &no_key };
    unsigned faults = 0;

    store.products[0].on_hand = STOCK_ON_HAND_MAX;
    Status status = adjust_stock(&catalog, &change, &product, &faults);
    assert(status.code == STATUS_INVALID_ARGUMENT);
    assert(strcmp(status.name, "VALIDATION") == 0);
    assert(faults == PRODUCT_FAULT_DELTA);
}

int main(void)
{
    Catalog catalog = begin();

    product_store_contract(catalog.store, catalog.gate);
    a_lost_answer_is_read_back_by_key();
    without_a_key_a_lost_answer_stays_unknown();
    a_change_that_did_not_happen_leaves_the_gate_alone();
    a_gate_that_is_down_does_not_undo_a_change();
    every_fault_of_a_product_is_named_at_once();
    stock_beyond_the_limit_is_a_fault_of_delta();
    return 0;
}
