/* trace.h - names for requests: W3C trace context and request ids. Any thread. */
#ifndef JUMUN_SERVICES_GATEWAY_TRACE_H
#define JUMUN_SERVICES_GATEWAY_TRACE_H

#include <stdatomic.h>
#include <stdint.h>

#include "services/gateway/request_head.h"

enum {
    TRACE_ID_SIZE = 33,
    REQUEST_ID_SIZE = 25,
};

/* Unique, not secret: seeded once, then counted through a bijection. */
typedef struct TraceSource {
    _Atomic uint64_t state;
} TraceSource;

typedef struct Trace {
    char parent[TRACE_PARENT_SIZE]; /* for the services: the client's trace, our span */
    char trace_id[TRACE_ID_SIZE];
    char request_id[REQUEST_ID_SIZE];
} Trace;

void trace_source_init(TraceSource *source);

/* `client` is a valid traceparent or NULL. */
void trace_begin(TraceSource *source, const char *client, Trace *ret_trace);

#endif
