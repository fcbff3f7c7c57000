/* product_reads.h - GetProduct and BatchGetProducts, the reads behind every order: the
 * calls that gathered while the last query ran share the next one. */
#ifndef JUMUN_SERVICES_PRODUCT_API_PRODUCT_READS_H
#define JUMUN_SERVICES_PRODUCT_API_PRODUCT_READS_H

#include "common/base/clock.h"
#include "common/rpc/rpc_server.h"
#include "common/runtime/batcher.h"
#include "services/product/app/product_ports.h"

enum {
    PRODUCT_READS_MAX = 64, /* calls of one run */
    PRODUCT_IDS_MAX = 512,  /* products of one call */
};

/* One thread's: the batcher's. */
typedef struct ProductReads ProductReads;

/* store and clock are borrowed. NULL without memory. */
ProductReads *product_reads_open(ProductStore *store, const Clock *clock);

/* NULL is ignored. */
void product_reads_close(ProductReads *reads);

/* A BatchRun; context is the ProductReads. */
void product_reads_run(void *context, BatchJob **jobs, size_t count);

/* Bodies of the handlers: decode, hand over. */
void product_reads_take_get(Batcher *batcher, RpcCall *const *calls, size_t count);
void product_reads_take_batch_get(Batcher *batcher, RpcCall *const *calls, size_t count);

#endif
