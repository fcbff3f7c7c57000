#include "common/rpc/rpc_lane.h"

#include <assert.h>
#include <nng/protocol/reqrep0/req.h>

#include "common/rpc/rpc_server.h"
#include "common/rpc/rpc_socket.h"

/* Rounded up, at least 1: nng takes 0 for "at once". */
static nng_duration ms_left(const RpcLane *lane)
{
    int64_t left_us = lane->deadline_us - clock_monotonic_us(lane->clock);
    int64_t ms = (left_us + US_PER_MS - 1) / US_PER_MS;

    if (ms < 1) {
        return 1;
    }
    return ms > INT32_MAX ? INT32_MAX : (nng_duration)ms;
}

/* What nng's error means: transport.md, section 4. */
static RpcLaneEnd end_of(int error, bool receiving)
{
    switch (error) {
    case 0:
        return RPC_LANE_REPLY;
    case NNG_ECANCELED:
    case NNG_ECLOSED:
        return RPC_LANE_CANCELLED;
    case NNG_ETIMEDOUT:
        return receiving ? RPC_LANE_TIMED_OUT : RPC_LANE_NOT_SENT;
    default:
        return receiving ? RPC_LANE_LOST : RPC_LANE_NOT_SENT;
    }
}

static void on_aio(void *argument)
{
    RpcLane *lane = argument;
    int error = nng_aio_result(lane->aio);
    bool receiving = lane->receiving;

    if (!receiving && error == 0) {
        /* Only now: a receive posted while the send is pending crashes nng 1.5.2. */
        lane->receiving = true;
        nng_aio_set_timeout(lane->aio, ms_left(lane));
        nng_ctx_recv(lane->ctx, lane->aio);
        return;
    }
    nng_msg *message = receiving && error != 0 ? NULL : nng_aio_get_msg(lane->aio);
    if (!receiving) {
        nng_msg_free(message); /* never left: still ours */
        message = NULL;
    }
    atomic_store(&lane->busy, false);
    lane->done(lane->context, end_of(error, receiving), message);
}

static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *argument)
{
    RpcLane *lane = argument;
    bool connected = event == NNG_PIPE_EV_ADD_POST;

    (void)pipe;
    if (atomic_exchange(&lane->connected, connected) != connected) {
        lane->changed(lane->context, connected);
    }
}

/* The settings come before contexts and connections: transport.md, section 2. */
static int open_socket(RpcLane *lane)
{
    int error = nng_req0_open(&lane->socket);

    if (error != 0) {
        return error;
    }
    lane->socket_open = true;
    error = nng_socket_set_ms(lane->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    if (error == 0) {
        error = rpc_socket_limit(lane->socket, RPC_REPLIES_SIZE_MAX);
    }
    if (error == 0) {
        error = nng_pipe_notify(lane->socket, NNG_PIPE_EV_ADD_POST, on_pipe, lane);
    }
    if (error == 0) {
        error = nng_pipe_notify(lane->socket, NNG_PIPE_EV_REM_POST, on_pipe, lane);
    }
    if (error == 0) {
        error = nng_aio_alloc(&lane->aio, on_aio, lane);
    }
    return error == 0 ? nng_ctx_open(&lane->ctx, lane->socket) : error;
}

Status rpc_lane_open(RpcLane *lane, const char *url)
{
    if (open_socket(lane) != 0) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    return rpc_socket_dial(lane->socket, url);
}

void rpc_lane_send(RpcLane *lane, nng_msg *message, int64_t deadline_us)
{
    bool was_busy = atomic_exchange(&lane->busy, true);

    assert(!was_busy);
    lane->deadline_us = deadline_us;
    lane->receiving = false;
    nng_aio_set_timeout(lane->aio, ms_left(lane));
    nng_aio_set_msg(lane->aio, message);
    nng_ctx_send(lane->ctx, lane->aio);
}

bool rpc_lane_connected(const RpcLane *lane)
{
    return atomic_load_explicit(&lane->connected, memory_order_relaxed);
}

void rpc_lane_stop(RpcLane *lane)
{
    nng_aio_stop(lane->aio);
    /* nng 1.5.2 starts nothing on a stopped aio, and does not call back to say so: a
     * message between its send and its receive would never end. */
    if (atomic_exchange(&lane->busy, false)) {
        lane->done(lane->context, RPC_LANE_CANCELLED, NULL);
    }
}

void rpc_lane_close(RpcLane *lane)
{
    if (lane->socket_open) {
        (void)nng_close(lane->socket);
    }
    nng_aio_free(lane->aio);
}
