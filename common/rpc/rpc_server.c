/* rpc_server.c - a REP socket with a context per message in flight. A context receives,
 * is parked with its batch until the last answer, replies, and receives again; at any
 * time one thread has it. While closing, a context that would receive comes to rest. */
#include "common/rpc/rpc_server.h"

#include <assert.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/supplemental/util/platform.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/rpc/rpc_batch.h"
#include "common/rpc/rpc_health.h"
#include "common/rpc/rpc_socket.h"
#include "common/runtime/log.h"
#include "jumun/rpc/v1/health.pb-c.h"

enum {
    REPLY_TIMEOUT_MS = 5000, /* a peer that does not read must not pin the context */
    LINGER_MS = 50,          /* nng has no linger: time for the last replies to leave */
    ARENA_BLOCK_SIZE = 4096,
    ARENAS_KEPT_MAX = 1024,
};

typedef enum ContextPhase {
    CONTEXT_RECEIVING,
    CONTEXT_BUSY, /* with a batch */
    CONTEXT_REPLYING,
    CONTEXT_AT_REST,
} ContextPhase;

typedef struct ServerContext {
    RpcBatch batch; /* first: its done function gets the context back from it */
    RpcServer *server;
    _Atomic ContextPhase phase; /* into and out of RECEIVING under the server's lock */
    nng_ctx ctx;
    nng_aio *aio;
    PooledArena *arenas[1 + RPC_BATCH_MAX]; /* the message's, then one a call */
    size_t arena_count;
} ServerContext;

struct RpcServer {
    RpcServerOptions options;
    nng_socket socket;
    bool socket_open;
    ArenaPool arenas;
    ServedMethods methods;
    RpcHealth health;
    Histogram *batch_calls;
    Counter *refused;

    pthread_mutex_t lock; /* guards the fields below and the step into receiving */
    pthread_cond_t rested;
    size_t resting;
    bool closing;

    size_t context_count;
    ServerContext contexts[];
};

static void receive(ServerContext *context)
{
    RpcServer *server = context->server;

    pthread_mutex_lock(&server->lock);
    if (server->closing) {
        context->phase = CONTEXT_AT_REST;
        server->resting++;
        pthread_cond_signal(&server->rested);
    } else {
        context->phase = CONTEXT_RECEIVING;
        nng_aio_set_timeout(context->aio, NNG_DURATION_INFINITE);
        nng_ctx_recv(context->ctx, context->aio);
    }
    pthread_mutex_unlock(&server->lock);
}

static void return_arenas(ServerContext *context)
{
    arena_pool_return(&context->server->arenas, context->arenas, context->arena_count);
    context->arena_count = 0;
}

/* Sends the parts and gives the arenas back. */
static void reply(ServerContext *context, const EnvelopePart *parts, size_t count)
{
    size_t size = 0;
    nng_msg *message;

    for (size_t i = 0; i < count; i++) {
        size += envelope_reply_size(&parts[i]);
    }
    if (nng_msg_alloc(&message, size) != 0) {
        return_arenas(context);
        receive(context); /* without memory the callers learn it from their deadlines */
        return;
    }
    envelope_pack_replies(parts, count, nng_msg_body(message));
    return_arenas(context);
    context->phase = CONTEXT_REPLYING;
    nng_aio_set_timeout(context->aio, REPLY_TIMEOUT_MS);
    nng_aio_set_msg(context->aio, message);
    nng_ctx_send(context->ctx, context->aio);
}

/* Makes the replies fit one message: while they do not, the largest becomes a failure. */
static void cut_to_size(RpcBatch *batch, EnvelopePart *parts)
{
    const Status too_large = { STATUS_INTERNAL, "REPLY_TOO_LARGE" };
    size_t size = 0;

    for (size_t i = 0; i < batch->count; i++) {
        size += envelope_reply_size(&parts[i]);
    }
    while (size > RPC_REPLIES_SIZE_MAX - ENVELOPE_TRANSPORT_MAX) {
        size_t largest = 0;
        for (size_t i = 1; i < batch->count; i++) {
            largest = parts[i].size > parts[largest].size ? i : largest;
        }
        RpcCall *call = &batch->calls[largest];
        size -= envelope_reply_size(&parts[largest]);
        envelope_pack_failure(call->number, too_large, call->small, &parts[largest]);
        size += envelope_reply_size(&parts[largest]);
        log_error("rpc.reply_too_large", "method=%s", batch->method->name);
    }
}

