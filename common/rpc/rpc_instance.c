#include "common/rpc/rpc_instance.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/rpc/rpc_client_call.h"
#include "common/rpc/rpc_server.h"
#include "common/rpc/rpc_socket.h"
#include "common/runtime/log.h"
#include "jumun/rpc/v1/health.pb-c.h"

enum {
    PROBE_PERIOD_US = 200 * 1000,
    PROBE_TIMEOUT_US = 1000 * 1000,
    PROBE_ARENA_SIZE = 4096,
};

struct RpcInstance {
    RpcInstanceOptions options;
    char url[RPC_URL_SIZE];
    atomic_size_t outstanding;
    atomic_uint strikes;
    atomic_bool out;
    atomic_int connections;
    atomic_bool connected_anew; /* since the last tick */

    /* one a method of the service, then Health.Check's */
    RpcChannel *channels[RPC_CLIENT_METHODS_MAX + 1];
    size_t channel_count;

    atomic_bool probing; /* the three below are then in flight */
    RpcClientCall probe;
    Arena probe_arena;
    Jumun__Rpc__V1__HealthRequest probe_request;
    int64_t next_probe_us; /* the timer's */
};

bool rpc_instance_out(const RpcInstance *instance)
{
    return atomic_load_explicit(&instance->out, memory_order_relaxed);
}

bool rpc_instance_connected(const RpcInstance *instance)
{
    return atomic_load_explicit(&instance->connections, memory_order_relaxed) > 0;
}

size_t rpc_instance_outstanding(const RpcInstance *instance)
{
    return atomic_load_explicit(&instance->outstanding, memory_order_relaxed);
}

RpcChannel *rpc_instance_channel(const RpcInstance *instance, unsigned method)
{
    assert(method < instance->channel_count);
    return instance->channels[method];
}

void rpc_instance_joined(RpcInstance *instance)
{
    atomic_fetch_add_explicit(&instance->outstanding, 1, memory_order_relaxed);
}

void rpc_instance_left(RpcInstance *instance, size_t count)
{
    atomic_fetch_sub_explicit(&instance->outstanding, count, memory_order_relaxed);
}

void rpc_instance_answered(RpcInstance *instance)
{
    if (atomic_load_explicit(&instance->strikes, memory_order_relaxed) != 0) {
        atomic_store(&instance->strikes, 0);
    }
}

void rpc_instance_timed_out(RpcInstance *instance)
{
    unsigned strikes = atomic_fetch_add(&instance->strikes, 1) + 1;

    if (strikes >= RPC_CLIENT_STRIKES && !atomic_exchange(&instance->out, true)) {
        log_warn("rpc.instance_out", "url=%s", instance->url);
        rpc_timer_by(instance->options.timer, 0); /* move its queue, begin to probe */
    }
}

void rpc_instance_changed(RpcInstance *instance, bool connected)
{
    atomic_fetch_add(&instance->connections, connected ? 1 : -1);
    if (connected) {
        atomic_store(&instance->connected_anew, true);
        rpc_timer_by(instance->options.timer, 0); /* calls may be waiting for it */
    }
}

static void on_probe_done(void *context)
{
    RpcInstance *instance = context;
    const Jumun__Rpc__V1__HealthReply *reply =
        (const Jumun__Rpc__V1__HealthReply *)instance->probe.reply;

    if (!status_failed(instance->probe.status) && reply->ready) {
        atomic_store(&instance->strikes, 0);
        atomic_store(&instance->out, false);
        log_info("rpc.instance_in", "url=%s", instance->url);
    }
    atomic_store(&instance->probing, false);
}

