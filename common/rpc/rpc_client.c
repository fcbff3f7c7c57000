/* rpc_client.c - chooses the instance; channels do the rest. */
#include "common/rpc/rpc_client.h"

#include <assert.h>
#include <nng/nng.h>
#include <nng/supplemental/util/platform.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/rpc_client_call.h"
#include "common/rpc/rpc_instance.h"
#include "common/rpc/rpc_socket.h"
#include "common/rpc/rpc_timer.h"
#include "common/runtime/log.h"

enum {
    DRAIN_MS = 100,
};

struct RpcClient {
    RpcClientOptions options;
    RpcTimer *timer;
    atomic_uint turn; /* so that equal instances take turns */
    atomic_bool closing;
    size_t instance_count;
    RpcInstance *instances[RPC_CLIENT_INSTANCES_MAX];
};

/* True if a call is better off at `a`: connected first, then fewer calls outstanding. */
static bool is_better(const RpcInstance *a, const RpcInstance *b)
{
    if (rpc_instance_connected(a) != rpc_instance_connected(b)) {
        return rpc_instance_connected(a);
    }
    return rpc_instance_outstanding(a) < rpc_instance_outstanding(b);
}

/* NULL if all are out. */
static RpcInstance *choose(RpcClient *client)
{
    size_t count = client->instance_count;
    unsigned turn =
        count == 1 ? 0 : atomic_fetch_add_explicit(&client->turn, 1, memory_order_relaxed);
    RpcInstance *best = NULL;

    for (size_t i = 0; i < count; i++) {
        RpcInstance *instance = client->instances[(turn + i) % count];
        if (!rpc_instance_out(instance) && (best == NULL || is_better(instance, best))) {
            best = instance;
        }
    }
    return best;
}

static void dispatch(RpcClient *client, RpcClientCall *call)
{
    RpcInstance *instance = choose(client);
    int64_t deadline_us = call->deadline_us;

    if (instance == NULL) {
        rpc_client_call_finish(call, status_make(STATUS_UNAVAILABLE, "UNAVAILABLE"));
        return;
    }
    Status status = rpc_channel_add(rpc_instance_channel(instance, call->method), call);
    if (status_failed(status)) {
        rpc_client_call_finish(call, status);
        return;
    }
    rpc_timer_by(client->timer, deadline_us); /* the call itself may have ended */
}

void rpc_client_call(RpcClient *client, RpcClientCall *call)
{
    call->reply = NULL;
    call->details = NULL;
    if (atomic_load_explicit(&client->closing, memory_order_relaxed)) {
        rpc_client_call_finish(call, status_make(STATUS_CANCELLED, "CANCELLED"));
        return;
    }
    Status status = rpc_client_call_pack(call, client->options.descriptor);
    if (status_failed(status)) {
        rpc_client_call_finish(call, status);
        return;
    }
    dispatch(client, call);
}

typedef struct Waiter {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
} Waiter;

static void on_waited(void *context)
{
    Waiter *waiter = context;

    pthread_mutex_lock(&waiter->lock);
    waiter->done = true;
    pthread_cond_signal(&waiter->wake);
    pthread_mutex_unlock(&waiter->lock);
}

Status rpc_client_call_and_wait(RpcClient *client, RpcClientCall *call)
{
    Waiter waiter = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

    call->done = on_waited;
    call->context = &waiter;
    rpc_client_call(client, call);
    pthread_mutex_lock(&waiter.lock);
    while (!waiter.done) {
        pthread_cond_wait(&waiter.wake, &waiter.lock);
    }
    pthread_mutex_unlock(&waiter.lock);
    pthread_cond_destroy(&waiter.wake);
    pthread_mutex_destroy(&waiter.lock);
    return call->status;
}

bool rpc_client_ready(const RpcClient *client)
{
    for (size_t i = 0; i < client->instance_count; i++) {
        if (!rpc_instance_out(client->instances[i]) &&
            rpc_instance_connected(client->instances[i])) {
            return true;
        }
    }
    return false;
}

