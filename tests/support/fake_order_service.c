/* fake_order_service.c - the order service of fake_services.h. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/rpc/proto_arena.h"
#include "tests/support/fake_service_parts.h"

static void note(FakeServices *fake, RpcCall *call)
{
    static const uint8_t none[BODY_HASH_SIZE];
    const RpcContext *context = rpc_call_context(call);

    fake->seen.member = context->member.value;
    fake->seen.role = (int)context->role;
    fake->seen.has_hash = memcmp(context->request_hash, none, sizeof none) != 0;
    (void)snprintf(fake->seen.request_key, sizeof fake->seen.request_key, "%s",
                   context->request_key);
    (void)snprintf(fake->seen.trace_parent, sizeof fake->seen.trace_parent, "%s",
                   context->trace_parent);
    fake->seen.calls++;
}

static void reply_order(FakeServices *fake, RpcCall *call, bool replayed)
{
    Jumun__Order__V1__Order reply;
    jumun__order__v1__order__init(&reply);

    reply.order_id = FAKE_ORDER_ID;
    reply.currency = proto_text("KRW");
    reply.total = 3000;
    reply.created_at_us = 1;
    reply.replayed = replayed;
    pthread_mutex_lock(&fake->lock);
    reply.status = fake->status;
    reply.version = fake->version;
    pthread_mutex_unlock(&fake->lock);
    rpc_call_reply(call, &reply.base);
}

static void refuse_order(RpcCall *call, uint64_t product)
{
    Jumun__Rpc__V1__FieldError field;
    jumun__rpc__v1__field_error__init(&field);
    Jumun__Rpc__V1__FieldError *fields[] = { &field };
    Jumun__Rpc__V1__StockShortage item;
    jumun__rpc__v1__stock_shortage__init(&item);
    Jumun__Rpc__V1__StockShortage *items[] = { &item };
    Jumun__Rpc__V1__ErrorDetails details;
    jumun__rpc__v1__error_details__init(&details);
    Status status = status_make(STATUS_UNKNOWN, "COMMIT_UNKNOWN");

    field.pointer = proto_text("/lines/0/quantity");
    field.code = proto_text("QUANTITY");
    field.detail = proto_text("");
    item.product_id = product;
    item.requested = 5;
    item.available = 2;
    if (product == ORDER_IS_OUT_OF_STOCK) {
        status = status_make(STATUS_FAILED_PRECONDITION, "OUT_OF_STOCK");
        details.items = items;
        details.n_items = 1;
    } else if (product == ORDER_KEY_IS_REUSED) {
        status = status_make(STATUS_INVALID_ARGUMENT, "IDEMPOTENCY_KEY_REUSED");
    } else if (product == ORDER_KEY_IS_IN_FLIGHT) {
        status = status_make(STATUS_ABORTED, "IDEMPOTENCY_IN_FLIGHT");
        details.retry_after_s = 3;
    } else if (product == ORDER_IS_INVALID) {
        status = status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
        details.fields = fields;
        details.n_fields = 1;
    }
    rpc_call_fail(call, status, &details);
}

static void keep(FakeServices *fake, RpcCall *call)
{
    pthread_mutex_lock(&fake->lock);
    assert(fake->kept_count < KEPT_MAX);
    fake->kept[fake->kept_count++] = call;
    pthread_mutex_unlock(&fake->lock);
}

static void on_place(void *service, RpcCall *const *calls, size_t count)
{
    FakeServices *fake = service;

    for (size_t i = 0; i < count; i++) {
        const Jumun__Order__V1__PlaceOrderRequest *request = rpc_call_request(calls[i]);
        uint64_t product = request->n_lines > 0 ? request->lines[0]->product_id : ORDER_IS_INVALID;
        pthread_mutex_lock(&fake->lock);
        note(fake, calls[i]);
        pthread_mutex_unlock(&fake->lock);
        if (product == ORDER_IS_PLACED || product == ORDER_IS_REPLAYED) {
            reply_order(fake, calls[i], product == ORDER_IS_REPLAYED);
        } else if (product == ORDER_IS_NEVER_ANSWERED) {
            keep(fake, calls[i]);
        } else {
            refuse_order(calls[i], product);
        }
    }
}

static void on_get_order(void *service, RpcCall *const *calls, size_t count)
{
    FakeServices *fake = service;

    for (size_t i = 0; i < count; i++) {
        const Jumun__Order__V1__GetOrderRequest *request = rpc_call_request(calls[i]);
        pthread_mutex_lock(&fake->lock);
        note(fake, calls[i]);
        pthread_mutex_unlock(&fake->lock);
        if (request->order_id != FAKE_ORDER_ID) {
            rpc_call_fail(calls[i], status_make(STATUS_NOT_FOUND, "NOT_YOURS"), NULL);
        } else {
            reply_order(fake, calls[i], false);
        }
    }
}

static void on_list_orders(void *service, RpcCall *const *calls, size_t count)
{
    FakeServices *fake = service;

    for (size_t i = 0; i < count; i++) {
        Jumun__Order__V1__ListOrdersReply reply;
        jumun__order__v1__list_orders_reply__init(&reply);
        pthread_mutex_lock(&fake->lock);
        fake->seen.list = *(const Jumun__Order__V1__ListOrdersRequest *)rpc_call_request(calls[i]);
        pthread_mutex_unlock(&fake->lock);
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void on_timeline(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        Jumun__Order__V1__TimelineEvent event;
        jumun__order__v1__timeline_event__init(&event);
        Jumun__Order__V1__TimelineEvent *events[] = { &event };
        Jumun__Order__V1__GetTimelineReply reply;
        jumun__order__v1__get_timeline_reply__init(&reply);
        event.to = JUMUN__ORDER__V1__ORDER_STATUS__PENDING;
        event.seq = 1;
        reply.items = events;
        reply.n_items = 1;
        rpc_call_reply(calls[i], &reply.base);
    }
}

const RpcMethod fake_order_methods[] = {
    { "PlaceOrder", on_place, "gateway" },
    { "GetOrder", on_get_order, "gateway" },
    { "ListOrders", on_list_orders, "gateway" },
    { "GetTimeline", on_timeline, "gateway" },
};

const size_t fake_order_method_count = sizeof fake_order_methods / sizeof fake_order_methods[0];
