/* rpc_batch.h - one received message on the server: its calls, their answers, and the
 * reply that leaves with the last of them. Shared by rpc_server.c, which receives and
 * sends, and rpc_batch.c, which is what handlers see. */
#ifndef JUMUN_COMMON_RPC_RPC_BATCH_H
#define JUMUN_COMMON_RPC_RPC_BATCH_H

#include <stdatomic.h>

#include "common/rpc/arena_pool.h"
#include "common/rpc/envelope.h"
#include "common/rpc/rpc_server.h"
#include "common/rpc/served_methods.h"

enum {
    RPC_TRACE_PARENT_MAX = 128,
};

typedef struct RpcBatch RpcBatch;

struct RpcCall {
    RpcBatch *batch;
    RpcContext context;
    PooledArena *arena;
    const ProtobufCMessage *request; /* NULL if it could not be unpacked */
    uint32_t number;
    bool answered;
    EnvelopePart reply;
    uint8_t small[ENVELOPE_SMALL_SIZE]; /* for a reply without arena */
};

/* Runs once, when all calls of the batch have been answered, on whichever thread gave
 * the last answer. */
typedef void RpcBatchDone(RpcBatch *batch);

struct RpcBatch {
    const Clock *clock;
    RpcBatchDone *done;
    ServedMethod *method;
    int64_t started_us;
    size_t count;
    atomic_size_t open; /* calls without an answer */
    RpcCall calls[RPC_BATCH_MAX];
};

/* Prepares a call per element of the opened message, each with its arena, and fails the
 * ones that cannot be served: expired, or malformed. Hands the others to the method's
 * handler. The batch may be done, and used again, when this returns. The message must
 * stay until the batch is done. */
void rpc_batch_start(RpcBatch *batch, ServedMethod *method, const char *caller,
                     const Jumun__Rpc__V1__RpcRequestBatch *message, PooledArena *const *arenas);

#endif
