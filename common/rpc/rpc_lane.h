/* rpc_lane.h - one connection to a server, that carries one message at a time: a request,
 * then its reply, then the next request.
 *
 * One message at a time, because in nng 1.5.2 a connection must not fail on its sending
 * side while a message comes in: a read between length and body is then lost, the one
 * thread that cleans up connections waits for it for ever, and the process never connects
 * again (of 20 servers killed under load, one did that). In lockstep nothing comes in
 * while something goes out, on either side. */
#ifndef JUMUN_COMMON_RPC_RPC_LANE_H
#define JUMUN_COMMON_RPC_RPC_LANE_H

#include <nng/nng.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/status.h"

/* How a message ended. */
typedef enum RpcLaneEnd {
    RPC_LANE_REPLY,
    RPC_LANE_NOT_SENT,  /* nobody took it in time: surely not executed */
    RPC_LANE_TIMED_OUT, /* sent; slow, hung or dead: outcome unknown */
    RPC_LANE_LOST,      /* sent, and the connection broke: outcome unknown */
    RPC_LANE_CANCELLED, /* we are closing */
} RpcLaneEnd;

/* The lane is free again when this runs, on an I/O thread. The reply, of RPC_LANE_REPLY
 * only, is the receiver's to free. Must not block. */
typedef void RpcLaneDone(void *context, RpcLaneEnd end, nng_msg *reply);

/* The connection has come up or gone. Must not block. */
typedef void RpcLaneChanged(void *context, bool connected);

typedef struct RpcLane {
    const Clock *clock;
    RpcLaneDone *done;
    RpcLaneChanged *changed;
    void *context;
    nng_socket socket;
    bool socket_open;
    nng_ctx ctx;
    nng_aio *aio;
    atomic_bool busy;
    atomic_bool connected;
    bool receiving; /* else sending; the thread's that has the aio */
    int64_t deadline_us;
} RpcLane;

/* Connects in the background. `clock` to `context` are the caller's to fill in before. On
 * failure the lane must be closed all the same. */
Status rpc_lane_open(RpcLane *lane, const char *url);

/* Takes the message. The lane must be free. */
void rpc_lane_send(RpcLane *lane, nng_msg *message, int64_t deadline_us);

bool rpc_lane_connected(const RpcLane *lane);

/* Ends the message on its way with RPC_LANE_CANCELLED. No send may follow. */
void rpc_lane_stop(RpcLane *lane);

/* After stop. */
void rpc_lane_close(RpcLane *lane);

#endif
