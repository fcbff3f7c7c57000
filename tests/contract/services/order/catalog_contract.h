/* catalog_contract.h - what every Catalog promises; the same cases for the catalog of an
 * order world, on which unit tests rest, and for RPC to the product service. */
#ifndef JUMUN_TESTS_CONTRACT_SERVICES_ORDER_CATALOG_CONTRACT_H
#define JUMUN_TESTS_CONTRACT_SERVICES_ORDER_CATALOG_CONTRACT_H

#include "services/order/app/order_ports.h"

enum {
    CATALOG_KNOWN = 4
};

/* A product as it is where the catalog looks. */
typedef struct CatalogTruth {
    const char *name; /* outlives the case */
    int64_t price;
    int64_t on_hand;
    int64_t reserved;
    bool active;
} CatalogTruth;

typedef struct CatalogSubject {
    Catalog *catalog;
    uint64_t known[CATALOG_KNOWN]; /* ascending; there are no others */
    void (*put)(void *context, size_t at, const CatalogTruth *truth); /* known[at] is now so */
    void (*cut)(void *context); /* from now on it cannot be asked */
    void *context;
} CatalogSubject;

typedef struct CatalogCase {
    const char *name;
    void (*run)(const CatalogSubject *subject);
} CatalogCase;

extern const CatalogCase catalog_cases[];
extern const size_t catalog_case_count;

#endif
