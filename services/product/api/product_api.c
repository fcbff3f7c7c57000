#include "services/product/api/product_api.h"

#include "services/product/api/product_calls.h"
#include "services/product/api/product_reads.h"

/* A call on its way to a pool. Lives in its arena. */
typedef struct CallJob {
    PoolJob link; /* first: a PoolJob pointer is a CallJob pointer */
    RpcCall *call;
    ProductCall *answer;
} CallJob;

static void run(PoolJob *pool_job, void *context)
{
    CallJob *job = (CallJob *)pool_job;
    ProductWorker *worker = context;

    if (!rpc_call_expire(job->call, clock_monotonic_us(worker->clock))) {
        job->answer(worker, job->call);
    }
}

static void submit(Pool *pool, RpcCall *const *calls, size_t count, ProductCall *answer)
{
    for (size_t i = 0; i < count; i++) {
        CallJob *job = arena_calloc(rpc_call_arena(calls[i]), 1, sizeof *job);
        Status status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");

        if (job != NULL) {
            *job = (CallJob){ .link = { .run = run }, .call = calls[i], .answer = answer };
            status = pool_submit(pool, &job->link);
        }
        if (status_failed(status)) {
            rpc_call_fail(calls[i], status, NULL);
        }
    }
}

static void submit_change(ProductApi *api, RpcCall *const *calls, size_t count, ProductCall *answer)
{
    for (size_t i = 0; i < count; i++) {
        if (rpc_call_context(calls[i])->role != JUMUN__RPC__V1__ROLE__ADMIN) {
            rpc_call_fail(calls[i], status_make(STATUS_PERMISSION_DENIED, "FORBIDDEN"), NULL);
        } else {
            submit(api->changes, &calls[i], 1, answer);
        }
    }
}

static void on_get(void *service, RpcCall *const *calls, size_t count)
{
    product_reads_take_get(((ProductApi *)service)->reads, calls, count);
}

static void on_batch_get(void *service, RpcCall *const *calls, size_t count)
{
    product_reads_take_batch_get(((ProductApi *)service)->reads, calls, count);
}

static void on_list(void *service, RpcCall *const *calls, size_t count)
{
    submit(((ProductApi *)service)->queries, calls, count, product_call_list);
}

static void on_create(void *service, RpcCall *const *calls, size_t count)
{
    submit_change(service, calls, count, product_call_create);
}

static void on_update(void *service, RpcCall *const *calls, size_t count)
{
    submit_change(service, calls, count, product_call_update);
}

static void on_archive(void *service, RpcCall *const *calls, size_t count)
{
    submit_change(service, calls, count, product_call_archive);
}

static void on_adjust_stock(void *service, RpcCall *const *calls, size_t count)
{
    submit_change(service, calls, count, product_call_adjust_stock);
}

static void on_decrease_stock(void *service, RpcCall *const *calls, size_t count)
{
    submit_change(service, calls, count, product_call_decrease_stock);
}

static void on_get_stock(void *service, RpcCall *const *calls, size_t count)
{
    submit_change(service, calls, count, product_call_get_stock);
}

const RpcMethod product_api_methods[PRODUCT_API_METHOD_COUNT] = {
    { "CreateProduct", on_create, "gateway" },
    { "GetProduct", on_get, "gateway order" },
    { "BatchGetProducts", on_batch_get, "gateway order" },
    { "ListProducts", on_list, "gateway" },
    { "UpdateProduct", on_update, "gateway" },
    { "ArchiveProduct", on_archive, "gateway" },
    { "AdjustStock", on_adjust_stock, "gateway" },
    { "DecreaseStock", on_decrease_stock, "gateway" },
    { "GetStock", on_get_stock, "gateway" },
};
