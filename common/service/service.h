/* service.h - what every program of jumun shares: start, readiness, stop.
 *
 * A program exports one Service and, unless JUMUN_EMBEDDED is defined, calls
 * service_main. `open` connects what is local and starts threads; connections to
 * engines and peers are made in the background, so that start order is free.
 *
 * Shutdown is the same everywhere: readiness false, stop intake, finish what was
 * taken, close backends. */
#ifndef JUMUN_COMMON_SERVICE_SERVICE_H
#define JUMUN_COMMON_SERVICE_SERVICE_H

#include <stdbool.h>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/runtime/metrics.h"

/* What a process lends to its services. Outlives them. */
typedef struct ServiceHost {
    const Clock *clock;
    Metrics *metrics;
} ServiceHost;

typedef struct Service {
    const char *name; /* "order" */
    Status (*open)(const ServiceHost *host, void **ret_service);
    /* True while the service's own dependencies answer. Any thread, must not block. */
    bool (*ready)(void *service);
    /* Accepts NULL and a half-open service. */
    void (*close)(void *service);
} Service;

/* Runs one service until SIGTERM or SIGINT: ignores SIGPIPE, blocks the signals for
 * all threads, opens the log (JUMUN_LOG_LEVEL), serves the operations port
 * (JUMUN_<NAME>_OPS_ADDRESS, see admin.h), opens, waits, closes. When the service is ready
 * for the first time it logs service.ready with ready_ms, counted from here, and sets the
 * gauge ready_after_seconds, which is 0 before. A second signal ends the process at once.
 * Returns the exit code: 0 after a clean stop, 1 if the service could not start. */
int service_main(const Service *service);

#endif
