/* rpc_health.h - what every server answers beside its own service: Health.Check and
 * Reflection.Describe. */
#ifndef JUMUN_COMMON_RPC_RPC_HEALTH_H
#define JUMUN_COMMON_RPC_RPC_HEALTH_H

#include "common/rpc/served_methods.h"

/* What the two need to know of the server. */
typedef struct RpcHealth {
    bool (*ready)(void *context); /* NULL: always */
    void *context;
    const ServedMethods *methods; /* all of the server, for Describe */
} RpcHealth;

/* The one row each of their method tables; `service` of their handlers is an RpcHealth. */
extern const RpcMethod rpc_health_check;
extern const RpcMethod rpc_reflection_describe;

#endif
