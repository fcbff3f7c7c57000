#include "common/rpc/rpc_flight.h"

#include "common/rpc/envelope.h"
#include "common/rpc/proto_arena.h"
#include "common/rpc/rpc_client_call.h"

enum {
    BATCH_OVERHEAD = 2 + CALLER_NAME_MAX + 11 + ENVELOPE_MAC_FIELD_SIZE, /* beside the calls */
    SCRATCH_BLOCK_SIZE = 16 * 1024,
    SCRATCH_MAX = 8 << 20,    /* an answer of RPC_REPLIES_SIZE_MAX, unpacked */
    DEADLINE_SLACK_US = 5000, /* this close to its batch's, a deadline is the batch's */
    BOARDING_RETRY_US = 2000,
};

void rpc_flight_init(RpcFlight *flight, RpcChannel *channel)
{
    *flight = (RpcFlight){ .channel = channel };
    arena_init(&flight->scratch, SCRATCH_BLOCK_SIZE, SCRATCH_MAX);
}

void rpc_flight_deinit(RpcFlight *flight)
{
    arena_deinit(&flight->scratch);
}

static void number_calls(RpcFlight *flight, uint32_t *next_number)
{
    if (*next_number > UINT32_MAX - RPC_BATCH_MAX) {
        *next_number = 1; /* never 0, also not within a batch */
    }
    flight->first_number = *next_number;
    for (size_t i = 0; i < flight->count; i++) {
        flight->calls[i]->number = (*next_number)++;
    }
}

size_t rpc_flight_board(RpcFlight *flight, RpcCallQueue *queue, int64_t monotonic_us,
                        uint32_t *next_number, RpcClientCall **expired)
{
    size_t size = BATCH_OVERHEAD;

    flight->count = 0;
    flight->deadline_us = INT64_MIN;
    while (queue->head != NULL && flight->count < RPC_BATCH_MAX) {
        RpcClientCall *call = queue->head;
        if (call->deadline_us <= monotonic_us) {
            rpc_call_queue_pop(queue)->next = *expired;
            *expired = call;
            continue;
        }
        size += envelope_call_size(&(EnvelopePart){ .size = call->packed_size });
        if (flight->count > 0 && (call->alone || size > RPC_BATCH_SIZE_MAX)) {
            break;
        }
        flight->calls[flight->count++] = rpc_call_queue_pop(queue);
        if (call->deadline_us > flight->deadline_us) {
            flight->deadline_us = call->deadline_us;
        }
        if (call->alone) {
            break;
        }
    }
    number_calls(flight, next_number);
    flight->patient = flight->count > 0 && !flight->calls[0]->alone &&
                      flight->deadline_us - monotonic_us >= RPC_CLIENT_PATIENCE_MS * US_PER_MS;
    return flight->count;
}

/* What is left, rounded up; 0 if nothing is. */
static uint32_t timeout_ms(const RpcClientCall *call, int64_t now_us)
{
    int64_t ms = (call->deadline_us - now_us + US_PER_MS - 1) / US_PER_MS;

    if (ms < 0) {
        return 0;
    }
    return ms < RPC_TIMEOUT_MS_MAX ? (uint32_t)ms : RPC_TIMEOUT_MS_MAX;
}

nng_msg *rpc_flight_pack(RpcFlight *flight, const CallerKeys *caller, const Clock *clock)
{
    int64_t sent_at_us = clock_wall_us(clock);
    int64_t now_us = clock_monotonic_us(clock);
    EnvelopePart parts[RPC_BATCH_MAX];
    nng_msg *message;

    for (size_t i = 0; i < flight->count; i++) {
        const RpcClientCall *call = flight->calls[i];
        parts[i] = (EnvelopePart){
            .bytes = call->packed,
            .size = call->packed_size,
            .number = call->number,
            .timeout_ms = timeout_ms(call, now_us),
        };
    }
    size_t size = envelope_batch_size(caller, sent_at_us, parts, flight->count);
    if (nng_msg_alloc(&message, size) != 0) {
        return NULL;
    }
    envelope_seal(caller, sent_at_us, parts, flight->count, nng_msg_body(message));
    return message;
}

/* The call with this number, and it is out of the flight. NULL if there is none any more. */
static RpcClientCall *take_out(RpcFlight *flight, uint32_t number)
{
    uint32_t index = number - flight->first_number; /* wraps for what is below */

    if (index >= flight->count) {
        return NULL;
    }
    RpcClientCall *call = flight->calls[index];
    flight->calls[index] = NULL;
    return call;
}

/* The batch was refused as a whole. */
static void finish_refused(RpcFlight *flight, const Jumun__Rpc__V1__RpcReply *verdict)
{
    for (size_t i = 0; i < flight->count; i++) {
        RpcClientCall *call = take_out(flight, flight->first_number + (uint32_t)i);
        if (call != NULL) {
            rpc_client_call_finish(call, rpc_client_call_verdict(call, verdict));
        }
    }
}

void rpc_flight_hand_out(RpcFlight *flight, const ProtobufCMessageDescriptor *output,
                         nng_msg *message)
{
    Jumun__Rpc__V1__RpcReplyBatch *batch = (Jumun__Rpc__V1__RpcReplyBatch *)proto_unpack(
        &jumun__rpc__v1__rpc_reply_batch__descriptor, nng_msg_body(message), nng_msg_len(message),
        &flight->scratch);

    nng_msg_free(message); /* what was unpacked is in the scratch arena */
    for (size_t i = 0; batch != NULL && i < batch->n_replies; i++) {
        const Jumun__Rpc__V1__RpcReply *reply = batch->replies[i];
        if (reply->number == 0) {
            finish_refused(flight, reply);
            continue;
        }
        RpcClientCall *call = take_out(flight, reply->number);
        if (call != NULL) {
            rpc_client_call_finish(call, rpc_client_call_read(call, output, reply));
        }
    }
    rpc_flight_finish(flight, status_make(STATUS_UNKNOWN, "BAD_REPLY"));
    arena_reset(&flight->scratch);
}

void rpc_flight_finish(RpcFlight *flight, Status status)
{
    for (size_t i = 0; i < flight->count; i++) {
        RpcClientCall *call = flight->calls[i];
        if (call != NULL) {
            flight->calls[i] = NULL;
            rpc_client_call_finish(call, status);
        }
    }
    flight->count = 0;
}

int64_t rpc_flight_expire(RpcFlight *flight, int64_t monotonic_us, RpcClientCall **expired)
{
    int64_t earliest_us = INT64_MAX;

    if (flight->state == RPC_FLIGHT_FREE) {
        return INT64_MAX;
    }
    if (flight->state == RPC_FLIGHT_BOARDING) {
        return monotonic_us + BOARDING_RETRY_US;
    }
    for (size_t i = 0; i < flight->count; i++) {
        RpcClientCall *call = flight->calls[i];
        if (call == NULL || call->deadline_us + DEADLINE_SLACK_US >= flight->deadline_us) {
            continue;
        }
        if (call->deadline_us > monotonic_us) {
            earliest_us = call->deadline_us < earliest_us ? call->deadline_us : earliest_us;
            continue;
        }
        flight->calls[i] = NULL;
        call->next = *expired;
        *expired = call;
    }
    return earliest_us;
}
