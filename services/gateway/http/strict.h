/* strict.h - which request heads are let in. Pure.
 *
 * libmicrohttpd is lenient where leniency lets two parsers disagree about where a
 * request ends. These checks run before any body is read and before any route is
 * looked for; what fails is answered once and its connection closed.
 *
 * What the parser hides - a NUL that cuts a value, a bare LF, a folded or nameless line -
 * shows in the bytes between the fields: names and values point into the receive buffer,
 * so each must begin exactly where the one before it and its CRLF end, and all together
 * must be as long as the head that was received. */
#ifndef JUMUN_SERVICES_GATEWAY_HTTP_STRICT_H
#define JUMUN_SERVICES_GATEWAY_HTTP_STRICT_H

#include <stdbool.h>
#include <stddef.h>

#include "services/gateway/http/http.h"

typedef struct StrictHead {
    const char *method;
    const char *target; /* as sent */
    const char *version;
    const HttpField *fields; /* in order, pointing into the received head */
    size_t field_count;      /* more than HTTP_FIELDS_MAX: the rest is left out */
    size_t size;             /* of the received head, with its empty line */
} StrictHead;

/* What the checks found out in passing. */
typedef struct StrictFacts {
    HttpMethod method;
    const char *path; /* points into target; ends at path_size */
    size_t path_size;
    const char *query; /* points into target; "" for none */
    const char *host;  /* "" if an HTTP/1.0 request has none */
    bool chunked;
    size_t content_length;
} StrictFacts;

/* NULL, or the name of the error to answer with. ret_facts->method is set as soon as it
 * is known, the rest only if NULL is returned. */
const char *strict_check(const StrictHead *head, StrictFacts *ret_facts);

#endif