static void on_batch_done(RpcBatch *batch)
{
    EnvelopePart parts[RPC_BATCH_MAX];

    for (size_t i = 0; i < batch->count; i++) {
        parts[i] = batch->calls[i].reply;
    }
    cut_to_size(batch, parts);
    reply((ServerContext *)batch, parts, batch->count);
}

/* Answers the whole message with one verdict, number 0. */
static void refuse(ServerContext *context, Status status, const char *caller)
{
    uint8_t bytes[ENVELOPE_SMALL_SIZE];
    EnvelopePart part;

    log_warn("rpc.refused", "caller=%s code=%s reason=%s", caller, status_code_name(status.code),
             status.name);
    counter_add(context->server->refused, 1);
    envelope_pack_failure(0, status, bytes, &part);
    reply(context, &part, 1);
}

/* Opens the verified message and finds who serves it. */
static Status open_batch(ServerContext *context, nng_msg *message, const CallerKeys *caller,
                         Jumun__Rpc__V1__RpcRequestBatch **ret_batch, ServedMethod **ret_method)
{
    RpcServer *server = context->server;
    Jumun__Rpc__V1__RpcRequestBatch *batch = NULL;

    if (!arena_pool_take(&server->arenas, context->arenas, 1)) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    context->arena_count = 1;
    Status status =
        envelope_open(nng_msg_body(message), nng_msg_len(message),
                      clock_wall_us(server->options.clock), &context->arenas[0]->arena, &batch);
    if (status_failed(status)) {
        return status;
    }
    ServedMethod *method = NULL;
    status = served_methods_find(&server->methods, batch->calls[0]->method, caller->name, &method);
    if (status_failed(status)) {
        return status;
    }
    if (!arena_pool_take(&server->arenas, context->arenas + 1, batch->n_calls)) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    context->arena_count = 1 + batch->n_calls;
    *ret_batch = batch;
    *ret_method = method;
    return status_ok();
}

static void on_message(ServerContext *context, nng_msg *message)
{
    RpcServer *server = context->server;
    const CallerKeys *caller = NULL;
    Jumun__Rpc__V1__RpcRequestBatch *batch = NULL;
    ServedMethod *method = NULL;

    Status status = envelope_verify(server->options.keyring, nng_msg_body(message),
                                    nng_msg_len(message), &caller);
    if (!status_failed(status)) {
        status = open_batch(context, message, caller, &batch, &method);
    }
    nng_msg_free(message); /* what was unpacked is in the arena */
    if (status_failed(status)) {
        refuse(context, status, caller == NULL ? "" : caller->name);
        return;
    }
    histogram_observe(server->batch_calls, (double)batch->n_calls);
    rpc_batch_start(&context->batch, method, caller->name, batch, context->arenas + 1);
}

/* What the aio was doing. Out of RECEIVING, so that closing cannot cancel the reply. */
static ContextPhase wake_up(ServerContext *context)
{
    pthread_mutex_lock(&context->server->lock);
    ContextPhase phase = context->phase;
    context->phase = CONTEXT_BUSY;
    pthread_mutex_unlock(&context->server->lock);
    return phase;
}

static void on_aio(void *argument)
{
    ServerContext *context = argument;
    int error = nng_aio_result(context->aio);
    ContextPhase phase = wake_up(context);

    if (phase == CONTEXT_REPLYING && error != 0) {
        nng_msg_free(nng_aio_get_msg(context->aio)); /* never left: still ours */
    }
    if (phase == CONTEXT_RECEIVING && error == 0) {
        on_message(context, nng_aio_get_msg(context->aio));
    } else {
        receive(context);
    }
}

/* The service's own methods, whose rows must say who may call them; then ours, for whoever
 * has a key. */
