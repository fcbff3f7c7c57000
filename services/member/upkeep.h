/* upkeep.h - a thread that asks the backends once a second whether they are there, and
 * forgets ended sessions that no session can outlive. */
#ifndef JUMUN_SERVICES_MEMBER_UPKEEP_H
#define JUMUN_SERVICES_MEMBER_UPKEEP_H

#include <stdbool.h>

#include "services/member/worker.h"

typedef struct Upkeep Upkeep;

/* Takes the worker also on failure. */
Status upkeep_open(Worker *worker, Upkeep **ret_upkeep);

/* True if database, schema and Redis were good at the last look. Any thread. */
bool upkeep_all_is_well(const Upkeep *upkeep);

/* NULL is ignored. */
void upkeep_close(Upkeep *upkeep);

#endif