static void send_probe(RpcInstance *instance, int64_t now_us)
{
    arena_reset(&instance->probe_arena);
    jumun__rpc__v1__health_request__init(&instance->probe_request);
    instance->probe = (RpcClientCall){
        .message = &instance->probe_request.base,
        .arena = &instance->probe_arena,
        .deadline_us = now_us + PROBE_TIMEOUT_US,
        .done = on_probe_done,
        .context = instance,
    };
    atomic_store(&instance->probing, true);
    Status status = rpc_client_call_pack(&instance->probe, &jumun__rpc__v1__health__descriptor);
    if (!status_failed(status)) {
        status = rpc_channel_add(instance->channels[instance->channel_count - 1], &instance->probe);
    }
    if (status_failed(status)) {
        rpc_client_call_finish(&instance->probe, status);
    }
}

int64_t rpc_instance_tick(RpcInstance *instance, int64_t monotonic_us)
{
    bool depart = atomic_exchange(&instance->connected_anew, false);
    int64_t next_us = INT64_MAX;

    for (size_t i = 0; i < instance->channel_count; i++) {
        if (depart) {
            rpc_channel_depart(instance->channels[i]);
        }
        int64_t channel_us = rpc_channel_expire(instance->channels[i], monotonic_us);
        next_us = channel_us < next_us ? channel_us : next_us;
    }
    if (!rpc_instance_out(instance)) {
        return next_us;
    }
    if (monotonic_us >= instance->next_probe_us && !atomic_load(&instance->probing)) {
        instance->next_probe_us = monotonic_us + PROBE_PERIOD_US;
        send_probe(instance, monotonic_us);
    }
    int64_t probe_us = instance->next_probe_us > monotonic_us ? instance->next_probe_us
                                                              : monotonic_us + PROBE_PERIOD_US;
    return probe_us < next_us ? probe_us : next_us;
}

static Status open_channels(RpcInstance *instance)
{
    const RpcClientOptions *client = instance->options.client;
    RpcChannelOptions options = {
        .url = instance->url,
        .instance = instance,
        .caller = instance->options.caller,
        .queue_max = client->queue_max,
        .clock = client->clock,
        .batch_calls = instance->options.batch_calls,
    };
    Status status = status_ok();

    for (unsigned i = 0; i < client->descriptor->n_methods && !status_failed(status); i++) {
        options.method = &client->descriptor->methods[i];
        status = rpc_channel_open(&options, &instance->channels[i]);
        instance->channel_count += status_failed(status) ? 0 : 1;
    }
    if (!status_failed(status)) {
        options.method = &jumun__rpc__v1__health__descriptor.methods[0];
        options.batch_calls = NULL;
        status = rpc_channel_open(&options, &instance->channels[instance->channel_count]);
        instance->channel_count += status_failed(status) ? 0 : 1;
    }
    return status;
}

Status rpc_instance_open(const RpcInstanceOptions *options, const char *url,
                         RpcInstance **ret_instance)
{
    RpcInstance *instance = calloc(1, sizeof *instance);

    if (instance == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    instance->options = *options;
    (void)snprintf(instance->url, sizeof instance->url, "%s", url);
    arena_init(&instance->probe_arena, PROBE_ARENA_SIZE, PROBE_ARENA_SIZE);
    Status status = open_channels(instance);
    if (status_failed(status)) {
        rpc_instance_close(instance);
        return status;
    }
    *ret_instance = instance;
    return status_ok();
}

void rpc_instance_drain(RpcInstance *instance)
{
    for (size_t i = 0; i < instance->channel_count; i++) {
        rpc_channel_drain(instance->channels[i]);
    }
}

bool rpc_instance_busy(const RpcInstance *instance)
{
    for (size_t i = 0; i < instance->channel_count; i++) {
        if (rpc_channel_busy(instance->channels[i])) {
            return true;
        }
    }
    return false;
}

void rpc_instance_close(RpcInstance *instance)
{
    if (instance == NULL) {
        return;
    }
    for (size_t i = 0; i < instance->channel_count; i++) {
        rpc_channel_close(instance->channels[i]);
    }
    arena_deinit(&instance->probe_arena);
    free(instance);
}
