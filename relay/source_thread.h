/* source_thread.h - the relay of one source schema: a thread with its own database and
 * broker connections. It takes the lease, moves what is there, and waits for a nudge or
 * the next sweep; while another relay has the lease it stands by. */
#ifndef JUMUN_RELAY_SOURCE_THREAD_H
#define JUMUN_RELAY_SOURCE_THREAD_H

#include <stdbool.h>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/runtime/metrics.h"

typedef struct SourceThread SourceThread;

typedef struct SourceOptions {
    const char *name; /* "order": labels metrics and logs; outlives the thread */
    const char *db_url;
    const char *bus_url;
    const char *wake_urls; /* "" = only poll */
    const Clock *clock;
    Metrics *metrics;
} SourceOptions;

/* Starts the thread; it connects by itself. INVALID_ARGUMENT (CONFIG) for a bad URL. */
Status source_thread_open(const SourceOptions *options, SourceThread **ret_thread);

/* True while its database and broker answer, leading or standing by. Any thread. */
bool source_thread_is_ready(const SourceThread *thread);

/* True while it has the lease. Any thread. */
bool source_thread_leads(const SourceThread *thread);

/* Finishes the step at hand, gives back the lease, stops. NULL is ignored. */
void source_thread_close(SourceThread *thread);

#endif
