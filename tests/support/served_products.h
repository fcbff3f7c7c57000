/* served_products.h - the real ProductService, over a store in memory, at a port of the
 * loopback: for tests of those who ask it. Knows the callers of fixture_keyring; only its
 * reads work. Put and stop while nobody asks. Asserts are the checks. */
#ifndef JUMUN_TESTS_SUPPORT_SERVED_PRODUCTS_H
#define JUMUN_TESTS_SUPPORT_SERVED_PRODUCTS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct ServedProducts ServedProducts;

typedef struct ServedProduct {
    uint64_t id;
    const char *name;
    int64_t price;
    int64_t on_hand;
    int64_t reserved;
    bool archived;
} ServedProduct;

ServedProducts *served_products_open(void);

/* NULL is ignored. */
void served_products_close(ServedProducts *products);

const char *served_products_url(const ServedProducts *products);

/* Adds a product, or replaces the one of that id. */
void served_products_put(ServedProducts *products, const ServedProduct *product);

/* From now on nobody answers. */
void served_products_stop(ServedProducts *products);

#endif
