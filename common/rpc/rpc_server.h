/* rpc_server.h - serves one protobuf service, Health and Reflection over an nng REP
 * socket.
 *
 * The wire carries batches: a message holds 1..RPC_BATCH_MAX calls of a method; its
 * reply leaves when the last of them has been answered. A message whose MAC does not
 * verify is refused before its calls are parsed. Calls whose deadline has passed are
 * answered by the server and never reach a handler. */
#ifndef JUMUN_COMMON_RPC_RPC_SERVER_H
#define JUMUN_COMMON_RPC_RPC_SERVER_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/crypto/mac.h"
#include "common/crypto/token.h"
#include "common/runtime/metrics.h"
#include "jumun/rpc/v1/rpc.pb-c.h"

enum {
    RPC_BATCH_MAX = 32,             /* calls in a message */
    RPC_BATCH_SIZE_MAX = 64 * 1024, /* bytes of a message of more than one call */
    RPC_MESSAGE_SIZE_MAX = 1 << 20, /* bytes of any message to a server, RECVMAXSZ */
    RPC_REPLIES_SIZE_MAX = 2 << 20, /* bytes of its answer: 32 orders or pages of 100 long names */
    RPC_TIMEOUT_MS_MAX = 60000,     /* longer deadlines are cut to this */
    RPC_CLOCK_SKEW_S_MAX = 30,      /* age of a batch by the caller's wall clock */
    RPC_REQUEST_KEY_MAX = 64,
    RPC_ARENA_MAX = 2 << 20, /* bytes one call may use */
};

typedef struct RpcServer RpcServer;

/* One call in flight. Lent to a handler, which must answer it exactly once, from any
 * thread, and not touch it (or its arena) afterwards. */
typedef struct RpcCall RpcCall;

/* What the envelope says about a call. */
typedef struct RpcContext {
    int64_t deadline_us; /* monotonic clock */
    const char *caller;  /* "gateway" */
    MemberId member;     /* 0: nobody is logged in */
    Jumun__Rpc__V1__Role role;
    const char *request_key; /* "" if the caller sent none */
    uint8_t request_hash[BODY_HASH_SIZE];
    const char *trace_parent; /* "" if the caller sent none */
} RpcContext;

/* Takes the calls of one message. Runs on an I/O thread: decode, hand over, return;
 * must not block. The array is valid until the handler returns, a call until it is
 * answered. */
typedef void RpcHandler(void *service, RpcCall *const *calls, size_t count);

typedef struct RpcMethod {
    const char *name; /* as in the .proto file */
    RpcHandler *handler;
    const char *callers; /* who may call it, parted by spaces: "gateway order" */
} RpcMethod;

typedef struct RpcServerOptions {
    const char *url; /* "tcp://127.0.0.1:7002" */
    const ProtobufCServiceDescriptor *descriptor;
    const RpcMethod *methods; /* every method of the descriptor, once */
    size_t method_count;
    size_t messages_max;          /* in flight, a context each; the memory bound */
    void *service;                /* what handlers get */
    bool (*ready)(void *context); /* for Health; any thread, must not block. NULL: always */
    void *ready_context;
    const CallerKeyring *keyring; /* borrowed until close */
    const Clock *clock;
    Metrics *metrics;
} RpcServerOptions;

/* INTERNAL if table and descriptor differ; UNAVAILABLE (PORT_TAKEN) if the address
 * cannot be bound; both are logged. */
Status rpc_server_open(const RpcServerOptions *options, RpcServer **ret_server);

/* Stops taking calls, waits until every lent call has been answered and the replies
 * have left. NULL is ignored. */
void rpc_server_close(RpcServer *server);

const void *rpc_call_request(const RpcCall *call); /* lives in the call's arena */
const RpcContext *rpc_call_context(const RpcCall *call);
Arena *rpc_call_arena(RpcCall *call);

/* The message is packed before the function returns. */
void rpc_call_reply(RpcCall *call, const ProtobufCMessage *reply);

/* details may be NULL; packed likewise. */
void rpc_call_fail(RpcCall *call, Status status, const Jumun__Rpc__V1__ErrorDetails *details);

/* True if the call's deadline has passed: it is then answered here with
 * DEADLINE_EXCEEDED and must not be started. Ask when the call leaves a queue. */
bool rpc_call_expire(RpcCall *call, int64_t monotonic_us);

#endif
