/* rpc_channel.c - the only place where a call can meet four threads: its caller's, the
 * lanes', the client's timer, and close. */
#include "common/rpc/rpc_channel.h"

#include <nng/nng.h>
#include <nng/supplemental/util/platform.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/rpc/rpc_call_queue.h"
#include "common/rpc/rpc_client_call.h"
#include "common/rpc/rpc_flight.h"
#include "common/rpc/rpc_instance.h"

struct RpcChannel {
    RpcChannelOptions options;

    pthread_mutex_t lock; /* guards the fields below and the calls of flights AWAY */
    RpcCallQueue queue;
    uint32_t next_number;
    RpcFlight *free_flights;
    size_t connected; /* lanes */
    size_t landing;   /* flights whose replies are being handed out */
    bool closing;

    size_t flight_count;
    RpcFlight flights[RPC_CLIENT_CONTEXTS];
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

/* False if there is nothing to carry; expired calls go to the list. Under the lock. */
static bool board(RpcChannel *channel, RpcFlight *flight, RpcClientCall **expired)
{
    size_t queued = channel->queue.count;
    size_t boarded =
        rpc_flight_board(flight, &channel->queue, clock_monotonic_us(channel->options.clock),
                         &channel->next_number, expired);

    rpc_instance_left(channel->options.instance, queued - channel->queue.count - boarded);
    return boarded > 0;
}

/* Sends the flight. False, and it is still boarding, if there is no memory. */
static bool launch(RpcChannel *channel, RpcFlight *flight)
{
    nng_msg *message = rpc_flight_pack(flight, channel->options.caller, channel->options.clock);

    if (message == NULL) {
        return false;
    }
    histogram_observe(channel->options.batch_calls, (double)flight->count);
    flight->state = RPC_FLIGHT_AWAY;
    rpc_lane_send(&flight->lane, message, flight->deadline_us);
    return true;
}

/* Under the lock. */
static void free_flight(RpcChannel *channel, RpcFlight *flight)
{
    flight->state = RPC_FLIGHT_FREE;
    flight->next_free = channel->free_flights;
    channel->free_flights = flight;
}

/* The link to a free flight that is connected: the queue waits for a connection, so that
 * the first one to come up serves it. Links to NULL if there is none. Under the lock. */
static RpcFlight **find_free_flight(RpcChannel *channel)
{
    RpcFlight **link = &channel->free_flights;

    while (*link != NULL && !rpc_lane_connected(&(*link)->lane)) {
        link = &(*link)->next_free;
    }
    return link;
}

/* NULL if there is none. Under the lock. */
static RpcFlight *take_free_flight(RpcChannel *channel)
{
    RpcFlight **link = find_free_flight(channel);
    RpcFlight *flight = *link;

    if (flight != NULL) {
        *link = flight->next_free;
        flight->state = RPC_FLIGHT_BOARDING;
    }
    return flight;
}

/* Lets a flight leave if it can: `flight`, which has just handed out its replies, or if it
 * is NULL a free one. True if another one may be able to. */
static bool depart(RpcChannel *channel, RpcFlight *flight)
{
    RpcClientCall *expired = NULL;

    pthread_mutex_lock(&channel->lock);
    if (flight == NULL && channel->landing == 0) {
        flight = take_free_flight(channel);
    }
    if (flight != NULL &&
        (!rpc_lane_connected(&flight->lane) || !board(channel, flight, &expired))) {
        free_flight(channel, flight);
        flight = NULL;
    }
    bool connected = channel->connected > 0;
    bool more =
        channel->queue.head != NULL && channel->landing == 0 && *find_free_flight(channel) != NULL;
    pthread_mutex_unlock(&channel->lock);

    finish_queued(channel, expired, connected);
    if (flight != NULL && !launch(channel, flight)) {
        rpc_instance_left(channel->options.instance, flight->count);
        rpc_flight_finish(flight, status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED"));
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
static void claim(RpcFlight *flight)
{
    RpcChannel *channel = flight->channel;

    pthread_mutex_lock(&channel->lock);
    flight->state = RPC_FLIGHT_BOARDING;
    channel->landing++;
    pthread_mutex_unlock(&channel->lock);
    rpc_instance_left(channel->options.instance, flight->count);
}

static void release(RpcFlight *flight)
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

static void on_lane_done(void *context, RpcLaneEnd end, nng_msg *reply)
{
    RpcFlight *flight = context;
    RpcInstance *instance = flight->channel->options.instance;

    claim(flight);
    if (end == RPC_LANE_REPLY) {
        rpc_instance_answered(instance);
        rpc_flight_hand_out(flight, flight->channel->options.method->output, reply);
    } else {
        if (flight->patient && (end == RPC_LANE_NOT_SENT || end == RPC_LANE_TIMED_OUT)) {
            rpc_instance_timed_out(instance);
        }
        rpc_flight_finish(flight, status_of(end));
    }
    release(flight);
}

static void on_lane_changed(void *context, bool connected)
{
    const RpcFlight *flight = context;
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
    } else if (channel->queue.count >= channel->options.queue_max ||
               (call->alone && channel->queue.count >= RPC_CLIENT_ALONE_MAX)) {
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

int64_t rpc_channel_expire(RpcChannel *channel, int64_t monotonic_us)
{
    RpcClientCall *queued = NULL;
    RpcClientCall *sent = NULL;

    pthread_mutex_lock(&channel->lock);
    size_t count = channel->queue.count;
    int64_t earliest_us = rpc_call_queue_expire(&channel->queue, monotonic_us, &queued);
    rpc_instance_left(channel->options.instance, count - channel->queue.count);
    for (size_t i = 0; i < channel->flight_count; i++) {
        int64_t deadline_us = rpc_flight_expire(&channel->flights[i], monotonic_us, &sent);
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
    RpcFlight *flight = &channel->flights[channel->flight_count++];

    rpc_flight_init(flight, channel);
    flight->lane.clock = channel->options.clock;
    flight->lane.done = on_lane_done;
    flight->lane.changed = on_lane_changed;
    flight->lane.context = flight;
    pthread_mutex_lock(&channel->lock);
    free_flight(channel, flight);
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
        if (channel->flights[i].state != RPC_FLIGHT_FREE) {
            return true;
        }
    }
    return false;
}

/* A flight that is boarding may be about to leave; its thread is not far. */
static void await_boarding(const RpcChannel *channel)
{
    for (size_t i = 0; i < channel->flight_count; i++) {
        while (channel->flights[i].state == RPC_FLIGHT_BOARDING) {
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
        rpc_flight_deinit(&channel->flights[i]);
    }
    pthread_mutex_destroy(&channel->lock);
    free(channel);
}
