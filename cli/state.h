/* state.h - what runs in an instance, written by its supervisor for everybody else, as
 * var/state.json:
 *
 *     {"url","adminLogin","adminPasswordFile",
 *      "services":[{"name","pid","ops"}], "engines":[{"name","pid","address"}]}
 *
 * It only counts while the instance is held. A pid of 0: about to start again. */
#ifndef JUMUN_CLI_STATE_H
#define JUMUN_CLI_STATE_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/instance.h"
#include "cli/supervisor.h"

/* Replaces the file. */
bool state_write(const Instance *instance, const Supervisor *supervisor);

/* NULL, after a complaint, if it cannot be read. Owned by the caller. */
json_t *state_read(const Instance *instance);

#endif
