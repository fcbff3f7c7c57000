/* rpc_client.h - calls one service, of which several instances may run.
 *
 * Each instance has its own REQ sockets; a call goes to the one with the fewest calls
 * outstanding. An instance that times out RPC_CLIENT_STRIKES times in a row is left
 * out, and probed by Health.Check until it says ready. Within an instance there is a
 * channel per method: calls wait in its queue while all RPC_CLIENT_CONTEXTS contexts
 * (a connection each) are busy, and leave up to 32 at a time. There is no timer: an
 * idle channel sends a batch of one at once.
 *
 * Nothing is ever sent twice by itself. What came back decides (transport.md, 4):
 * UNAVAILABLE = was not executed, UNKNOWN (connection lost) and DEADLINE_EXCEEDED =
 * may have been; ask again with the same request key. */
#ifndef JUMUN_COMMON_RPC_RPC_CLIENT_H
#define JUMUN_COMMON_RPC_RPC_CLIENT_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/crypto/mac.h"
#include "common/runtime/metrics.h"
#include "jumun/rpc/v1/rpc.pb-c.h"

enum {
    RPC_CLIENT_INSTANCES_MAX = 16,
    RPC_CLIENT_METHODS_MAX = 16,
    RPC_CLIENT_CONTEXTS = 8, /* messages in flight per channel */
    RPC_CLIENT_STRIKES = 3,
    RPC_CLIENT_PATIENCE_MS = 500, /* a message that was given less is no strike, nor a slow call */
    RPC_CLIENT_ALONE_MAX = 32,    /* slow calls waiting per channel: more would wait too long */
};

typedef struct RpcClient RpcClient;

typedef struct RpcClientOptions {
    const char *urls; /* one or more instances, parted by commas; borrowed */
    const ProtobufCServiceDescriptor *descriptor;
    const char *caller;           /* this program's name in the keyring */
    const CallerKeyring *keyring; /* borrowed until close */
    size_t queue_max;             /* calls waiting per channel, beyond which call refuses */
    const Clock *clock;
    Metrics *metrics;
} RpcClientOptions;

/* One call. The caller keeps it, its message and its arena alive until `done`. */
typedef struct RpcClientCall {
    /* in */
    unsigned method;                 /* index in the descriptor */
    const ProtobufCMessage *message; /* packed before rpc_client_call returns */
    Arena *arena;                    /* for the reply; not touched elsewhere meanwhile */
    int64_t deadline_us;             /* monotonic */
    MemberId member;
    Jumun__Rpc__V1__Role role;
    const char *request_key;     /* "" or NULL for none */
    const uint8_t *request_hash; /* BODY_HASH_SIZE bytes, or NULL */
    const char *trace_parent;    /* "" or NULL for none */
    bool alone;                  /* slow: travels as a batch of one, waits among few */
    /* Runs exactly once, on an I/O thread, or on the calling thread before
     * rpc_client_call returns if the call could not be queued. Must not block. */
    void (*done)(void *context);
    void *context;
    /* out, valid in and after done */
    Status status;                               /* its name lives in the arena */
    const ProtobufCMessage *reply;               /* in the arena; NULL on failure */
    const Jumun__Rpc__V1__ErrorDetails *details; /* in the arena; NULL if none came */
    /* the client's own */
    struct RpcClientCall *next;
    const void *packed;
    size_t packed_size;
    uint32_t number;
} RpcClientCall;

/* Connects in the background. */
Status rpc_client_open(const RpcClientOptions *options, RpcClient **ret_client);

/* Any thread. Always ends in done: with RESOURCE_EXHAUSTED (OVERLOADED) when the
 * queue is full, UNAVAILABLE when no instance is left in. */
void rpc_client_call(RpcClient *client, RpcClientCall *call);

/* The same, waiting for the end; `done` and `context` are the function's. Never on an
 * I/O thread. Returns call->status. */
Status rpc_client_call_and_wait(RpcClient *client, RpcClientCall *call);

/* True while at least one instance is in and connected. Any thread. */
bool rpc_client_ready(const RpcClient *client);

/* Waits up to 100 ms for replies, then ends what is left with CANCELLED. No call may
 * follow, but from within `done`: that ends at once. NULL is ignored. */
void rpc_client_close(RpcClient *client);

#endif
