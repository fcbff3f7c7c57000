/* services.h - the six programs of jumun, in the order in which they start. */
#ifndef JUMUN_CLI_SERVICES_H
#define JUMUN_CLI_SERVICES_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/instance.h"
#include "cli/supervisor.h"

typedef struct ServiceProgram {
    const char *name; /* "order"; the program is jumun-order */
    PortName ops;
} ServiceProgram;

enum {
    SERVICE_COUNT = 6
};

extern const ServiceProgram service_programs[SERVICE_COUNT];

/* True if all six programs are there; complains about the first that is not. */
bool services_are_built(const Instance *instance);

/* Starts all, as children of the supervisor. Their order does not matter to them.
 * shown: their log lines are printed, too. */
bool services_start(Supervisor *supervisor, const Instance *instance, bool shown);

/* Blocks until each says that it is ready; only in a task. Complains after a minute. */
bool services_wait(const Instance *instance);

/* Asks one service now. */
bool service_is_ready(const Instance *instance, const ServiceProgram *service);

#endif
