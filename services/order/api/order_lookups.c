#include "services/order/api/order_lookups.h"

#include <assert.h>

#include "services/order/api/order_api.h"
#include "services/order/api/order_proto.h"

enum {
    LIST_LIMIT_STANDARD = 20
};

typedef struct LookupJob {
    BatchJob link; /* first */
    RpcCall *call;
    FindOrder item;
} LookupJob;

typedef struct ListingJob ListingJob;
struct ListingJob {
    BatchJob link; /* first */
    RpcCall *call;
    void (*run)(OrderLookups *lookups, ListingJob *job);
    OrderReader reader;
    OrderFilter filter; /* of a list */
    OrderId id;         /* of a timeline */
};

static RpcCall *lookup_call(BatchJob *job)
{
    return ((LookupJob *)job)->call;
}

static RpcCall *listing_call(BatchJob *job)
{
    return ((ListingJob *)job)->call;
}

static Status out_of_memory(void)
{
    return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
}

static Status read_reader(const RpcContext *context, OrderReader *ret_reader)
{
    if (context->member.value == 0) {
        return status_make(STATUS_UNAUTHENTICATED, "UNAUTHENTICATED");
    }
    *ret_reader = (OrderReader){ context->member, context->role == JUMUN__RPC__V1__ROLE__ADMIN };
    return status_ok();
}

/* -- GetOrder -- */

static Status parse_lookup(RpcCall *call, LookupJob **ret_job)
{
    const Jumun__Order__V1__GetOrderRequest *request = rpc_call_request(call);
    LookupJob *job = arena_calloc(rpc_call_arena(call), 1, sizeof *job);

    if (job == NULL) {
        return out_of_memory();
    }
    job->call = call;
    job->item.id = (OrderId){ request->order_id };
    *ret_job = job;
    return read_reader(rpc_call_context(call), &job->item.reader);
}

void order_lookups_handle(void *service, RpcCall *const *calls, size_t count)
{
    OrderApi *api = service;
    BatchJob *jobs[RPC_BATCH_MAX] = { NULL };
    size_t job_count = 0;

    for (size_t i = 0; i < count; i++) {
        LookupJob *job;
        Status status = parse_lookup(calls[i], &job);
        if (status_failed(status)) {
            rpc_call_fail(calls[i], status, NULL);
        } else {
            jobs[job_count++] = &job->link;
        }
    }
    order_api_submit(api->lookups, jobs, job_count, lookup_call);
}

static void answer_lookup(LookupJob *job)
{
    Jumun__Order__V1__Order *reply = NULL;
    Status status = job->item.status;

    if (!status_failed(status)) {
        reply = order_to_proto(job->item.order, rpc_call_arena(job->call));
        status = reply == NULL ? out_of_memory() : status;
    }
    if (status_failed(status)) {
        rpc_call_fail(job->call, status, NULL);
    } else {
        rpc_call_reply(job->call, &reply->base);
    }
}

void order_lookups_run(void *context, BatchJob **jobs, size_t count)
{
    OrderLookups *lookups = context;
    LookupJob *live[FIND_ORDERS_MAX];
    FindOrder *items[FIND_ORDERS_MAX];
    int64_t now_us = clock_monotonic_us(lookups->clock);
    size_t live_count = 0;

    assert(count <= FIND_ORDERS_MAX);
    for (size_t i = 0; i < count; i++) {
        LookupJob *job = (LookupJob *)jobs[i];

        if (!rpc_call_expire(job->call, now_us)) {
            live[live_count] = job;
            items[live_count++] = &job->item;
        }
    }
    if (live_count == 0) {
        return;
    }
    arena_reset(&lookups->arena);
    find_orders(lookups->reads, &lookups->arena, items, live_count);
    for (size_t i = 0; i < live_count; i++) {
        answer_lookup(live[i]);
    }
}

/* -- ListOrders -- */

static void run_list(OrderLookups *lookups, ListingJob *job)
{
    Arena *arena = rpc_call_arena(job->call);
    Jumun__Order__V1__ListOrdersReply *reply = NULL;
    OrderPage page = { 0 };

    Status status = list_orders(lookups->reads, &lookups->arena, &job->reader, &job->filter, &page);
    if (!status_failed(status)) {
        reply = order_page_to_proto(&page, arena);
        status = reply == NULL ? out_of_memory() : status;
    }
    if (!status_failed(status) && page.more) {
        char code[ORDER_CODE_SIZE];

        order_code_format(lookups->code_keys, page.orders[page.count - 1].id, code);
        reply->next_cursor = arena_copy(arena, code, sizeof code - 1);
        status = reply->next_cursor == NULL ? out_of_memory() : status;
    }
    if (status_failed(status)) {
        rpc_call_fail(job->call, status, NULL);
    } else {
        rpc_call_reply(job->call, &reply->base);
    }
}

