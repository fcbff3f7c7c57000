/* product_api.h - the calls of ProductService: decode, hand over to a thread that may
 * block, answer. Administrators' methods ask for the role here too, whatever the gateway
 * has checked. */
#ifndef JUMUN_SERVICES_PRODUCT_API_PRODUCT_API_H
#define JUMUN_SERVICES_PRODUCT_API_PRODUCT_API_H

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/rpc/rpc_server.h"
#include "common/runtime/batcher.h"
#include "common/runtime/pool.h"
#include "services/product/app/change_products.h"

/* What a thread of the pools owns. */
typedef struct ProductWorker {
    Catalog catalog;
    const Clock *clock;
    IdSource *ids;
} ProductWorker;

typedef struct ProductApi {
    Batcher *reads; /* of product_reads_run */
    Pool *queries;  /* its workers are ProductWorkers, */
    Pool *changes;  /* and so are these */
} ProductApi;

enum {
    PRODUCT_API_METHOD_COUNT = 9
};

/* For RpcServerOptions; the service is a ProductApi. */
extern const RpcMethod product_api_methods[PRODUCT_API_METHOD_COUNT];

#endif
