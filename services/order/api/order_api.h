/* order_api.h - the calls of OrderService: decode, hand over, answer later.
 *
 * Handlers run on I/O threads and park calls in batchers; each batcher's thread owns what
 * its `run` works with. */
#ifndef JUMUN_SERVICES_ORDER_API_ORDER_API_H
#define JUMUN_SERVICES_ORDER_API_ORDER_API_H

#include "common/base/clock.h"
#include "common/crypto/order_code.h"
#include "common/rpc/rpc_server.h"
#include "common/runtime/batcher.h"

enum {
    ORDER_API_METHOD_COUNT = 4
};

/* What the handlers need. Read only once the server is open. */
typedef struct OrderApi {
    Batcher *placing;               /* runs order_placing_run */
    Batcher *lookups;               /* runs order_lookups_run */
    Batcher *listings;              /* runs order_listings_run */
    const OrderCodeKeys *code_keys; /* cursors are order codes */
} OrderApi;

extern const RpcMethod order_api_methods[ORDER_API_METHOD_COUNT];

/* Hands jobs to a batcher; if it takes none, fails their calls. `call_of` finds a job's. */
void order_api_submit(Batcher *batcher, BatchJob *const *jobs, size_t count,
                      RpcCall *(*call_of)(BatchJob *job));

#endif
