/* query.h - the parameters of a query string, one after the other. Pure. */
#ifndef JUMUN_SERVICES_GATEWAY_QUERY_H
#define JUMUN_SERVICES_GATEWAY_QUERY_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/status.h"

enum {
    QUERY_PARAMS_MAX = 16
};

typedef struct QueryParam {
    const char *name;  /* [A-Za-z0-9]+ */
    const char *value; /* decoded: UTF-8 without control characters */
} QueryParam;

typedef struct Query {
    QueryParam params[QUERY_PARAMS_MAX];
    size_t count;
} Query;

/* Splits and decodes. INVALID_ARGUMENT (VALIDATION) for a parameter that is malformed, is
 * there twice or one too many; RESOURCE_EXHAUSTED when the arena is full. */
Status query_parse(const char *text, Arena *arena, Query *ret_query);

#endif
