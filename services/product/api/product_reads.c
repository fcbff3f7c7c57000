#include "services/product/api/product_reads.h"

#include <assert.h>
#include <stdlib.h>

#include "services/product/api/product_proto.h"

/* A call between its arrival and its answer. Lives in its arena. */
typedef struct ReadJob {
    BatchJob link; /* first: a BatchJob pointer is a ReadJob pointer */
    RpcCall *call;
    const uint64_t *ids; /* the request's */
    size_t id_count;
    bool single; /* GetProduct: missing is an error */
} ReadJob;

struct ProductReads {
    ProductStore *store;
    const Clock *clock;
    ProductId ids[PRODUCTS_FIND_MAX];
    Product products[PRODUCTS_FIND_MAX];
};

static_assert((int)PRODUCT_IDS_MAX <= (int)PRODUCTS_FIND_MAX, "one call fits one query");

ProductReads *product_reads_open(ProductStore *store, const Clock *clock)
{
    ProductReads *reads = calloc(1, sizeof *reads);

    if (reads != NULL) {
        reads->store = store;
        reads->clock = clock;
    }
    return reads;
}

void product_reads_close(ProductReads *reads)
{
    free(reads);
}

static int compare_ids(const void *left, const void *right)
{
    uint64_t a = ((const ProductId *)left)->value;
    uint64_t b = ((const ProductId *)right)->value;

    return (a > b) - (a < b);
}

static size_t sort_distinct(ProductId *ids, size_t count)
{
    size_t kept = 0;

    qsort(ids, count, sizeof ids[0], compare_ids);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || ids[kept - 1].value != ids[i].value) {
            ids[kept++] = ids[i];
        }
    }
    return kept;
}

static int compare_product(const void *key, const void *element)
{
    uint64_t a = ((const ProductId *)key)->value;
    uint64_t b = ((const Product *)element)->id.value;

    return (a > b) - (a < b);
}

static const Product *find(const ProductReads *reads, size_t count, uint64_t id)
{
    ProductId key = { id };

    return bsearch(&key, reads->products, count, sizeof reads->products[0], compare_product);
}

static void answer_single(const ProductReads *reads, size_t found, ReadJob *job)
{
    const Product *product = find(reads, found, job->ids[0]);
    Jumun__Product__V1__Product message;

    if (product == NULL) {
        rpc_call_fail(job->call, status_make(STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND"), NULL);
        return;
    }
    product_to_proto(product, &message);
    rpc_call_reply(job->call, &message.base);
}

static void answer_batch(const ProductReads *reads, size_t found, ReadJob *job)
{
    Jumun__Product__V1__BatchGetProductsReply reply =
        JUMUN__PRODUCT__V1__BATCH_GET_PRODUCTS_REPLY__INIT;
    Arena *arena = rpc_call_arena(job->call);
    Jumun__Product__V1__Product *messages = arena_calloc(arena, job->id_count, sizeof *messages);

    reply.products = arena_calloc(arena, job->id_count, sizeof *reply.products);
    if (messages == NULL || reply.products == NULL) {
        rpc_call_fail(job->call, status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED"), NULL);
        return;
    }
    for (size_t i = 0; i < job->id_count; i++) {
        const Product *product = find(reads, found, job->ids[i]);
        if (product != NULL) {
            product_to_proto(product, &messages[reply.n_products]);
            reply.products[reply.n_products] = &messages[reply.n_products];
            reply.n_products++;
        }
    }
    rpc_call_reply(job->call, &reply.base);
}

/* Answers jobs whose ids fit one query together. */
static void run_query(ProductReads *reads, ReadJob *const *jobs, size_t count, size_t id_count)
{
    size_t found = 0;

    id_count = sort_distinct(reads->ids, id_count);
    Status status =
        reads->store->ops->find(reads->store, reads->ids, id_count, reads->products, &found);
    for (size_t i = 0; i < count; i++) {
        if (status_failed(status)) {
            rpc_call_fail(jobs[i]->call, status, NULL);
        } else if (jobs[i]->single) {
            answer_single(reads, found, jobs[i]);
        } else {
            answer_batch(reads, found, jobs[i]);
        }
    }
}

void product_reads_run(void *context, BatchJob **jobs, size_t count)
{
    ProductReads *reads = context;
    ReadJob *gathered[PRODUCT_READS_MAX];
    size_t gathered_count = 0;
    size_t id_count = 0;
    int64_t now_us = clock_monotonic_us(reads->clock);

    assert(count <= PRODUCT_READS_MAX);
    for (size_t i = 0; i < count; i++) {
        ReadJob *job = (ReadJob *)jobs[i];
        if (rpc_call_expire(job->call, now_us)) {
            continue;
        }
        if (job->id_count > PRODUCTS_FIND_MAX - id_count) {
            run_query(reads, gathered, gathered_count, id_count);
            gathered_count = 0;
            id_count = 0;
        }
        for (size_t k = 0; k < job->id_count; k++) {
            reads->ids[id_count++] = (ProductId){ job->ids[k] };
        }
        gathered[gathered_count++] = job;
    }
    if (gathered_count > 0) {
        run_query(reads, gathered, gathered_count, id_count);
    }
}

static void hand_over(Batcher *batcher, BatchJob *const *jobs, size_t count)
{
    if (count == 0) {
        return;
    }
    Status status = batcher_submit(batcher, jobs, count);
    for (size_t i = 0; status_failed(status) && i < count; i++) {
        rpc_call_fail(((ReadJob *)jobs[i])->call, status, NULL);
    }
}

static ReadJob *make_job(RpcCall *call)
{
    ReadJob *job = arena_calloc(rpc_call_arena(call), 1, sizeof *job);

    if (job == NULL) {
        rpc_call_fail(call, status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED"), NULL);
        return NULL;
    }
    job->call = call;
    return job;
}

void product_reads_take_get(Batcher *batcher, RpcCall *const *calls, size_t count)
{
    BatchJob *jobs[RPC_BATCH_MAX] = { NULL };
    size_t job_count = 0;

    for (size_t i = 0; i < count; i++) {
        const Jumun__Product__V1__GetProductRequest *request = rpc_call_request(calls[i]);
        ReadJob *job = make_job(calls[i]);
        if (job != NULL) {
            job->ids = &request->product_id;
            job->id_count = 1;
            job->single = true;
            jobs[job_count++] = &job->link;
        }
    }
    hand_over(batcher, jobs, job_count);
}

void product_reads_take_batch_get(Batcher *batcher, RpcCall *const *calls, size_t count)
{
    BatchJob *jobs[RPC_BATCH_MAX] = { NULL };
    size_t job_count = 0;

    for (size_t i = 0; i < count; i++) {
        const Jumun__Product__V1__BatchGetProductsRequest *request = rpc_call_request(calls[i]);
        if (request->n_product_ids > PRODUCT_IDS_MAX) {
            product_call_refuse_field(calls[i], "/productIds", "at most 512 products");
            continue;
        }
        ReadJob *job = make_job(calls[i]);
        if (job != NULL) {
            job->ids = request->product_ids;
            job->id_count = request->n_product_ids;
            jobs[job_count++] = &job->link;
        }
    }
    hand_over(batcher, jobs, job_count);
}
