#include "tests/support/fake_product_store.h"

#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static Status repeated(void)
{
    return status_make(STATUS_ALREADY_EXISTS, "REPEATED");
}

static Product *find_one(FakeProductStore *fake, ProductId id)
{
    for (size_t i = 0; i < fake->product_count; i++) {
        if (fake->products[i].id.value == id.value) {
            return &fake->products[i];
        }
    }
    return NULL;
}

static Status find(ProductStore *base, const ProductId *ids, size_t count, Product *ret_products,
                   size_t *ret_count)
{
    FakeProductStore *fake = (FakeProductStore *)base;

    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        assert(i == 0 || ids[i - 1].value < ids[i].value);
        const Product *product = find_one(fake, ids[i]);
        if (product != NULL) {
            ret_products[(*ret_count)++] = *product;
        }
    }
    return status_ok();
}

/* Before 0 after, in the query's order. */
static int compare(const ProductQuery *query, const Product *a, const Product *b)
{
    int order = 0;

    if (query->sort == PRODUCT_SORT_NAME) {
        order = strcmp(a->name, b->name);
    } else if (query->sort == PRODUCT_SORT_PRICE) {
        order = (a->price.minor > b->price.minor) - (a->price.minor < b->price.minor);
    }
    if (order == 0) {
        order = (a->id.value > b->id.value) - (a->id.value < b->id.value);
    }
    return query->descending ? -order : order;
}

static bool matches(const ProductQuery *query, const Product *product)
{
    return (query->archived_too || product->status == PRODUCT_ACTIVE) &&
           (query->search[0] == '\0' || strcasestr(product->name, query->search) != NULL) &&
           (!query->has_after || compare(query, &query->after, product) < 0);
}

static Status list(ProductStore *base, const ProductQuery *query, Product *ret_products,
                   size_t *ret_count)
{
    FakeProductStore *fake = (FakeProductStore *)base;
    size_t count = 0;

    for (size_t i = 0; i < fake->product_count; i++) {
        const Product *product = &fake->products[i];
        size_t at = count;
        if (!matches(query, product)) {
            continue;
        }
        while (at > 0 && compare(query, product, &ret_products[at - 1]) < 0) {
            if (at < query->limit) {
                ret_products[at] = ret_products[at - 1];
            }
            at--;
        }
        if (at < query->limit) {
            ret_products[at] = *product;
            count += count < query->limit ? 1 : 0;
        }
    }
    *ret_count = count;
    return status_ok();
}

static FakeChange *find_key(FakeProductStore *fake, const RequestKey *key)
{
    for (size_t i = 0; key->size > 0 && i < fake->change_count; i++) {
        FakeChange *change = &fake->changes[i];
        if (change->key.size == key->size &&
            memcmp(change->key.bytes, key->bytes, key->size) == 0) {
            return change;
        }
    }
    return NULL;
}

static void append_change(FakeProductStore *fake, const StockChange *change)
{
    assert(fake->change_count < FAKE_CHANGES_MAX);
    fake->changes[fake->change_count++] =
        (FakeChange){ change->product, change->delta, *change->key };
}

static bool name_is_taken(FakeProductStore *fake, const char *name, ProductId but)
{
    for (size_t i = 0; i < fake->product_count; i++) {
        if (strcmp(fake->products[i].name, name) == 0 && fake->products[i].id.value != but.value) {
            return true;
        }
    }
    return false;
}

static Status create(ProductStore *base, const Product *product, const StockChange *receipt)
{
    FakeProductStore *fake = (FakeProductStore *)base;

    if (port_fault_before(&fake->fault)) {
        return fake->fault.status;
    }
    if (find_key(fake, receipt->key) != NULL) {
        return repeated();
    }
    if (name_is_taken(fake, product->name, (ProductId){ 0 })) {
        return status_make(STATUS_ALREADY_EXISTS, "PRODUCT_NAME_TAKEN");
    }
    assert(fake->product_count < FAKE_PRODUCTS_MAX);
    fake->products[fake->product_count++] = *product;
    append_change(fake, receipt);
    return port_fault_after(&fake->fault) ? fake->fault.status : status_ok();
}