/* What is queued at an instance that is out was not sent: it goes to another one. */
static void move_queues(RpcClient *client, RpcInstance *instance)
{
    for (unsigned i = 0; i < client->options.descriptor->n_methods; i++) {
        RpcClientCall *call = rpc_channel_take_queue(rpc_instance_channel(instance, i));
        while (call != NULL) {
            RpcClientCall *next = call->next;
            dispatch(client, call);
            call = next;
        }
    }
}

static int64_t on_time(void *context, int64_t monotonic_us)
{
    RpcClient *client = context;
    int64_t next_us = INT64_MAX;

    for (size_t i = 0; i < client->instance_count; i++) {
        RpcInstance *instance = client->instances[i];
        if (rpc_instance_out(instance)) {
            move_queues(client, instance);
        }
        int64_t instance_us = rpc_instance_tick(instance, monotonic_us);
        next_us = instance_us < next_us ? instance_us : next_us;
    }
    return next_us;
}

static Status open_instances(RpcClient *client, const CallerKeys *caller)
{
    char labels[64 + 16];
    char url[RPC_URL_SIZE];
    const char *rest = client->options.urls;
    Status status = status_ok();

    (void)snprintf(labels, sizeof labels, "service=\"%.60s\"",
                   client->options.descriptor->short_name);
    const RpcInstanceOptions options = {
        .client = &client->options,
        .caller = caller,
        .timer = client->timer,
        .batch_calls = metrics_histogram_of_counts(
            client->options.metrics, "rpc_client_batch_calls", "Calls in a sent message.", labels),
    };
    while (!status_failed(status) && client->instance_count < RPC_CLIENT_INSTANCES_MAX &&
           rpc_url_next(&rest, url)) {
        status = rpc_instance_open(&options, url, &client->instances[client->instance_count]);
        client->instance_count += status_failed(status) ? 0 : 1;
    }
    if (!status_failed(status) && (client->instance_count == 0 || *rest != '\0')) {
        log_error("rpc.urls_bad", "urls=%s", client->options.urls);
        status = status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
    }
    return status;
}

Status rpc_client_open(const RpcClientOptions *options, RpcClient **ret_client)
{
    assert(options->descriptor->n_methods <= RPC_CLIENT_METHODS_MAX && options->queue_max > 0);
    const CallerKeys *caller =
        caller_keyring_find(options->keyring, options->caller, strlen(options->caller));
    if (caller == NULL) {
        log_error("rpc.caller_unknown", "caller=%s reason=it has no key in the keyring",
                  options->caller);
        return status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
    }
    RpcClient *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    client->options = *options;
    Status status = rpc_timer_open(options->clock, on_time, client, &client->timer);
    if (!status_failed(status)) {
        status = open_instances(client, caller);
    }
    if (!status_failed(status)) {
        status = rpc_timer_start(client->timer); /* now that it can see all instances */
    }
    if (status_failed(status)) {
        rpc_client_close(client);
        return status;
    }
    *ret_client = client;
    return status_ok();
}

static bool is_busy(const RpcClient *client)
{
    for (size_t i = 0; i < client->instance_count; i++) {
        if (rpc_instance_busy(client->instances[i])) {
            return true;
        }
    }
    return false;
}

/* Gives replies that are about to come a moment: it is not only kind, it keeps messages
 * from coming in while connections are closed (rpc_lane.h says why). */
static void drain(RpcClient *client)
{
    for (size_t i = 0; i < client->instance_count; i++) {
        rpc_instance_drain(client->instances[i]);
    }
    for (int i = 0; i < DRAIN_MS && is_busy(client); i++) {
        nng_msleep(1);
    }
}

void rpc_client_close(RpcClient *client)
{
    if (client == NULL) {
        return;
    }
    atomic_store(&client->closing, true);
    rpc_timer_stop(client->timer);
    drain(client);
    for (size_t i = 0; i < client->instance_count; i++) {
        rpc_instance_close(client->instances[i]);
    }
    rpc_timer_close(client->timer);
    free(client);
}
