/* rpc_server.c - a REP socket with a context per message in flight. A context receives,
 * is parked with its batch until the last answer, replies, and receives again; at any
 * time one thread has it. While closing, a context that would receive comes to rest. */
#include "common/rpc/rpc_server.h"

#include <assert.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/supplemental/util/platform.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/rpc_health.h"
#include "common/rpc/rpc_socket.h"
#include "common/runtime/log.h"
#include "jumun/rpc/v1/health.pb-c.h"

enum {
    REPLY_TIMEOUT_MS = 5000, /* a peer that does not read must not pin the context */
    LINGER_MS = 50,          /* nng has no linger: time for the last replies to leave */
    ARENA_BLOCK_SIZE = 4096,
    ARENAS_KEPT_MAX = 1024,
    SERVED_MAX = 64 + RPC_HEALTH_METHODS,
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
    RpcHealth health;
    ServedMethod *methods;
    size_t method_count;
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
    while (size > RPC_MESSAGE_SIZE_MAX - ENVELOPE_TRANSPORT_MAX) {
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

static ServedMethod *find_method(RpcServer *server, const char *name)
{
    for (size_t i = 0; i < server->method_count; i++) {
        if (strcmp(server->methods[i].name, name) == 0) {
            return &server->methods[i];
        }
    }
    return NULL;
}

/* True if name is one of the words of the list. */
static bool is_listed(const char *list, const char *name)
{
    size_t size = strlen(name);

    while (*list != '\0') {
        list += strspn(list, " ");
        size_t word_size = strcspn(list, " ");
        if (word_size == size && size > 0 && memcmp(list, name, size) == 0) {
            return true;
        }
        list += word_size;
    }
    return false;
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
    ServedMethod *method = find_method(server, batch->calls[0]->method);
    if (method == NULL) {
        return status_make(STATUS_UNIMPLEMENTED, "UNKNOWN_METHOD");
    }
    if (method->callers != NULL && !is_listed(method->callers, caller->name)) {
        return status_make(STATUS_PERMISSION_DENIED, "CALLER_NOT_ALLOWED");
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

static Status add_method(RpcServer *server, const ProtobufCServiceDescriptor *descriptor,
                         const RpcMethod *row, void *service)
{
    const ProtobufCMethodDescriptor *method =
        protobuf_c_service_descriptor_get_method_by_name(descriptor, row->name);
    ServedMethod *served = &server->methods[server->method_count];

    if (method == NULL) {
        log_error("rpc.method_unknown", "service=%s method=%s", descriptor->name, row->name);
        return status_make(STATUS_INTERNAL, "METHOD_TABLE");
    }
    int size = snprintf(served->name, sizeof served->name, "%s/%s", descriptor->name, row->name);
    if (size < 0 || (size_t)size >= sizeof served->name) {
        log_error("rpc.method_name_too_long", "service=%s method=%s", descriptor->name, row->name);
        return status_make(STATUS_INTERNAL, "METHOD_TABLE");
    }
    if (find_method(server, served->name) != NULL) {
        log_error("rpc.method_twice", "service=%s method=%s", descriptor->name, row->name);
        return status_make(STATUS_INTERNAL, "METHOD_TABLE");
    }
    served->input = method->input;
    served->output = method->output;
    served->handler = row->handler;
    served->service = service;
    served->callers = row->callers;
    served->metrics = server->options.metrics;
    server->method_count++;
    return status_ok();
}

/* The service's methods, each exactly once, then ours. */
static Status add_methods(RpcServer *server)
{
    const RpcServerOptions *options = &server->options;
    Status status = status_ok();

    if (options->method_count != options->descriptor->n_methods ||
        options->method_count > SERVED_MAX - RPC_HEALTH_METHODS) {
        log_error("rpc.method_table", "service=%s rows=%zu methods=%u", options->descriptor->name,
                  options->method_count, options->descriptor->n_methods);
        return status_make(STATUS_INTERNAL, "METHOD_TABLE");
    }
    for (size_t i = 0; i < options->method_count && !status_failed(status); i++) {
        const RpcMethod *row = &options->methods[i];
        assert(row->handler != NULL && row->callers != NULL);
        status = add_method(server, options->descriptor, row, options->service);
    }
    if (!status_failed(status)) {
        status = add_method(server, &jumun__rpc__v1__health__descriptor, &rpc_health_check,
                            &server->health);
    }
    if (!status_failed(status)) {
        status = add_method(server, &jumun__rpc__v1__reflection__descriptor,
                            &rpc_reflection_describe, &server->health);
    }
    server->health =
        (RpcHealth){ options->ready, options->service, server->methods, server->method_count };
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
    server->methods = calloc(options->method_count + RPC_HEALTH_METHODS, sizeof(ServedMethod));
    Status status = server->methods == NULL ? status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED")
                                            : add_methods(server);
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
    free(server->methods);
    free(server);
}
