/* rpc_channel.c - boards, launches, lands, hands out. The only place where a call can
 * meet four threads: its caller's, the lanes', the client's timer, and close. */
#include "common/rpc/rpc_channel.h"

#include <nng/nng.h>
#include <nng/supplemental/util/platform.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/rpc/envelope.h"
#include "common/rpc/proto_arena.h"
#include "common/rpc/rpc_call_queue.h"
#include "common/rpc/rpc_client_call.h"
#include "common/rpc/rpc_instance.h"
#include "common/rpc/rpc_lane.h"
#include "common/rpc/rpc_server.h"

enum {
    BATCH_OVERHEAD = 2 + CALLER_NAME_MAX + 11 + ENVELOPE_MAC_FIELD_SIZE, /* beside the calls */
    SCRATCH_BLOCK_SIZE = 16 * 1024,
    SCRATCH_MAX = 4 << 20, /* a message of RPC_MESSAGE_SIZE_MAX, unpacked */
    /* A deadline this close to its batch's is left to the batch, which knows better
     * whether the call was sent. */
    DEADLINE_SLACK_US = 5000,
    BOARDING_RETRY_US = 2000,
};

typedef enum FlightState {
    FLIGHT_FREE,
    FLIGHT_BOARDING, /* its calls are one thread's */
    FLIGHT_AWAY,     /* its calls may be taken out under the channel's lock */
} FlightState;

typedef struct Flight {
    RpcChannel *channel;
    struct Flight *next_free;
    _Atomic FlightState state;
    RpcLane lane;
    RpcClientCall *calls[RPC_BATCH_MAX];
    size_t count;
    uint32_t first_number; /* of calls[0]; the others follow */
    int64_t deadline_us;   /* the latest of its calls */
    Arena scratch;         /* for unpacking a reply */
} Flight;

struct RpcChannel {
    RpcChannelOptions options;

    pthread_mutex_t lock; /* guards the fields below and the calls of flights AWAY */
    RpcCallQueue queue;
    uint32_t next_number;
    Flight *free_flights;
    size_t connected; /* lanes */
    size_t landing;   /* flights whose replies are being handed out */
    bool closing;

    size_t flight_count;
    Flight flights[RPC_CLIENT_CONTEXTS];
};

static void finish_list(RpcClientCall *list, Status status)
{
    while (list != NULL) {
        RpcClientCall *next = list->next;
        rpc_client_call_finish(list, status);
        list = next;
    }
}

/* Ends calls whose time ran out in the queue: they were surely not executed. Without a
 * connection that tells of the instance as much as a time-out. */
