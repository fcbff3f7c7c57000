/* admin.h - the operations port: a small HTTP server on loopback by default.
 *
 *     GET /livez     200 while the process can answer at all
 *     GET /readyz    200 while the service says it is ready, else 503
 *     GET /metrics   Prometheus text
 *
 * libmicrohttpd with its own polling thread: requests here are rare, so the epoll
 * stall of its internal mode (shared/transport.md, section 7) cannot be met. */
#ifndef JUMUN_COMMON_SERVICE_ADMIN_H
#define JUMUN_COMMON_SERVICE_ADMIN_H

#include <stdbool.h>

#include "common/base/status.h"
#include "common/runtime/metrics.h"

typedef struct Admin Admin;

typedef struct AdminOptions {
    const char *address; /* "127.0.0.1:7200" */
    Metrics *metrics;
    bool (*ready)(void *context); /* any thread; must not block */
    void *context;
} AdminOptions;

/* UNAVAILABLE (PORT_TAKEN) if the address cannot be bound. */
Status admin_open(const AdminOptions *options, Admin **ret_admin);

/* NULL is ignored. */
void admin_close(Admin *admin);

#endif
