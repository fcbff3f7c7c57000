/* product.h - what a product is, and which values it may have. Pure. */
#ifndef JUMUN_SERVICES_PRODUCT_DOMAIN_PRODUCT_H
#define JUMUN_SERVICES_PRODUCT_DOMAIN_PRODUCT_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/id.h"
#include "common/base/money.h"

enum {
    PRODUCT_NAME_MAX = 100,                       /* code points */
    PRODUCT_NAME_SIZE = 4 * PRODUCT_NAME_MAX + 1, /* bytes, with the NUL */
    PRODUCT_TEXT_MAX = 100,                       /* code points of reason and reference */
};

typedef enum ProductStatus {
    PRODUCT_ACTIVE = 1,
    PRODUCT_ARCHIVED = 2, /* cannot be ordered any more; old orders still show it */
} ProductStatus;

typedef struct Product {
    ProductId id;
    char name[PRODUCT_NAME_SIZE];
    Money price;
    ProductStatus status;
    uint32_t version; /* from 1 */
    int64_t on_hand;
    int64_t reserved;
} Product;

/* What can be wrong with a change; bits, so that a client hears all of it at once. */
typedef enum ProductFault {
    PRODUCT_FAULT_NAME = 1 << 0,
    PRODUCT_FAULT_PRICE = 1 << 1,
    PRODUCT_FAULT_QUANTITY = 1 << 2,
    PRODUCT_FAULT_STATUS = 1 << 3,
    PRODUCT_FAULT_DELTA = 1 << 4,
    PRODUCT_FAULT_REASON = 1 << 5,
    PRODUCT_FAULT_REFERENCE = 1 << 6,
} ProductFault;

enum {
    PRODUCT_FAULT_COUNT = 7
};

/* The fault of one value, or 0. */
unsigned product_check_name(const char *name);
unsigned product_check_price(int64_t price);
unsigned product_check_status(int status);
unsigned product_check_initial_quantity(int64_t quantity); /* 0 is allowed */
unsigned product_check_quantity(int64_t quantity);         /* to take off: 1 or more */
unsigned product_check_delta(int64_t delta);               /* not 0 */
unsigned product_check_reason(const char *reason);
unsigned product_check_reference(const char *reference); /* NULL is allowed */

#endif
