/* rpc_channel.h - the calls of one method to one instance, on their way.
 *
 * A channel has a queue and RPC_CLIENT_CONTEXTS flights. A flight is a lane (rpc_lane.h)
 * and the batch it carries: BOARDING while a thread fills it or hands out its replies,
 * AWAY while the message and its reply are with the lane. A free flight takes what is
 * queued, up to the batch limits, and leaves at once. While the replies of a flight are
 * handed out no other flight starts: what those answers set off then leaves together.
 *
 * Every call that was added ends in its `done`, exactly once, without any lock held. */
#ifndef JUMUN_COMMON_RPC_RPC_CHANNEL_H
#define JUMUN_COMMON_RPC_RPC_CHANNEL_H

#include <protobuf-c/protobuf-c.h>

#include "common/rpc/rpc_client.h"

typedef struct RpcChannel RpcChannel;
typedef struct RpcInstance RpcInstance;

typedef struct RpcChannelOptions {
    const char *url;
    RpcInstance *instance; /* hears what became of each message */
    const ProtobufCMethodDescriptor *method;
    const CallerKeys *caller;
    size_t queue_max;
    const Clock *clock;
    Histogram *batch_calls;
} RpcChannelOptions;

/* RESOURCE_EXHAUSTED, or as rpc_socket_dial. */
Status rpc_channel_open(const RpcChannelOptions *options, RpcChannel **ret_channel);

/* Queues a packed call. RESOURCE_EXHAUSTED (OVERLOADED) if the queue is full, CANCELLED
 * once closing: it was not taken. Any thread. */
Status rpc_channel_add(RpcChannel *channel, RpcClientCall *call);

/* Gives back the queued calls as a list; they are the caller's to finish. Any thread. */
RpcClientCall *rpc_channel_take_queue(RpcChannel *channel);

/* Ends the calls whose deadline has passed, if their batch's has not. Returns the
 * earliest deadline left, INT64_MAX if there is none. Any thread. */
int64_t rpc_channel_expire(RpcChannel *channel, int64_t monotonic_us);

/* Lets queued calls leave that waited for a connection. Any thread. */
void rpc_channel_depart(RpcChannel *channel);

/* Takes no more calls, and ends the queued ones with CANCELLED. While the channel is busy
 * then, replies may still come. */
void rpc_channel_drain(RpcChannel *channel);
bool rpc_channel_busy(const RpcChannel *channel);

/* Ends all calls with CANCELLED. NULL is ignored. */
void rpc_channel_close(RpcChannel *channel);

#endif
