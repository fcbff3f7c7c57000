/* served_methods.h - what a server serves: the methods of its services, found by the name
 * a call bears. Internal to common/rpc.
 *
 * Filled before the server receives; from then on any thread reads, and measures. */
#ifndef JUMUN_COMMON_RPC_SERVED_METHODS_H
#define JUMUN_COMMON_RPC_SERVED_METHODS_H

#include <stdatomic.h>

#include "common/rpc/rpc_server.h"

enum {
    SERVED_METHODS_MAX = 64,
    SERVED_METHOD_NAME_SIZE = 128, /* with its NUL */
};

/* A histogram per outcome, made when it first occurs: most never do. */
typedef struct ServedCode {
    _Atomic(Histogram *) duration;
    atomic_bool made;
} ServedCode;

typedef struct ServedMethod {
    char name[SERVED_METHOD_NAME_SIZE]; /* "jumun.order.v1.OrderService/PlaceOrder" */
    const ProtobufCMessageDescriptor *input;
    const ProtobufCMessageDescriptor *output;
    RpcHandler *handler;
    void *service;
    const char *callers; /* NULL: whoever has a key */
    Metrics *metrics;
    ServedCode codes[STATUS_CODE_MAX + 1];
} ServedMethod;

typedef struct ServedMethods {
    Metrics *metrics; /* the owner's to set before the first add; may be NULL */
    ServedMethod rows[SERVED_METHODS_MAX];
    size_t count;
} ServedMethods;

/* Adds a service: `rows` must be the methods of the descriptor, each once; the array need
 * not stay, its texts must. INTERNAL (METHOD_TABLE), logged, if they are not or there is no
 * room; some of them may then be there. */
Status served_methods_add(ServedMethods *methods, const ProtobufCServiceDescriptor *descriptor,
                          const RpcMethod *rows, size_t row_count, void *service);

/* The method of that name, for that caller. UNIMPLEMENTED (UNKNOWN_METHOD);
 * PERMISSION_DENIED (CALLER_NOT_ALLOWED). */
Status served_methods_find(ServedMethods *methods, const char *name, const char *caller,
                           ServedMethod **ret_method);

/* Notes how long a call took, by its outcome. */
void served_method_observe(ServedMethod *method, StatusCode code, int64_t elapsed_us);

#endif
