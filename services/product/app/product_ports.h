/* product_ports.h - what the catalog needs from the outside world: where products are
 * kept, and the gate that spares hopeless orders. */
#ifndef JUMUN_SERVICES_PRODUCT_APP_PRODUCT_PORTS_H
#define JUMUN_SERVICES_PRODUCT_APP_PRODUCT_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/status.h"
#include "services/product/domain/product.h"
#include "services/product/domain/stock.h"

enum {
    PRODUCTS_FIND_MAX = 1024, /* ids of one find */
    PRODUCTS_LIST_MAX = 100,  /* products of one page */
    REQUEST_KEY_MAX = 96,     /* bytes, with its scope */
    REQUEST_HASH_SIZE = 16,
};

/* What makes the repetition of a change recognisable. */
typedef struct RequestKey {
    uint8_t bytes[REQUEST_KEY_MAX];
    size_t size; /* 0: none was given */
    uint8_t hash[REQUEST_HASH_SIZE];
} RequestKey;

/* One change of on_hand, by an administrator. */
typedef struct StockChange {
    ProductId product;
    LedgerType type; /* LEDGER_RECEIVE or LEDGER_ADJUST */
    int64_t delta;
    const char *reason;
    const char *reference; /* NULL: none */
    const RequestKey *key;
} StockChange;

/* NULL and 0: leave it as it is. */
typedef struct ProductPatch {
    ProductId product;
    uint32_t expected_version; /* 0: whatever it is */
    const char *name;
    int64_t price;
    ProductStatus status;
} ProductPatch;

typedef enum ProductSort {
    PRODUCT_SORT_ID,
    PRODUCT_SORT_NAME,
    PRODUCT_SORT_PRICE,
} ProductSort;

/* A page: the products after a place in an order. */
typedef struct ProductQuery {
    const char *search; /* part of the name, whatever its case; "": all */
    bool archived_too;
    ProductSort sort; /* ties by id, in the same direction */
    bool descending;
    size_t limit; /* 1..PRODUCTS_LIST_MAX + 1 */
    bool has_after;
    Product after; /* only its id and what is sorted by */
} ProductQuery;

typedef struct ProductStore ProductStore;

typedef struct ProductStoreOps {
    /* ids ascending, each once, at most PRODUCTS_FIND_MAX; products come out ascending,
     * without those that do not exist. */
    Status (*find)(ProductStore *store, const ProductId *ids, size_t count, Product *ret_products,
                   size_t *ret_count);

    /* At most query->limit products. */
    Status (*list)(ProductStore *store, const ProductQuery *query, Product *ret_products,
                   size_t *ret_count);

    /* Stores the product, its stock and the ledger entry of `receipt`, all or nothing.
     * ALREADY_EXISTS: PRODUCT_NAME_TAKEN, or REPEATED if the key is known. */
    Status (*create)(ProductStore *store, const Product *product, const StockChange *receipt);

    /* NOT_FOUND (PRODUCT_NOT_FOUND), FAILED_PRECONDITION (VERSION_MISMATCH),
     * ALREADY_EXISTS (PRODUCT_NAME_TAKEN). */
    Status (*update)(ProductStore *store, const ProductPatch *patch, Product *ret_product);

    /* Moves on_hand and writes the ledger. NOT_FOUND, FAILED_PRECONDITION
     * (WOULD_GO_NEGATIVE) if it fell below what is reserved, OUT_OF_RANGE (VALIDATION)
     * beyond STOCK_ON_HAND_MAX, ALREADY_EXISTS (REPEATED) if the key is known. */
    Status (*adjust)(ProductStore *store, const StockChange *change);

    /* Which change a key belongs to. NOT_FOUND if none. */
    Status (*find_change)(ProductStore *store, const RequestKey *key, ProductId *ret_product,
                          uint8_t ret_hash[REQUEST_HASH_SIZE]);
} ProductStoreOps;

struct ProductStore {
    const ProductStoreOps *ops;
};

/* The gate in Redis: the key stock:{id}, which the order service builds. */
typedef struct StockGate StockGate;

typedef struct StockGateOps {
    /* Makes the gate forget a product: it is then rebuilt from the truth. */
    Status (*forget)(StockGate *gate, ProductId product);

    /* *ret_known false: the gate does not know. */
    Status (*peek)(StockGate *gate, ProductId product, bool *ret_known, int64_t *ret_units);
} StockGateOps;

struct StockGate {
    const StockGateOps *ops;
};

#endif
