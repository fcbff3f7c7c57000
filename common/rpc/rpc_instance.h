/* rpc_instance.h - one running server as a client sees it: its channels, how many calls
 * are with it, and whether it is worth asking.
 *
 * RPC_CLIENT_STRIKES messages in a row that time out put it out; the client then moves
 * its queued calls elsewhere and probes it by Health.Check until it says ready. Deadlines
 * come from whoever asks, so only a message that was given RPC_CLIENT_PATIENCE_MS counts. */
#ifndef JUMUN_COMMON_RPC_RPC_INSTANCE_H
#define JUMUN_COMMON_RPC_RPC_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/rpc/rpc_channel.h"
#include "common/rpc/rpc_client.h"
#include "common/rpc/rpc_timer.h"

typedef struct RpcInstanceOptions {
    const RpcClientOptions *client; /* borrowed until close, like the others */
    const CallerKeys *caller;
    RpcTimer *timer;
    Histogram *batch_calls;
} RpcInstanceOptions;

Status rpc_instance_open(const RpcInstanceOptions *options, const char *url,
                         RpcInstance **ret_instance);

/* Takes no more calls; those that were sent may still end well while it is busy. */
void rpc_instance_drain(RpcInstance *instance);
bool rpc_instance_busy(const RpcInstance *instance);

/* Ends all its calls with CANCELLED. NULL is ignored. */
void rpc_instance_close(RpcInstance *instance);

/* For the client; any thread. */
bool rpc_instance_out(const RpcInstance *instance);
bool rpc_instance_connected(const RpcInstance *instance);
size_t rpc_instance_outstanding(const RpcInstance *instance);
RpcChannel *rpc_instance_channel(const RpcInstance *instance, unsigned method);

/* For the client's timer: ends what has expired, sends a probe if one is due. Returns
 * when to come again. */
int64_t rpc_instance_tick(RpcInstance *instance, int64_t monotonic_us);

/* For its channels; any thread. */
void rpc_instance_joined(RpcInstance *instance);
void rpc_instance_left(RpcInstance *instance, size_t count);
void rpc_instance_answered(RpcInstance *instance);
void rpc_instance_timed_out(RpcInstance *instance);
void rpc_instance_changed(RpcInstance *instance, bool connected);

#endif