static Status add_methods(RpcServer *server)
{
    const RpcServerOptions *options = &server->options;
    ServedMethods *methods = &server->methods;

    for (size_t i = 0; i < options->method_count; i++) {
        assert(options->methods[i].callers != NULL);
    }
    methods->metrics = options->metrics;
    server->health = (RpcHealth){ options->ready, options->ready_context, methods };
    Status status = served_methods_add(methods, options->descriptor, options->methods,
                                       options->method_count, options->service);
    if (!status_failed(status)) {
        status = served_methods_add(methods, &jumun__rpc__v1__health__descriptor, &rpc_health_check,
                                    1, &server->health);
    }
    if (!status_failed(status)) {
        status = served_methods_add(methods, &jumun__rpc__v1__reflection__descriptor,
                                    &rpc_reflection_describe, 1, &server->health);
    }
    return status;
}

/* nng's error. */
static int open_contexts(RpcServer *server)
{
    int error = 0;

    while (error == 0 && server->context_count < server->options.messages_max) {
        ServerContext *context = &server->contexts[server->context_count];

        context->server = server;
        context->phase = CONTEXT_AT_REST;
        context->batch.clock = server->options.clock;
        context->batch.done = on_batch_done;
        error = nng_ctx_open(&context->ctx, server->socket);
        if (error == 0) {
            error = nng_aio_alloc(&context->aio, on_aio, context);
        }
        if (error == 0) {
            server->context_count++;
        }
    }
    return error;
}

static Status open_socket(RpcServer *server)
{
    int error = nng_rep0_open(&server->socket);

    if (error == 0) {
        server->socket_open = true;
        error = rpc_socket_limit(server->socket, RPC_MESSAGE_SIZE_MAX);
    }
    if (error == 0) {
        error = open_contexts(server);
    }
    server->resting = server->context_count;
    if (error != 0) {
        log_error("rpc.socket_failed", "url=%s reason=%s", server->options.url,
                  nng_strerror(error));
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    return rpc_socket_listen(server->socket, server->options.url);
}

Status rpc_server_open(const RpcServerOptions *options, RpcServer **ret_server)
{
    assert(options->messages_max > 0 && options->keyring != NULL && options->clock != NULL);
    RpcServer *server =
        calloc(1, sizeof *server + options->messages_max * sizeof server->contexts[0]);
    if (server == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    server->options = *options;
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->rested, NULL);
    arena_pool_init(&server->arenas, ARENA_BLOCK_SIZE, RPC_ARENA_MAX, ARENAS_KEPT_MAX);
    server->batch_calls = metrics_histogram_of_counts(options->metrics, "rpc_server_batch_calls",
                                                      "Calls in a received message.", "");
    server->refused = metrics_counter(options->metrics, "rpc_server_refused_total",
                                      "Messages refused as a whole.", "");
    Status status = add_methods(server);
    if (!status_failed(status)) {
        status = open_socket(server);
    }
    if (status_failed(status)) {
        rpc_server_close(server);
        return status;
    }
    server->resting = 0;
    for (size_t i = 0; i < server->context_count; i++) {
        receive(&server->contexts[i]);
    }
    *ret_server = server;
    return status_ok();
}

/* Ends the waiting for messages; a context with a batch comes to rest after its reply. */
static void stop_receiving(RpcServer *server)
{
    pthread_mutex_lock(&server->lock);
    server->closing = true;
    for (size_t i = 0; i < server->context_count; i++) {
        /* it has begun; if its message has just come, this cancels nothing */
        if (server->contexts[i].phase == CONTEXT_RECEIVING) {
            nng_aio_cancel(server->contexts[i].aio);
        }
    }
    while (server->resting < server->context_count) {
        pthread_cond_wait(&server->rested, &server->lock);
    }
    pthread_mutex_unlock(&server->lock);
}

void rpc_server_close(RpcServer *server)
{
    if (server == NULL) {
        return;
    }
    stop_receiving(server);
    if (server->socket_open) {
        nng_msleep(LINGER_MS);
        for (size_t i = 0; i < server->context_count; i++) {
            nng_aio_stop(server->contexts[i].aio);
        }
        (void)nng_close(server->socket);
    }
    for (size_t i = 0; i < server->context_count; i++) {
        nng_aio_free(server->contexts[i].aio);
    }
    arena_pool_deinit(&server->arenas);
    pthread_cond_destroy(&server->rested);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
