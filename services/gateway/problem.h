/* problem.h - the one table of errors, and RFC 9457 bodies made from it.
 *
 * Every name a client can see stands in the table with its HTTP status; docs/errors.md is
 * written from it. A name that does not stand there is answered by its status code alone:
 * clients never see a name that is not documented. */
#ifndef JUMUN_SERVICES_GATEWAY_PROBLEM_H
#define JUMUN_SERVICES_GATEWAY_PROBLEM_H

#include "common/base/status.h"
#include "jumun/rpc/v1/rpc.pb-c.h"
#include "services/gateway/json_text.h"
#include "services/gateway/transcode.h"

typedef struct ProblemType {
    const char *name;
    unsigned status; /* HTTP */
    const char *title;
} ProblemType;

extern const ProblemType problem_types[];
extern const size_t problem_type_count;

/* NULL if the name is not in the table. */
const ProblemType *problem_find(const char *name);

/* By its name, else by its code. Never NULL; not for OK. */
const ProblemType *problem_of(Status status);

typedef struct Problem {
    const ProblemType *type;
    const char *request_id;
    const char *trace_id;
    const FieldFault *fault;                     /* found by the gateway; NULL for none */
    const Jumun__Rpc__V1__ErrorDetails *details; /* from the service; NULL for none */
} Problem;

/* Texts that are not UTF-8 are left out. */
void problem_write(const Problem *problem, JsonText *text);

#endif
