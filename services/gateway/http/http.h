/* http.h - the gateway's HTTP/1.1 server, as the rest of the gateway sees it.
 *
 * The handler gets whole requests that passed every check of strict.h, with their body,
 * on a loop thread; it must not block. It answers with http_answer, there and then or
 * later from any thread, exactly once. Until then the request, its arena included, is
 * the handler's; the client may be gone meanwhile, which changes nothing. A second
 * answer finds nobody and is harmless: the handle's generation no longer fits.
 *
 * Slow and hostile clients are dealt with below this interface: absolute deadlines for
 * headers, body and answer, limits of size and count, refusals of strict.h. */
#ifndef JUMUN_SERVICES_GATEWAY_HTTP_HTTP_H
#define JUMUN_SERVICES_GATEWAY_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/status.h"

enum {
    HTTP_FIELDS_MAX = 64,
    HTTP_FIELD_SIZE_MAX = 8 * 1024,
    HTTP_HEADERS_SIZE_MAX = 16 * 1024,
    HTTP_TARGET_SIZE_MAX = 8 * 1024,
    HTTP_BODY_SIZE_MAX = 64 * 1024,
    HTTP_REQUESTS_PER_CONNECTION_MAX = 1000,
    HTTP_LOOPS_MAX = 16,
    HTTP_ANSWER_FIELDS_MAX = 24,
    HTTP_ARENA_SIZE_MAX = 4 << 20, /* bytes one request may use */
};

typedef struct Http Http;

typedef enum HttpMethod {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_TRACE,
    HTTP_CONNECT,
} HttpMethod;

/* A header field. Both texts end with a NUL and hold none. */
typedef struct HttpField {
    const char *name;
    const char *value;
    size_t name_size;
    size_t value_size;
} HttpField;

/* Names a request without owning it. */
typedef struct HttpHandle {
    uint32_t slot;
    uint64_t generation;
} HttpHandle;

typedef struct HttpRequest {
    Http *server; /* to answer it at */
    HttpHandle handle;
    HttpMethod method;
    const char *path;  /* canonical, holds no percent sign */
    const char *query; /* as sent, after the question mark; "" for none */
    const char *host;
    const HttpField *fields;
    size_t field_count;
    char *body; /* ends with a NUL; may be overwritten */
    size_t body_size;
    uint8_t peer[16];   /* IPv6, or IPv4 mapped into it */
    int64_t arrived_us; /* monotonic: when the request line came */
    Arena *arena;
} HttpRequest;

/* What the client gets. Fields and body are borrowed until the answer has left: put
 * them into the request's arena or make them constant. Content-Length, Date and
 * Connection are added. */
typedef struct HttpAnswer {
    unsigned status;
    const HttpField *fields;
    size_t field_count;
    const void *body;
    size_t body_size;
    bool close; /* end the connection after it */
} HttpAnswer;

/* Takes a request, on its loop's thread. */
typedef void HttpHandler(void *context, HttpRequest *request);

/* Answers, at once, a request that was refused before it was whole: of the request only
 * handle, method, fields and arena can be relied upon. `error` is a name of the error
 * table. The connection is closed in any case. On the loop's thread. */
typedef void HttpRefuse(void *context, HttpRequest *request, const char *error);

typedef struct HttpOptions {
    const char *address; /* "127.0.0.1:8080", "[::1]:8080" */
    unsigned loops;
    unsigned connections_max;             /* of one loop */
    unsigned connections_per_address_max; /* of one loop */
    int64_t first_ms;                     /* a new connection, until its request line */
    int64_t keep_ms;                      /* a kept one, likewise */
    int64_t headers_ms;                   /* from there, until the headers are whole */
    int64_t body_ms;                      /* from there, until the body is */
    int64_t answer_ms;                    /* an answer, until it has left */
    unsigned stall_s;                     /* nothing read or written */
    HttpHandler *handler;
    HttpRefuse *refuse;
    void *context;
} HttpOptions;

/* Listens and starts the loops. INVALID_ARGUMENT (CONFIG) for a bad address, UNAVAILABLE
 * (PORT_TAKEN) if it cannot be bound. */
Status http_open(const HttpOptions *options, Http **ret_http);

/* The port listened at: tests ask for port 0. */
unsigned http_port(const Http *http);

/* Answers a request. Any thread. */
void http_answer(Http *http, HttpHandle handle, const HttpAnswer *answer);

/* Stops listening and waits until every request at the handler has been answered and
 * its answer has left, or for timeout_ms. Requests that still come over open connections,
 * be it only the rest of their body, are refused (UNAVAILABLE). True if nothing is left. */
bool http_drain(Http *http, int64_t timeout_ms);

/* Stops at once. Whoever still held a request must have let go of its arena, and no thread
 * may be in http_answer: drain, end the calls and their threads, then close. NULL is
 * ignored. */
void http_close(Http *http);

/* The only field of that name, compared without case. NULL if there is none or more than
 * one; *ret_count, if asked for, says how many there are. */
const HttpField *http_field(const HttpRequest *request, const char *name, size_t *ret_count);

#endif
