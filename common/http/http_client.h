/* http_client.h - asks jumun's own HTTP API: for the CLI, the bench's preparations and
 * the end-to-end tests. libcurl and jansson; blocking, one thread per client. */
#ifndef JUMUN_COMMON_HTTP_HTTP_CLIENT_H
#define JUMUN_COMMON_HTTP_HTTP_CLIENT_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/status.h"

enum {
    HTTP_CLIENT_REPLY_MAX = 1 << 20, /* bytes of a body; more is an error */
    HTTP_CLIENT_HEADERS_MAX = 16 * 1024,
};

typedef struct HttpClient HttpClient;

typedef struct HttpRequest {
    const char *method; /* "GET" */
    const char *path;   /* "/api/v1/orders" */
    const char *body;   /* NULL for none; sent as application/json */
    const char *token;  /* bearer token; NULL for none */
    const char *key;    /* Idempotency-Key; NULL for none */
    /* More headers, "Name: value", ended by NULL; a "Content-Type" replaces the
     * standard one. NULL for none. */
    const char *const *headers;
    long timeout_s; /* 0: 30 */
} HttpRequest;

/* Valid until the client's next request. */
typedef struct HttpReply {
    long status;
    const char *body; /* NUL-terminated */
    size_t size;
    const json_t *json; /* NULL if the body is not JSON */
} HttpReply;

/* base_url is "http://127.0.0.1:8080". */
Status http_client_open(const char *base_url, HttpClient **ret_client);

/* OK for every answer of the server, whatever its status. UNAVAILABLE if there was no
 * connection, UNKNOWN if it broke or timed out. */
Status http_client_ask(HttpClient *client, const HttpRequest *request, HttpReply *ret_reply);

/* A header of the last reply, without case, until the next call; NULL if it has none. */
const char *http_client_header(HttpClient *client, const char *name);

/* NULL is ignored. */
void http_client_close(HttpClient *client);

/* Members of a JSON object; "" or 0 if they are missing or of another type. */
const char *json_text(const json_t *object, const char *name);
json_int_t json_number(const json_t *object, const char *name);

#endif
