#include "common/rpc/rpc_client_call.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/rpc/envelope.h"
#include "common/rpc/proto_arena.h"
#include "common/rpc/rpc_server.h"

enum {
    METHOD_NAME_SIZE = 128,
    ERROR_NAME_MAX = 64, /* bytes of a stable error name */
};

Status rpc_client_call_pack(RpcClientCall *call, const ProtobufCServiceDescriptor *service)
{
    const size_t size_max = RPC_MESSAGE_SIZE_MAX - ENVELOPE_TRANSPORT_MAX -
                            ENVELOPE_MAC_FIELD_SIZE - CALLER_NAME_MAX - 32;
    Jumun__Rpc__V1__RpcCall head;
    uint8_t hash[BODY_HASH_SIZE];
    char method[METHOD_NAME_SIZE];
    EnvelopePart part;

    assert(call->method < service->n_methods);
    assert(call->message->descriptor == service->methods[call->method].input);
    (void)snprintf(method, sizeof method, "%s/%s", service->name,
                   service->methods[call->method].name);
    jumun__rpc__v1__rpc_call__init(&head);
    head.method = method;
    if (call->request_key != NULL) {
        head.request_key = proto_text(call->request_key);
    }
    if (call->request_hash != NULL) {
        memcpy(hash, call->request_hash, sizeof hash);
        head.request_hash = (ProtobufCBinaryData){ sizeof hash, hash };
    }
    if (call->trace_parent != NULL) {
        head.traceparent = proto_text(call->trace_parent);
    }
    head.member_id = call->member.value;
    head.role = call->role;
    if (!envelope_pack_call(&head, call->message, call->arena, &part)) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    if (part.size > size_max) {
        return status_make(STATUS_INVALID_ARGUMENT, "TOO_LARGE");
    }
    call->packed = part.bytes;
    call->packed_size = part.size;
    return status_ok();
}

/* The name as it came if it looks like one, else the code's. */
static const char *name_of(const char *name, StatusCode code, Arena *arena)
{
    size_t size = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

    if (size == 0 || size > ERROR_NAME_MAX || name[size] != '\0') {
        return status_code_name(code);
    }
    const char *copy = arena_copy(arena, name, size);
    return copy == NULL ? status_code_name(code) : copy;
}

static const Jumun__Rpc__V1__ErrorDetails *copy_details(const Jumun__Rpc__V1__ErrorDetails *details,
                                                        Arena *arena)
{
    void *bytes;
    size_t size;

    if (details == NULL || !proto_pack(&details->base, arena, &bytes, &size)) {
        return NULL;
    }
    return (const Jumun__Rpc__V1__ErrorDetails *)proto_unpack(
        &jumun__rpc__v1__error_details__descriptor, bytes, size, arena);
}

Status rpc_client_call_verdict(const RpcClientCall *call, const Jumun__Rpc__V1__RpcReply *reply)
{
    if (reply->status == STATUS_OK || reply->status > STATUS_CODE_MAX) {
        return status_make(STATUS_UNKNOWN, "BAD_REPLY");
    }
    StatusCode code = (StatusCode)reply->status;
    return status_make(code, name_of(reply->code, code, call->arena));
}

Status rpc_client_call_read(RpcClientCall *call, const ProtobufCMessageDescriptor *output,
                            const Jumun__Rpc__V1__RpcReply *reply)
{
    if (reply->status != STATUS_OK) {
        call->details = copy_details(reply->details, call->arena);
        return rpc_client_call_verdict(call, reply);
    }
    call->reply = proto_unpack(output, reply->payload.data, reply->payload.len, call->arena);
    return call->reply == NULL ? status_make(STATUS_UNKNOWN, "BAD_REPLY") : status_ok();
}

void rpc_client_call_finish(RpcClientCall *call, Status status)
{
    call->status = status;
    call->done(call->context);
}
