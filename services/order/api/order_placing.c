#include "services/order/api/order_placing.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "services/order/api/order_api.h"
#include "services/order/api/order_proto.h"

/* A PlaceOrder call between its arrival and its answer. Lives in its arena. */
typedef struct PlacingJob {
    BatchJob link; /* first: a BatchJob pointer is a PlacingJob pointer */
    RpcCall *call;
    PlaceOrder item;
} PlacingJob;

static RpcCall *call_of(BatchJob *job)
{
    return ((PlacingJob *)job)->call;
}

/* -- arrival -- */

/* The envelope has seen to it that a request key is visible ASCII of 64 bytes at most. */
static Status check_caller(const RpcContext *context)
{
    if (context->member.value == 0) {
        return status_make(STATUS_UNAUTHENTICATED, "UNAUTHENTICATED");
    }
    if (context->request_key[0] == '\0') {
        return status_make(STATUS_INVALID_ARGUMENT, "IDEMPOTENCY_KEY_MISSING");
    }
    return status_ok();
}

static_assert((int)RPC_REQUEST_KEY_MAX <= (int)REQUEST_KEY_MAX, "every request key fits");

static Status parse(RpcCall *call, PlacingJob **ret_job, FieldFault *ret_fault)
{
    const RpcContext *context = rpc_call_context(call);
    Status status = check_caller(context);

    if (status_failed(status)) {
        return status;
    }
    PlacingJob *job = arena_calloc(rpc_call_arena(call), 1, sizeof *job);
    if (job == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    job->call = call;
    PlaceOrder *item = &job->item;
    item->order.member = context->member;
    item->order.trace_parent = trace_parent_or_none(context->trace_parent);
    item->key.member = context->member;
    item->key.text = context->request_key;
    memcpy(item->key.hash, context->request_hash, REQUEST_HASH_SIZE);
    item->deadline_us = context->deadline_us;
    status = place_order_from_proto(rpc_call_request(call), rpc_call_arena(call), item, ret_fault);
    if (!status_failed(status)) {
        *ret_job = job;
    }
    return status;
}

void order_placing_handle(void *service, RpcCall *const *calls, size_t count)
{
    OrderApi *api = service;
    BatchJob *jobs[RPC_BATCH_MAX] = { NULL };
    size_t job_count = 0;

    for (size_t i = 0; i < count; i++) {
        FieldFault fault = { 0 };
        PlacingJob *job;
        Status status = parse(calls[i], &job, &fault);
        if (status_failed(status)) {
            rpc_call_fail(calls[i], status, fault_details(&fault, rpc_call_arena(calls[i])));
        } else {
            jobs[job_count++] = &job->link;
        }
    }
    order_api_submit(api->placing, jobs, job_count, call_of);
}

/* -- the batch -- */

/* Drops what has expired in the queue, names the rest. */
static size_t start(OrderPlacing *placing, BatchJob **jobs, size_t count, PlacingJob **live)
{
    int64_t now_us = clock_monotonic_us(placing->app.clock);
    size_t live_count = 0;

    for (size_t i = 0; i < count; i++) {
        PlacingJob *job = (PlacingJob *)jobs[i];

        if (rpc_call_expire(job->call, now_us)) {
            continue;
        }
        if (!id_source_next(placing->ids, &job->item.order.id.value)) {
            rpc_call_fail(job->call, status_make(STATUS_UNAVAILABLE, "UNAVAILABLE"), NULL);
            continue;
        }
        live[live_count++] = job;
    }
    return live_count;
}

static void answer(PlacingJob *job)
{
    PlaceOrder *item = &job->item;
    Arena *arena = rpc_call_arena(job->call);

    if (status_failed(item->status)) {
        rpc_call_fail(job->call, item->status, place_order_details(item, arena));
        return;
    }
    Jumun__Order__V1__Order *reply = order_to_proto(&item->order, arena);
    if (reply == NULL) {
        /* It is stored: with its request key the client gets it. */
        rpc_call_fail(job->call, status_make(STATUS_UNKNOWN, "UNKNOWN"), NULL);
        return;
    }
    reply->replayed = item->replayed;
    rpc_call_reply(job->call, &reply->base);
}

static const char *const result_names[PLACING_RESULTS] = {
    [PLACING_CREATED] = "created",       [PLACING_REPLAYED] = "replayed",
    [PLACING_REUSED_KEY] = "reused_key", [PLACING_NO_PRODUCT] = "no_product",
    [PLACING_NO_STOCK] = "no_stock",     [PLACING_PRICE_CHANGED] = "price_changed",
    [PLACING_REFUSED] = "refused",       [PLACING_FAILED] = "failed",
    [PLACING_UNKNOWN] = "unknown",
};

static PlacingResult result_of(const PlaceOrder *item)
{
    static const struct {
        const char *name;
        PlacingResult result;
    } named[] = {
        { "IDEMPOTENCY_KEY_REUSED", PLACING_REUSED_KEY },
        { "PRODUCT_NOT_FOUND", PLACING_NO_PRODUCT },
        { "OUT_OF_STOCK", PLACING_NO_STOCK },
        { "PRICE_CHANGED", PLACING_PRICE_CHANGED },
        { "VALIDATION", PLACING_REFUSED },
        { "IDEMPOTENCY_IN_FLIGHT", PLACING_REFUSED },
    };

    if (!status_failed(item->status)) {
        return item->replayed ? PLACING_REPLAYED : PLACING_CREATED;
    }
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        if (strcmp(named[i].name, item->status.name) == 0) {
            return named[i].result;
        }
    }
    return item->status.code == STATUS_UNKNOWN ? PLACING_UNKNOWN : PLACING_FAILED;
}

