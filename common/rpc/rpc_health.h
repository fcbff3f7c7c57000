/* rpc_health.h - what every server answers beside its own service: Health.Check and
 * Reflection.Describe. */
#ifndef JUMUN_COMMON_RPC_RPC_HEALTH_H
#define JUMUN_COMMON_RPC_RPC_HEALTH_H

#include "common/rpc/rpc_batch.h"

enum {
    RPC_HEALTH_METHODS = 2
};

/* What the two need to know of the server. */
typedef struct RpcHealth {
    bool (*ready)(void *service); /* NULL: always */
    void *service;
    const ServedMethod *methods; /* all of the server, for Describe */
    size_t method_count;
} RpcHealth;

/* The rows of the method tables; `service` of their handlers is an RpcHealth. */
extern const RpcMethod rpc_health_check;
extern const RpcMethod rpc_reflection_describe;

#endif
