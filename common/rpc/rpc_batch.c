/* rpc_batch.c - from a message to calls, and from answers to a reply. An answer is packed
 * at once, in its call's arena; which thread gives the last one decides who goes on. */
#include "common/rpc/rpc_batch.h"

#include <assert.h>
#include <string.h>

#include "common/rpc/proto_arena.h"

/* The call has its reply. Ends the right to touch it. */
static void answer(RpcCall *call, StatusCode code)
{
    RpcBatch *batch = call->batch;

    assert(!call->answered);
    call->answered = true;
    served_method_observe(batch->method, code,
                          clock_monotonic_us(batch->clock) - batch->started_us);
    if (atomic_fetch_sub_explicit(&batch->open, 1, memory_order_acq_rel) == 1) {
        batch->done(batch);
    }
}

void rpc_call_reply(RpcCall *call, const ProtobufCMessage *reply)
{
    Jumun__Rpc__V1__RpcReply head;
    const Status too_large = { STATUS_INTERNAL, "REPLY_TOO_LARGE" };

    assert(reply->descriptor == call->batch->method->output);
    jumun__rpc__v1__rpc_reply__init(&head);
    head.number = call->number;
    if (envelope_pack_reply(&head, reply, &call->arena->arena, &call->reply)) {
        answer(call, STATUS_OK);
        return;
    }
    envelope_pack_failure(call->number, too_large, call->small, &call->reply);
    answer(call, too_large.code);
}

void rpc_call_fail(RpcCall *call, Status status, const Jumun__Rpc__V1__ErrorDetails *details)
{
    Jumun__Rpc__V1__RpcReply head;

    assert(status_failed(status) && (int)status.code <= STATUS_CODE_MAX);
    if (details == NULL) {
        envelope_pack_failure(call->number, status, call->small, &call->reply);
        answer(call, status.code);
        return;
    }
    union {
        const Jumun__Rpc__V1__ErrorDetails *in;
        Jumun__Rpc__V1__ErrorDetails *out;
    } same = { .in = details }; /* packing does not write */

    jumun__rpc__v1__rpc_reply__init(&head);
    head.number = call->number;
    head.status = (uint32_t)status.code;
    head.code = proto_text(status.name);
    head.details = same.out;
    if (!envelope_pack_reply(&head, NULL, &call->arena->arena, &call->reply)) {
        envelope_pack_failure(call->number, status, call->small, &call->reply);
    }
    answer(call, status.code);
}

bool rpc_call_expire(RpcCall *call, int64_t monotonic_us)
{
    if (call->context.deadline_us > monotonic_us) {
        return false;
    }
    rpc_call_fail(call, status_make(STATUS_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"), NULL);
    return true;
}

const void *rpc_call_request(const RpcCall *call)
{
    return call->request;
}

const RpcContext *rpc_call_context(const RpcCall *call)
{
    return &call->context;
}

Arena *rpc_call_arena(RpcCall *call)
{
    return &call->arena->arena;
}

static bool is_visible(const char *text, size_t max)
{
    size_t size = 0;

    while (text[size] > ' ' && text[size] <= '~') {
        size++;
    }
    return text[size] == '\0' && size <= max;
}

static bool is_well_formed(const Jumun__Rpc__V1__RpcCall *wire)
{
    return is_visible(wire->request_key, RPC_REQUEST_KEY_MAX) &&
           is_visible(wire->traceparent, RPC_TRACE_PARENT_MAX) &&
           (wire->request_hash.len == 0 || wire->request_hash.len == BODY_HASH_SIZE) &&
           wire->member_id <= ID_JSON_MAX && wire->role >= JUMUN__RPC__V1__ROLE__NOBODY &&
           wire->role <= JUMUN__RPC__V1__ROLE__ADMIN;
}

/* False if the call says nothing that can be served. */
static bool fill(RpcCall *call, const char *caller, const Jumun__Rpc__V1__RpcCall *wire)
{
    const RpcBatch *batch = call->batch;
    uint32_t timeout_ms =
        wire->timeout_ms < RPC_TIMEOUT_MS_MAX ? wire->timeout_ms : RPC_TIMEOUT_MS_MAX;

    call->number = wire->number;
    call->context = (RpcContext){
        .deadline_us = batch->started_us + timeout_ms * US_PER_MS,
        .caller = caller,
        .member = { wire->member_id },
        .role = wire->role,
        .request_key = wire->request_key,
        .trace_parent = wire->traceparent,
    };
    if (!is_well_formed(wire)) {
        return false;
    }
    if (wire->request_hash.len > 0) {
        memcpy(call->context.request_hash, wire->request_hash.data, BODY_HASH_SIZE);
    }
    call->request = proto_unpack(batch->method->input, wire->payload.data, wire->payload.len,
                                 &call->arena->arena);
    return call->request != NULL;
}

void rpc_batch_start(RpcBatch *batch, ServedMethod *method, const char *caller,
                     const Jumun__Rpc__V1__RpcRequestBatch *message, PooledArena *const *arenas)
{
    RpcCall *live[RPC_BATCH_MAX] = { NULL };
    size_t count = message->n_calls;
    size_t live_count = 0;

    assert(count > 0 && count <= RPC_BATCH_MAX);
    batch->method = method;
    batch->started_us = clock_monotonic_us(batch->clock);
    batch->count = count;
    atomic_store_explicit(&batch->open, count, memory_order_relaxed);
    for (size_t i = 0; i < count; i++) {
        RpcCall *call = &batch->calls[i];
        call->batch = batch;
        call->arena = arenas[i];
        call->request = NULL;
        call->answered = false;
    }
    /* From the last answer on the batch belongs to others: `message` and `batch` are only
     * looked at while at least the call in hand has no answer. */
    for (size_t i = 0; i < count; i++) {
        RpcCall *call = &batch->calls[i];
        if (!fill(call, caller, message->calls[i])) {
            rpc_call_fail(call, status_make(STATUS_INVALID_ARGUMENT, "MALFORMED_CALL"), NULL);
        } else if (!rpc_call_expire(call, batch->started_us)) {
            live[live_count++] = call;
        }
    }
    if (live_count > 0) {
        method->handler(method->service, live, live_count);
    }
}