/* Counted before the answers, after which the jobs are gone. */
static size_t count_results(OrderPlacing *placing, PlaceOrder *const *items, size_t count,
                            OrderId *placed)
{
    uint64_t results[PLACING_RESULTS] = { 0 };
    size_t placed_count = 0;

    for (size_t i = 0; i < count; i++) {
        PlacingResult result = result_of(items[i]);

        results[result]++;
        if (result == PLACING_CREATED || result == PLACING_UNKNOWN) {
            placed[placed_count++] = items[i]->order.id;
        }
    }
    for (size_t i = 0; i < PLACING_RESULTS; i++) {
        if (results[i] > 0) {
            counter_add(placing->results[i], results[i]);
        }
    }
    counter_add(placing->replays, results[PLACING_REPLAYED]);
    return placed_count;
}

static bool may_nudge(const OrderPlacing *placing, int64_t now_us, size_t count)
{
    if (placing->wake == NULL || placing->pressure == NULL) {
        return placing->wake != NULL;
    }
    order_pressure_note(placing->pressure, now_us, count);
    return order_pressure_nudges(placing->pressure, now_us, count);
}

void order_placing_run(void *context, BatchJob **jobs, size_t count)
{
    OrderPlacing *placing = context;
    PlacingJob *live[PLACE_ORDERS_MAX];
    PlaceOrder *items[PLACE_ORDERS_MAX];
    OrderId placed[PLACE_ORDERS_MAX];

    assert(count <= PLACE_ORDERS_MAX);
    int64_t started_us = clock_monotonic_us(placing->app.clock);
    count = start(placing, jobs, count, live);
    if (count == 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = &live[i]->item;
    }
    place_orders(&placing->app, items, count);
    size_t placed_count = count_results(placing, items, count, placed);
    for (size_t i = 0; i < count; i++) {
        answer(live[i]);
    }
    int64_t ended_us = clock_monotonic_us(placing->app.clock);
    int64_t took_us = ended_us - started_us;
    if (placed_count > 0 && may_nudge(placing, ended_us, count)) {
        wake_publish(placing->wake, placed, placed_count);
    }
    histogram_observe(placing->batch_size, (double)count);
    histogram_observe(placing->seconds, (double)took_us / (double)US_PER_S);
}

void order_placing_measure(OrderPlacing *placing, Metrics *metrics)
{
    for (size_t i = 0; i < PLACING_RESULTS; i++) {
        char labels[32];

        (void)snprintf(labels, sizeof labels, "result=\"%s\"", result_names[i]);
        placing->results[i] =
            metrics_counter(metrics, "orders_created_total", "Orders asked for, by end", labels);
    }
    placing->replays = metrics_counter(metrics, "idempotency_replays_total",
                                       "Requests answered from their key", "");
    placing->batch_size =
        metrics_histogram_of_counts(metrics, "batch_size", "Items of a batch", "stage=\"place\"");
    placing->seconds =
        metrics_histogram(metrics, "batch_seconds", "Time of a batch", "stage=\"place\"");
}
