#include "services/order/api/order_api.h"

#include "services/order/api/order_lookups.h"
#include "services/order/api/order_placing.h"

const RpcMethod order_api_methods[ORDER_API_METHOD_COUNT] = {
    { "PlaceOrder", order_placing_handle, "gateway" },
    { "GetOrder", order_lookups_handle, "gateway" },
    { "ListOrders", order_listings_handle_list, "gateway" },
    { "GetTimeline", order_listings_handle_timeline, "gateway" },
};

void order_api_submit(Batcher *batcher, BatchJob *const *jobs, size_t count,
                      RpcCall *(*call_of)(BatchJob *job))
{
    if (count == 0) {
        return;
    }
    Status status = batcher_submit(batcher, jobs, count);
    for (size_t i = 0; status_failed(status) && i < count; i++) {
        rpc_call_fail(call_of(jobs[i]), status, NULL);
    }
    /* On success the jobs are the batcher's and may already have been answered. */
}