static void finish_queued(RpcChannel *channel, RpcClientCall *list, bool connected)
{
    for (RpcClientCall *call = list; call != NULL && !connected; call = call->next) {
        rpc_instance_timed_out(channel->options.instance);
    }
    finish_list(list, connected ? status_make(STATUS_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
                                : status_make(STATUS_UNAVAILABLE, "UNAVAILABLE"));
}

/* Fills the flight from the queue; expired calls go to the list instead. Under the lock. */
static size_t board(RpcChannel *channel, Flight *flight, RpcClientCall **expired)
{
    int64_t now_us = clock_monotonic_us(channel->options.clock);
    size_t size = BATCH_OVERHEAD;

    flight->count = 0;
    flight->deadline_us = INT64_MIN;
    while (channel->queue.head != NULL && flight->count < RPC_BATCH_MAX) {
        RpcClientCall *call = channel->queue.head;
        if (call->deadline_us <= now_us) {
            rpc_call_queue_pop(&channel->queue)->next = *expired;
            *expired = call;
            rpc_instance_left(channel->options.instance, 1);
            continue;
        }
        size += envelope_call_size(&(EnvelopePart){ .size = call->packed_size });
        if (flight->count > 0 && (call->alone || size > RPC_BATCH_SIZE_MAX)) {
            break;
        }
        flight->calls[flight->count++] = rpc_call_queue_pop(&channel->queue);
        if (call->deadline_us > flight->deadline_us) {
            flight->deadline_us = call->deadline_us;
        }
        if (call->alone) {
            break;
        }
    }
    if (channel->next_number > UINT32_MAX - RPC_BATCH_MAX) {
        channel->next_number = 1; /* never 0, also not within a batch */
    }
    flight->first_number = channel->next_number;
    channel->next_number += (uint32_t)flight->count;
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

/* Sends the flight. False, and it is still boarding, if there is no memory. */
static bool launch(Flight *flight)
{
    const RpcChannelOptions *options = &flight->channel->options;
    int64_t sent_at_us = clock_wall_us(options->clock);
    int64_t now_us = clock_monotonic_us(options->clock);
    EnvelopePart parts[RPC_BATCH_MAX];
    nng_msg *message;

    for (size_t i = 0; i < flight->count; i++) {
        RpcClientCall *call = flight->calls[i];
        call->number = flight->first_number + (uint32_t)i;
        parts[i] = (EnvelopePart){
            .bytes = call->packed,
            .size = call->packed_size,
            .number = call->number,
            .timeout_ms = timeout_ms(call, now_us),
        };
    }
    size_t size = envelope_batch_size(options->caller, sent_at_us, parts, flight->count);
    if (nng_msg_alloc(&message, size) != 0) {
        return false;
    }
    envelope_seal(options->caller, sent_at_us, parts, flight->count, nng_msg_body(message));
    histogram_observe(options->batch_calls, (double)flight->count);
    flight->state = FLIGHT_AWAY;
    rpc_lane_send(&flight->lane, message, flight->deadline_us);
    return true;
}

/* Ends the calls that are still in a boarding flight. */
static void finish_flight(Flight *flight, Status status)
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

/* Under the lock. */
static void free_flight(RpcChannel *channel, Flight *flight)
{
    flight->state = FLIGHT_FREE;
    flight->next_free = channel->free_flights;
    channel->free_flights = flight;
}

/* The link to a free flight that is connected: the queue waits for a connection, so that
 * the first one to come up serves it. Links to NULL if there is none. Under the lock. */
static Flight **find_free_flight(RpcChannel *channel)
{
    Flight **link = &channel->free_flights;

    while (*link != NULL && !rpc_lane_connected(&(*link)->lane)) {
        link = &(*link)->next_free;
    }
    return link;
}

/* NULL if there is none. Under the lock. */
static Flight *take_free_flight(RpcChannel *channel)
{
    Flight **link = find_free_flight(channel);
    Flight *flight = *link;

    if (flight != NULL) {
        *link = flight->next_free;
        flight->state = FLIGHT_BOARDING;
    }
    return flight;
}

/* Lets a flight leave if it can: `flight`, which has just handed out its replies, or if it
 * is NULL a free one. True if another one may be able to. */
static bool depart(RpcChannel *channel, Flight *flight)
{
    RpcClientCall *expired = NULL;

    pthread_mutex_lock(&channel->lock);
    if (flight == NULL && channel->landing == 0) {
        flight = take_free_flight(channel);
    }
    if (flight != NULL &&
        (!rpc_lane_connected(&flight->lane) || board(channel, flight, &expired) == 0)) {
        free_flight(channel, flight);
        flight = NULL;
    }
    bool connected = channel->connected > 0;
    bool more =
        channel->queue.head != NULL && channel->landing == 0 && *find_free_flight(channel) != NULL;
    pthread_mutex_unlock(&channel->lock);

    finish_queued(channel, expired, connected);
    if (flight != NULL && !launch(flight)) {
        rpc_instance_left(channel->options.instance, flight->count);
        finish_flight(flight, status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED"));
        pthread_mutex_lock(&channel->lock);
        free_flight(channel, flight);
        pthread_mutex_unlock(&channel->lock);
    }
    return more;
}

void rpc_channel_depart(RpcChannel *channel)
{
    while (depart(channel, NULL)) {
    }
}

/* The flight is back: its calls are this thread's. */
static void claim(Flight *flight)
{
    RpcChannel *channel = flight->channel;

    pthread_mutex_lock(&channel->lock);
    flight->state = FLIGHT_BOARDING;
    channel->landing++;
    pthread_mutex_unlock(&channel->lock);
    rpc_instance_left(channel->options.instance, flight->count);
}

static void release(Flight *flight)
{
    RpcChannel *channel = flight->channel;

    pthread_mutex_lock(&channel->lock);
    channel->landing--;
    pthread_mutex_unlock(&channel->lock);
    if (depart(channel, flight)) {
        rpc_channel_depart(channel);
    }
}

static Status status_of(RpcLaneEnd end)
{
    switch (end) {
    case RPC_LANE_NOT_SENT:
        return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    case RPC_LANE_TIMED_OUT:
        return status_make(STATUS_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED");
    case RPC_LANE_LOST:
        return status_make(STATUS_UNKNOWN, "CONNECTION_LOST");
    case RPC_LANE_CANCELLED:
    case RPC_LANE_REPLY:
        break;
    }
    return status_make(STATUS_CANCELLED, "CANCELLED");
}

/* Hands out the replies; those to calls that have ended meanwhile are dropped. */
static void hand_out(Flight *flight, nng_msg *message)
{
    const Jumun__Rpc__V1__RpcReply *verdict = NULL;

    Jumun__Rpc__V1__RpcReplyBatch *batch = (Jumun__Rpc__V1__RpcReplyBatch *)proto_unpack(
        &jumun__rpc__v1__rpc_reply_batch__descriptor, nng_msg_body(message), nng_msg_len(message),
        &flight->scratch);
    nng_msg_free(message); /* what was unpacked is in the scratch arena */
    for (size_t i = 0; batch != NULL && i < batch->n_replies; i++) {
        const Jumun__Rpc__V1__RpcReply *reply = batch->replies[i];
        uint32_t index = reply->number - flight->first_number;
        if (reply->number == 0) {
            verdict = reply;
        } else if (index < flight->count && flight->calls[index] != NULL) {
            RpcClientCall *call = flight->calls[index];
            flight->calls[index] = NULL;
            rpc_client_call_finish(
                call, rpc_client_call_read(call, flight->channel->options.method->output, reply));
        }
    }
    for (size_t i = 0; verdict != NULL && i < flight->count; i++) {
        RpcClientCall *call = flight->calls[i];
        flight->calls[i] = NULL;
        if (call != NULL) {
            rpc_client_call_finish(call, rpc_client_call_verdict(call, verdict));
        }
    }
    finish_flight(flight, status_make(STATUS_UNKNOWN, "BAD_REPLY"));
    arena_reset(&flight->scratch);
}

static void on_lane_done(void *context, RpcLaneEnd end, nng_msg *reply)
{
    Flight *flight = context;
    RpcInstance *instance = flight->channel->options.instance;

    claim(flight);
    if (end == RPC_LANE_REPLY) {
        rpc_instance_answered(instance);
        hand_out(flight, reply);
    } else {
        if (end == RPC_LANE_NOT_SENT || end == RPC_LANE_TIMED_OUT) {
            rpc_instance_timed_out(instance);
        }
        finish_flight(flight, status_of(end));
    }
    release(flight);
}

static void on_lane_changed(void *context, bool connected)
{
    const Flight *flight = context;
    RpcChannel *channel = flight->channel;

    pthread_mutex_lock(&channel->lock);
    channel->connected += connected ? 1 : (size_t)-1;
    pthread_mutex_unlock(&channel->lock);
    rpc_instance_changed(channel->options.instance, connected);
}

Status rpc_channel_add(RpcChannel *channel, RpcClientCall *call)
{
    Status status = status_ok();
    bool leave = false;

    pthread_mutex_lock(&channel->lock);
    if (channel->closing) {
        status = status_make(STATUS_CANCELLED, "CANCELLED");
    } else if (channel->queue.count >= channel->options.queue_max) {
        status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    } else {
        rpc_call_queue_push(&channel->queue, call);
        rpc_instance_joined(channel->options.instance);
        leave = channel->landing == 0 && channel->free_flights != NULL;
    }
    pthread_mutex_unlock(&channel->lock);
    if (leave) {
        rpc_channel_depart(channel);
    }
    return status;
}

RpcClientCall *rpc_channel_take_queue(RpcChannel *channel)
{
    pthread_mutex_lock(&channel->lock);
    rpc_instance_left(channel->options.instance, channel->queue.count);
    RpcClientCall *list = rpc_call_queue_take(&channel->queue);
    pthread_mutex_unlock(&channel->lock);
    return list;
}

/* Takes expired calls out of a flight, but for those that end with their batch. Returns
 * the earliest deadline left. Under the lock. */
static int64_t expire_flight(Flight *flight, int64_t now_us, RpcClientCall **expired)
{
    int64_t earliest_us = INT64_MAX;

    if (flight->state == FLIGHT_FREE) {
        return INT64_MAX;
    }
    if (flight->state == FLIGHT_BOARDING) {
        return now_us + BOARDING_RETRY_US;
    }
    for (size_t i = 0; i < flight->count; i++) {
        RpcClientCall *call = flight->calls[i];
        if (call == NULL || call->deadline_us + DEADLINE_SLACK_US >= flight->deadline_us) {
            continue;
        }
        if (call->deadline_us > now_us) {
            earliest_us = call->deadline_us < earliest_us ? call->deadline_us : earliest_us;
            continue;
        }
        flight->calls[i] = NULL;
        call->next = *expired;
        *expired = call;
    }
    return earliest_us;
}

int64_t rpc_channel_expire(RpcChannel *channel, int64_t monotonic_us)
{
    RpcClientCall *queued = NULL;
    RpcClientCall *sent = NULL;

    pthread_mutex_lock(&channel->lock);
    size_t count = channel->queue.count;
    int64_t earliest_us = rpc_call_queue_expire(&channel->queue, monotonic_us, &queued);
    rpc_instance_left(channel->options.instance, count - channel->queue.count);
    for (size_t i = 0; i < channel->flight_count; i++) {
        int64_t deadline_us = expire_flight(&channel->flights[i], monotonic_us, &sent);
        earliest_us = deadline_us < earliest_us ? deadline_us : earliest_us;
    }
    bool connected = channel->connected > 0;
    pthread_mutex_unlock(&channel->lock);
    finish_queued(channel, queued, connected);
    finish_list(sent, status_make(STATUS_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"));
    return earliest_us;
}

static Status open_flight(RpcChannel *channel)
{
    Flight *flight = &channel->flights[channel->flight_count++];

    flight->channel = channel;
    arena_init(&flight->scratch, SCRATCH_BLOCK_SIZE, SCRATCH_MAX);
    flight->lane.clock = channel->options.clock;
    flight->lane.done = on_lane_done;
    flight->lane.changed = on_lane_changed;
    flight->lane.context = flight;
    pthread_mutex_lock(&channel->lock);
    flight->next_free = channel->free_flights;
    channel->free_flights = flight;
    pthread_mutex_unlock(&channel->lock);
    return rpc_lane_open(&flight->lane, channel->options.url);
}

Status rpc_channel_open(const RpcChannelOptions *options, RpcChannel **ret_channel)
{
    RpcChannel *channel = calloc(1, sizeof *channel);
    Status status = status_ok();

    if (channel == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    channel->options = *options;
    rpc_call_queue_init(&channel->queue);
    channel->next_number = 1;
    pthread_mutex_init(&channel->lock, NULL);
    while (!status_failed(status) && channel->flight_count < RPC_CLIENT_CONTEXTS) {
        status = open_flight(channel);
    }
    if (status_failed(status)) {
        rpc_channel_close(channel);
        return status;
    }
    *ret_channel = channel;
    return status_ok();
}

void rpc_channel_drain(RpcChannel *channel)
{
    pthread_mutex_lock(&channel->lock);
    channel->closing = true;
    pthread_mutex_unlock(&channel->lock);
    finish_list(rpc_channel_take_queue(channel), status_make(STATUS_CANCELLED, "CANCELLED"));
}

bool rpc_channel_busy(const RpcChannel *channel)
{
    for (size_t i = 0; i < channel->flight_count; i++) {
        if (channel->flights[i].state != FLIGHT_FREE) {
            return true;
        }
    }
    return false;
}

/* A flight that is boarding may be about to leave; its thread is not far. */
static void await_boarding(const RpcChannel *channel)
{
    for (size_t i = 0; i < channel->flight_count; i++) {
        while (channel->flights[i].state == FLIGHT_BOARDING) {
            nng_msleep(1);
        }
    }
}

void rpc_channel_close(RpcChannel *channel)
{
    if (channel == NULL) {
        return;
    }
    rpc_channel_drain(channel);
    await_boarding(channel);
    for (size_t i = 0; i < channel->flight_count; i++) {
        rpc_lane_stop(&channel->flights[i].lane);
    }
    for (size_t i = 0; i < channel->flight_count; i++) {
        rpc_lane_close(&channel->flights[i].lane);
        arena_deinit(&channel->flights[i].scratch);
    }
    pthread_mutex_destroy(&channel->lock);
    free(channel);
}
