/* rpc_call_queue.h - calls that wait, oldest first. Not thread-safe: its owner's lock
 * guards it. */
#ifndef JUMUN_COMMON_RPC_RPC_CALL_QUEUE_H
#define JUMUN_COMMON_RPC_RPC_CALL_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "common/rpc/rpc_client.h"

typedef struct RpcCallQueue {
    RpcClientCall *head;
    RpcClientCall **tail;
    size_t count;
} RpcCallQueue;

void rpc_call_queue_init(RpcCallQueue *queue);
void rpc_call_queue_push(RpcCallQueue *queue, RpcClientCall *call);

/* The queue must not be empty. */
RpcClientCall *rpc_call_queue_pop(RpcCallQueue *queue);

/* All of them, as a list. */
RpcClientCall *rpc_call_queue_take(RpcCallQueue *queue);

/* Moves the calls whose deadline has come to the front of the list *expired. Returns the
 * earliest deadline left, INT64_MAX if there is none. */
int64_t rpc_call_queue_expire(RpcCallQueue *queue, int64_t monotonic_us, RpcClientCall **expired);

#endif
