/* rpc_client_call.h - one call on the client's side, from its message to its end. What
 * comes back is hostile; what is kept of it is copied into the call's arena. */
#ifndef JUMUN_COMMON_RPC_RPC_CLIENT_CALL_H
#define JUMUN_COMMON_RPC_RPC_CLIENT_CALL_H

#include "common/rpc/rpc_client.h"

/* Packs what goes on the wire. RESOURCE_EXHAUSTED (OVERLOADED) if the arena is full,
 * INVALID_ARGUMENT (TOO_LARGE) if no message could carry it. */
Status rpc_client_call_pack(RpcClientCall *call, const ProtobufCServiceDescriptor *service);

/* Fills the call's reply, or its details, and returns its status: UNKNOWN (BAD_REPLY) if
 * the reply cannot be understood, because then the call may have been executed. */
Status rpc_client_call_read(RpcClientCall *call, const ProtobufCMessageDescriptor *output,
                            const Jumun__Rpc__V1__RpcReply *reply);

/* The status of a call whose batch was refused as a whole. */
Status rpc_client_call_verdict(const RpcClientCall *call, const Jumun__Rpc__V1__RpcReply *reply);

/* Gives the call its end; it is then its caller's again. No lock may be held. */
void rpc_client_call_finish(RpcClientCall *call, Status status);

#endif