static Status bad_field(const char *pointer, const char *detail, FieldFault *ret_fault)
{
    *ret_fault = (FieldFault){ pointer, "INVALID", detail };
    return status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
}

static Status read_filter(const Jumun__Order__V1__ListOrdersRequest *request,
                          const OrderCodeKeys *keys, OrderFilter *ret_filter, FieldFault *ret_fault)
{
    OrderFilter filter = {
        .state = (OrderState)request->status,
        .from_us = request->from_us,
        .to_us = request->to_us,
        .only = { request->order_id },
        .limit = request->limit == 0 ? LIST_LIMIT_STANDARD : request->limit,
    };

    if (request->status < 0 || request->status > JUMUN__ORDER__V1__ORDER_STATUS__NEEDS_REVIEW) {
        return bad_field("/status", "not a status of orders", ret_fault);
    }
    if (request->from_us < 0) {
        return bad_field("/from", "not a time", ret_fault);
    }
    if (request->to_us < 0) {
        return bad_field("/to", "not a time", ret_fault);
    }
    if (filter.limit > LIST_ORDERS_MAX) {
        return bad_field("/limit", "1..100", ret_fault);
    }
    if (request->cursor[0] != '\0' &&
        status_failed(order_code_parse(keys, request->cursor, &filter.below))) {
        return bad_field("/cursor", "not a cursor of this list", ret_fault);
    }
    *ret_filter = filter;
    return status_ok();
}

static Status parse_list(const OrderApi *api, RpcCall *call, ListingJob **ret_job,
                         FieldFault *ret_fault)
{
    ListingJob *job = arena_calloc(rpc_call_arena(call), 1, sizeof *job);

    if (job == NULL) {
        return out_of_memory();
    }
    job->call = call;
    job->run = run_list;
    Status status = read_reader(rpc_call_context(call), &job->reader);
    if (!status_failed(status)) {
        status = read_filter(rpc_call_request(call), api->code_keys, &job->filter, ret_fault);
    }
    *ret_job = job;
    return status;
}

void order_listings_handle_list(void *service, RpcCall *const *calls, size_t count)
{
    OrderApi *api = service;
    BatchJob *jobs[RPC_BATCH_MAX] = { NULL };
    size_t job_count = 0;

    for (size_t i = 0; i < count; i++) {
        FieldFault fault = { 0 };
        ListingJob *job;
        Status status = parse_list(api, calls[i], &job, &fault);
        if (status_failed(status)) {
            rpc_call_fail(calls[i], status, fault_details(&fault, rpc_call_arena(calls[i])));
        } else {
            jobs[job_count++] = &job->link;
        }
    }
    order_api_submit(api->listings, jobs, job_count, listing_call);
}

/* -- GetTimeline -- */

static void run_timeline(OrderLookups *lookups, ListingJob *job)
{
    Jumun__Order__V1__GetTimelineReply *reply = NULL;
    OrderTimeline timeline = { 0 };

    Status status =
        find_timeline(lookups->reads, &lookups->arena, &job->reader, job->id, &timeline);
    if (!status_failed(status)) {
        reply = order_timeline_to_proto(&timeline, rpc_call_arena(job->call));
        status = reply == NULL ? out_of_memory() : status;
    }
    if (status_failed(status)) {
        rpc_call_fail(job->call, status, NULL);
    } else {
        rpc_call_reply(job->call, &reply->base);
    }
}

void order_listings_handle_timeline(void *service, RpcCall *const *calls, size_t count)
{
    OrderApi *api = service;
    BatchJob *jobs[RPC_BATCH_MAX] = { NULL };
    size_t job_count = 0;

    for (size_t i = 0; i < count; i++) {
        const Jumun__Order__V1__GetTimelineRequest *request = rpc_call_request(calls[i]);
        ListingJob *job = arena_calloc(rpc_call_arena(calls[i]), 1, sizeof *job);
        Status status =
            job == NULL ? out_of_memory() : read_reader(rpc_call_context(calls[i]), &job->reader);

        if (status_failed(status)) {
            rpc_call_fail(calls[i], status, NULL);
            continue;
        }
        job->call = calls[i];
        job->run = run_timeline;
        job->id = (OrderId){ request->order_id };
        jobs[job_count++] = &job->link;
    }
    order_api_submit(api->listings, jobs, job_count, listing_call);
}

void order_listings_run(void *context, BatchJob **jobs, size_t count)
{
    OrderLookups *lookups = context;

    for (size_t i = 0; i < count; i++) {
        ListingJob *job = (ListingJob *)jobs[i];

        if (!rpc_call_expire(job->call, clock_monotonic_us(lookups->clock))) {
            arena_reset(&lookups->arena);
            job->run(lookups, job);
        }
    }
}
