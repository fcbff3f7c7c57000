/* rpc_flight.h - a lane and the batch it carries.
 *
 * FREE: empty. BOARDING: a thread fills it or hands out its replies; its calls are that
 * thread's. AWAY: the message is with the lane; its calls may be taken out when their time
 * is up, under the channel's lock. The functions leave locks and states to the channel. */
#ifndef JUMUN_COMMON_RPC_RPC_FLIGHT_H
#define JUMUN_COMMON_RPC_RPC_FLIGHT_H

#include <stdatomic.h>

#include "common/rpc/rpc_call_queue.h"
#include "common/rpc/rpc_lane.h"
#include "common/rpc/rpc_server.h"

typedef struct RpcChannel RpcChannel;

typedef enum RpcFlightState {
    RPC_FLIGHT_FREE,
    RPC_FLIGHT_BOARDING,
    RPC_FLIGHT_AWAY,
} RpcFlightState;

typedef struct RpcFlight {
    RpcChannel *channel;
    struct RpcFlight *next_free;
    _Atomic RpcFlightState state;
    RpcLane lane;
    RpcClientCall *calls[RPC_BATCH_MAX]; /* NULL: has ended */
    size_t count;
    uint32_t first_number; /* of calls[0]; the others follow */
    int64_t deadline_us;   /* the latest of its calls */
    bool patient;          /* if its time runs out, that tells of the instance */
    Arena scratch;         /* for unpacking a reply */
} RpcFlight;

void rpc_flight_init(RpcFlight *flight, RpcChannel *channel);
void rpc_flight_deinit(RpcFlight *flight);

/* Fills the empty flight from the queue, up to the batch limits, and numbers its calls
 * from *next_number on. Calls whose time is up go to the list *expired instead. */
size_t rpc_flight_board(RpcFlight *flight, RpcCallQueue *queue, int64_t monotonic_us,
                        uint32_t *next_number, RpcClientCall **expired);

/* The signed message. NULL if there is no memory. */
nng_msg *rpc_flight_pack(RpcFlight *flight, const CallerKeys *caller, const Clock *clock);

/* Gives every call its reply; those to calls that have ended are dropped, and a call
 * without reply ends with UNKNOWN (BAD_REPLY). Frees the message. */
void rpc_flight_hand_out(RpcFlight *flight, const ProtobufCMessageDescriptor *output,
                         nng_msg *message);

/* Ends all its calls. */
void rpc_flight_finish(RpcFlight *flight, Status status);

/* Takes expired calls out, into the list, but for those that end with their batch, which
 * knows better whether they were sent. Returns when to look again. */
int64_t rpc_flight_expire(RpcFlight *flight, int64_t monotonic_us, RpcClientCall **expired);

#endif
