#include "common/rpc/rpc_health.h"

#include "common/rpc/proto_arena.h"
#include "jumun/rpc/v1/health.pb-c.h"

static void on_check(void *service, RpcCall *const *calls, size_t count)
{
    const RpcHealth *health = service;
    Jumun__Rpc__V1__HealthReply reply;

    jumun__rpc__v1__health_reply__init(&reply);
    reply.ready = health->ready == NULL || health->ready(health->context);
    for (size_t i = 0; i < count; i++) {
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void describe(const RpcHealth *health, RpcCall *call)
{
    typedef Jumun__Rpc__V1__MethodDescription Description;
    Jumun__Rpc__V1__DescribeReply reply;
    Arena *arena = rpc_call_arena(call);
    const ServedMethod *served = health->methods->rows;
    size_t count = health->methods->count;

    jumun__rpc__v1__describe_reply__init(&reply);
    Description *rows = arena_calloc(arena, count, sizeof *rows);
    reply.methods = arena_calloc(arena, count, sizeof(Description *));
    if (rows == NULL || reply.methods == NULL) {
        rpc_call_fail(call, status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED"), NULL);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        jumun__rpc__v1__method_description__init(&rows[i]);
        rows[i].name = proto_text(served[i].name);
        rows[i].input = proto_text(served[i].input->name);
        rows[i].output = proto_text(served[i].output->name);
        reply.methods[i] = &rows[i];
    }
    reply.n_methods = count;
    rpc_call_reply(call, &reply.base);
}

static void on_describe(void *service, RpcCall *const *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        describe(service, calls[i]);
    }
}

const RpcMethod rpc_health_check = { "Check", on_check, NULL };
const RpcMethod rpc_reflection_describe = { "Describe", on_describe, NULL };
