/* order_lookups.h - GetOrder, many in one query; ListOrders and GetTimeline, one by one
 * on a thread of their own, so that a long list delays no look at an order. */
#ifndef JUMUN_SERVICES_ORDER_API_ORDER_LOOKUPS_H
#define JUMUN_SERVICES_ORDER_API_ORDER_LOOKUPS_H

#include "common/base/clock.h"
#include "common/crypto/order_code.h"
#include "common/rpc/rpc_server.h"
#include "common/runtime/batcher.h"
#include "services/order/app/find_orders.h"

enum {
    LOOKUP_ARENA_BLOCK = 64 * 1024,
    LOOKUP_ARENA_MAX = 16 * 1024 * 1024,
};

/* What a batcher's thread works with; one for lookups, one for listings. */
typedef struct OrderLookups {
    OrderReads *reads;
    const Clock *clock;
    const OrderCodeKeys *code_keys;
    Arena arena; /* scratch, reset with every batch */
} OrderLookups;

/* RpcHandlers; service is an OrderApi. */
void order_lookups_handle(void *service, RpcCall *const *calls, size_t count);
void order_listings_handle_list(void *service, RpcCall *const *calls, size_t count);
void order_listings_handle_timeline(void *service, RpcCall *const *calls, size_t count);

/* BatchRuns; context is an OrderLookups. At most FIND_ORDERS_MAX jobs. */
void order_lookups_run(void *context, BatchJob **jobs, size_t count);
void order_listings_run(void *context, BatchJob **jobs, size_t count);

#endif
