#include "common/rpc/rpc_call_queue.h"

#include <assert.h>

void rpc_call_queue_init(RpcCallQueue *queue)
{
    *queue = (RpcCallQueue){ .tail = &queue->head };
}

void rpc_call_queue_push(RpcCallQueue *queue, RpcClientCall *call)
{
    call->next = NULL;
    *queue->tail = call;
    queue->tail = &call->next;
    queue->count++;
}

RpcClientCall *rpc_call_queue_pop(RpcCallQueue *queue)
{
    RpcClientCall *call = queue->head;

    assert(call != NULL);
    queue->head = call->next;
    if (queue->head == NULL) {
        queue->tail = &queue->head;
    }
    queue->count--;
    return call;
}

RpcClientCall *rpc_call_queue_take(RpcCallQueue *queue)
{
    RpcClientCall *list = queue->head;

    rpc_call_queue_init(queue);
    return list;
}

int64_t rpc_call_queue_expire(RpcCallQueue *queue, int64_t monotonic_us, RpcClientCall **expired)
{
    int64_t earliest_us = INT64_MAX;
    RpcClientCall **link = &queue->head;

    while (*link != NULL) {
        RpcClientCall *call = *link;
        if (call->deadline_us > monotonic_us) {
            earliest_us = call->deadline_us < earliest_us ? call->deadline_us : earliest_us;
            link = &call->next;
            continue;
        }
        *link = call->next;
        queue->count--;
        call->next = *expired;
        *expired = call;
    }
    queue->tail = link;
    return earliest_us;
}
