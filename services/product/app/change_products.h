/* change_products.h - what administrators do to the catalog and to stock.
 *
 * A change with a request key happens once: its repetition answers with the product as
 * it is now, the same key with other content is refused (IDEMPOTENCY_KEY_REUSED). After
 * a change of stock the gate forgets the product; if it cannot be told, the order
 * service's comparison corrects it within seconds. */
#ifndef JUMUN_SERVICES_PRODUCT_APP_CHANGE_PRODUCTS_H
#define JUMUN_SERVICES_PRODUCT_APP_CHANGE_PRODUCTS_H

#include "services/product/app/product_ports.h"

typedef struct Catalog {
    ProductStore *store;
    StockGate *gate;
} Catalog;

/* On INVALID_ARGUMENT (VALIDATION), what was wrong, in *ret_faults (ProductFault); it is
 * 0 otherwise. */

/* The product's id, name, price and on_hand are in; all of it comes out. */
Status create_product(Catalog *catalog, Product *product, const RequestKey *key,
                      unsigned *ret_faults);

/* A name that is not NULL, and the price and the status that `sets` names
 * (PRODUCT_FAULT_PRICE, PRODUCT_FAULT_STATUS), are checked and stored. */
Status update_product(Catalog *catalog, const ProductPatch *patch, unsigned sets,
                      Product *ret_product, unsigned *ret_faults);

/* Archiving twice is as good as once. */
Status archive_product(Catalog *catalog, ProductId product, uint32_t expected_version);

/* `change` without its type. */
Status adjust_stock(Catalog *catalog, const StockChange *change, Product *ret_product,
                    unsigned *ret_faults);

/* An adjustment by -quantity; OUT_OF_STOCK instead of WOULD_GO_NEGATIVE. */
Status decrease_stock(Catalog *catalog, ProductId product, int64_t quantity, const RequestKey *key,
                      Product *ret_product, unsigned *ret_faults);

/* NOT_FOUND (PRODUCT_NOT_FOUND). */
Status find_product(ProductStore *store, ProductId id, Product *ret_product);

#endif