static Status update(ProductStore *base, const ProductPatch *patch, Product *ret_product)
{
    FakeProductStore *fake = (FakeProductStore *)base;
    Product *product = find_one(fake, patch->product);

    if (port_fault_before(&fake->fault)) {
        return fake->fault.status;
    }
    if (product == NULL) {
        return status_make(STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND");
    }
    if (patch->expected_version != 0 && patch->expected_version != product->version) {
        return status_make(STATUS_FAILED_PRECONDITION, "VERSION_MISMATCH");
    }
    if (patch->name != NULL && name_is_taken(fake, patch->name, product->id)) {
        return status_make(STATUS_ALREADY_EXISTS, "PRODUCT_NAME_TAKEN");
    }
    if (patch->name != NULL) {
        memcpy(product->name, patch->name, strlen(patch->name) + 1);
    }
    product->price.minor = patch->price != 0 ? patch->price : product->price.minor;
    product->status = patch->status != 0 ? patch->status : product->status;
    product->version++;
    *ret_product = *product;
    return port_fault_after(&fake->fault) ? fake->fault.status : status_ok();
}

static Status adjust(ProductStore *base, const StockChange *change)
{
    FakeProductStore *fake = (FakeProductStore *)base;
    Product *product = find_one(fake, change->product);

    if (port_fault_before(&fake->fault)) {
        return fake->fault.status;
    }
    if (find_key(fake, change->key) != NULL) {
        return repeated();
    }
    if (product == NULL) {
        return status_make(STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND");
    }
    int64_t on_hand = product->on_hand + change->delta;
    if (on_hand > STOCK_ON_HAND_MAX) {
        return status_make(STATUS_OUT_OF_RANGE, "VALIDATION");
    }
    if (on_hand < product->reserved) {
        return status_make(STATUS_FAILED_PRECONDITION, "WOULD_GO_NEGATIVE");
    }
    product->on_hand = on_hand;
    append_change(fake, change);
    return port_fault_after(&fake->fault) ? fake->fault.status : status_ok();
}

static Status find_change(ProductStore *base, const RequestKey *key, ProductId *ret_product,
                          uint8_t ret_hash[REQUEST_HASH_SIZE])
{
    const FakeChange *change = find_key((FakeProductStore *)base, key);

    if (change == NULL) {
        return status_make(STATUS_NOT_FOUND, "REQUEST_NOT_FOUND");
    }
    *ret_product = change->product;
    memcpy(ret_hash, change->key.hash, REQUEST_HASH_SIZE);
    return status_ok();
}

void fake_product_store_init(FakeProductStore *fake)
{
    static const ProductStoreOps ops = { find, list, create, update, adjust, find_change };

    memset(fake, 0, sizeof *fake);
    fake->store.ops = &ops;
}

/* The product's place, or count. */
static size_t gate_place(const FakeStockGate *fake, ProductId product)
{
    size_t at = 0;

    while (at < fake->count && fake->products[at].value != product.value) {
        at++;
    }
    return at;
}

static Status forget(StockGate *base, ProductId product)
{
    FakeStockGate *fake = (FakeStockGate *)base;
    size_t at = gate_place(fake, product);

    if (fake->is_down) {
        return status_make(STATUS_UNAVAILABLE, "REDIS_DOWN");
    }
    if (at < fake->count) {
        fake->count--;
        fake->products[at] = fake->products[fake->count];
        fake->units[at] = fake->units[fake->count];
    }
    fake->forgotten++;
    return status_ok();
}

static Status peek(StockGate *base, ProductId product, bool *ret_known, int64_t *ret_units)
{
    const FakeStockGate *fake = (const FakeStockGate *)base;
    size_t at = gate_place(fake, product);

    if (fake->is_down) {
        return status_make(STATUS_UNAVAILABLE, "REDIS_DOWN");
    }
    *ret_known = at < fake->count;
    if (*ret_known) {
        *ret_units = fake->units[at];
    }
    return status_ok();
}

void fake_stock_gate_put(FakeStockGate *fake, ProductId product, int64_t units)
{
    size_t at = gate_place(fake, product);

    if (at == fake->count) {
        assert(fake->count < FAKE_GATE_MAX);
        fake->products[fake->count++] = product;
    }
    fake->units[at] = units;
}

void fake_stock_gate_init(FakeStockGate *fake)
{
    static const StockGateOps ops = { forget, peek };

    *fake = (FakeStockGate){ .gate = { &ops } };
}
