#include "services/product/app/change_products.h"

#include <string.h>

static Status invalid(void)
{
    return status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
}

Status find_product(ProductStore *store, ProductId id, Product *ret_product)
{
    size_t count = 0;

    Status status = store->ops->find(store, &id, 1, ret_product, &count);
    if (!status_failed(status) && count == 0) {
        status = status_make(STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND");
    }
    return status;
}

/* The gate is told after the commit, also when it cannot be told whether there was one. */
static void tell_gate(Catalog *catalog, ProductId product, Status status)
{
    if (!status_failed(status) || status.code == STATUS_UNKNOWN) {
        (void)catalog->gate->ops->forget(catalog->gate, product);
    }
}

/* A known key, or a commit with unknown outcome: the ledger knows what happened. Gives
 * the product that the key changed. */
static Status recall(Catalog *catalog, const RequestKey *key, Status status, Product *ret_product)
{
    ProductId product;
    uint8_t hash[REQUEST_HASH_SIZE];
    bool repeated = status.code == STATUS_ALREADY_EXISTS && strcmp(status.name, "REPEATED") == 0;

    if (!repeated && (status.code != STATUS_UNKNOWN || key->size == 0)) {
        return status;
    }
    Status found = catalog->store->ops->find_change(catalog->store, key, &product, hash);
    if (status_failed(found)) {
        return repeated ? found : status;
    }
    if (memcmp(hash, key->hash, sizeof hash) != 0) {
        return status_make(STATUS_INVALID_ARGUMENT, "IDEMPOTENCY_KEY_REUSED");
    }
    return find_product(catalog->store, product, ret_product);
}

Status create_product(Catalog *catalog, Product *product, const RequestKey *key,
                      unsigned *ret_faults)
{
    *ret_faults = product_check_name(product->name) | product_check_price(product->price.minor) |
                  product_check_initial_quantity(product->on_hand);
    if (*ret_faults != 0) {
        return invalid();
    }
    product->status = PRODUCT_ACTIVE;
    product->version = 1;
    product->reserved = 0;
    StockChange receipt = {
        .product = product->id,
        .type = LEDGER_RECEIVE,
        .delta = product->on_hand,
        .reason = "created",
        .key = key,
    };
    Status status = catalog->store->ops->create(catalog->store, product, &receipt);
    return status_failed(status) ? recall(catalog, key, status, product) : status;
}

Status update_product(Catalog *catalog, const ProductPatch *patch, unsigned sets,
                      Product *ret_product, unsigned *ret_faults)
{
    *ret_faults = 0;
    if (patch->name != NULL) {
        *ret_faults |= product_check_name(patch->name);
    }
    if ((sets & PRODUCT_FAULT_PRICE) != 0) {
        *ret_faults |= product_check_price(patch->price);
    }
    if ((sets & PRODUCT_FAULT_STATUS) != 0) {
        *ret_faults |= product_check_status((int)patch->status);
    }
    if (*ret_faults != 0) {
        return invalid();
    }
    return catalog->store->ops->update(catalog->store, patch, ret_product);
}

Status archive_product(Catalog *catalog, ProductId product, uint32_t expected_version)
{
    Product now;
    ProductPatch patch = {
        .product = product,
        .expected_version = expected_version,
        .status = PRODUCT_ARCHIVED,
    };

    Status status = find_product(catalog->store, product, &now);
    if (status_failed(status) || now.status == PRODUCT_ARCHIVED) {
        return status;
    }
    return catalog->store->ops->update(catalog->store, &patch, &now);
}

static Status adjust(Catalog *catalog, const StockChange *change, Product *ret_product)
{
    Status status = catalog->store->ops->adjust(catalog->store, change);

    tell_gate(catalog, change->product, status);
    return status_failed(status) ? recall(catalog, change->key, status, ret_product)
                                 : find_product(catalog->store, change->product, ret_product);
}

Status adjust_stock(Catalog *catalog, const StockChange *change, Product *ret_product,
                    unsigned *ret_faults)
{
    StockChange adjustment = *change;

    *ret_faults = product_check_delta(change->delta) | product_check_reason(change->reason) |
                  product_check_reference(change->reference);
    if (*ret_faults != 0) {
        return invalid();
    }
    adjustment.type = LEDGER_ADJUST;
    Status status = adjust(catalog, &adjustment, ret_product);
    if (status.code == STATUS_OUT_OF_RANGE) {
        *ret_faults = PRODUCT_FAULT_DELTA;
        return invalid();
    }
    return status;
}

Status decrease_stock(Catalog *catalog, ProductId product, int64_t quantity, const RequestKey *key,
                      Product *ret_product, unsigned *ret_faults)
{
    *ret_faults = product_check_quantity(quantity);
    if (*ret_faults != 0) {
        return invalid();
    }
    StockChange change = {
        .product = product,
        .type = LEDGER_ADJUST,
        .delta = -quantity,
        .reason = "decreased",
        .key = key,
    };
    Status status = adjust(catalog, &change, ret_product);
    if (status.code == STATUS_FAILED_PRECONDITION) {
        return status_make(STATUS_FAILED_PRECONDITION, "OUT_OF_STOCK");
    }
    return status;
}
