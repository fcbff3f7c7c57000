/* routes.h - every endpoint of the gateway, one row each, and how a path finds its row.
 *
 * The fields of the row's request message are filled from four places: path parameters
 * ("{orderCode}" is the field shown under that name), flags (If-Match, the session, the
 * member), the query on GET, the body otherwise. What the path or a flag fills, no client
 * can set otherwise. */
#ifndef JUMUN_SERVICES_GATEWAY_ROUTES_H
#define JUMUN_SERVICES_GATEWAY_ROUTES_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/gateway/http/http.h"

enum {
    ROUTE_PARAMS_MAX = 2,
    ROUTE_PARAM_SIZE_MAX = 64,
    ROUTE_ALLOW_SIZE = 64,
};

/* Who answers. */
typedef enum RouteService {
    ROUTE_MEMBER,
    ROUTE_PRODUCT,
    ROUTE_ORDER,
    ROUTE_PAYMENT,
    ROUTE_SERVICES, /* how many there are */
    ROUTE_LIVEZ = ROUTE_SERVICES,
    ROUTE_READYZ,
    ROUTE_OPENAPI,
} RouteService;

typedef enum RouteWho {
    WHO_ANYONE,
    WHO_MEMBER, /* any role */
    WHO_ADMIN,
} RouteWho;

typedef enum RouteFlag {
    ROUTE_NEEDS_KEY = 1 << 0,      /* an Idempotency-Key */
    ROUTE_IF_MATCH = 1 << 1,       /* If-Match, if sent, becomes expected_version */
    ROUTE_NEEDS_IF_MATCH = 1 << 2, /* and must be sent: 428 */
    ROUTE_ETAG = 1 << 3,           /* the answer's version is its ETag */
    ROUTE_NOT_MODIFIED = 1 << 4,   /* and 304 spares the body */
    ROUTE_BINDS_SESSION = 1 << 5,  /* session: the hash of the token that was used */
    ROUTE_BINDS_MEMBER = 1 << 6,   /* member_id: who asks */
    ROUTE_BEGINS_SESSION = 1 << 7, /* the answer's token becomes a cookie */
    ROUTE_ENDS_SESSION = 1 << 8,   /* the cookie is taken back */
    ROUTE_BARE_ITEMS = 1 << 9,     /* the answer is the array, without an object around */
    ROUTE_ALONE = 1 << 10,         /* slow: not batched with others */
    ROUTE_SIGNIN_LIMIT = 1 << 11,  /* few per address */
    ROUTE_PREFER_WAIT = 1 << 12,   /* Prefer: wait=N, until the order is settled */
    ROUTE_QUERY_WAIT = 1 << 13,    /* ?wait=N&ifVersion=V likewise */
    ROUTE_ENDS_SESSIONS = 1 << 14, /* of the member, but for the one that was used */
} RouteFlag;

typedef struct Route {
    HttpMethod method;
    RouteService service;
    const char *path; /* "/api/v1/orders/{orderCode}" */
    const char *rpc;  /* NULL for what the gateway answers itself */
    RouteWho who;
    unsigned flags;
    unsigned success;     /* HTTP status */
    const char *location; /* of what was made, filled from the answer; NULL for none */
} Route;

typedef struct RouteParam {
    const char *name; /* points into the template: "orderCode}" */
    size_t name_size;
    char value[ROUTE_PARAM_SIZE_MAX];
} RouteParam;

typedef struct RouteMatch {
    const Route *route; /* NULL: none */
    RouteParam params[ROUTE_PARAMS_MAX];
    size_t param_count;
    unsigned allowed; /* bit of each method the path has, when no route was found */
} RouteMatch;

extern const Route routes[];
extern const size_t route_count;

/* HEAD matches GET. A path parameter is 1..ROUTE_PARAM_SIZE_MAX - 1 bytes. */
void routes_match(HttpMethod method, const char *path, RouteMatch *ret_match);

/* "GET, HEAD, POST", for 405. */
void routes_allow_text(unsigned allowed, char ret_text[static ROUTE_ALLOW_SIZE]);

const ProtobufCServiceDescriptor *route_service_descriptor(RouteService service);

/* The method's descriptor; NULL if the table names what the proto does not have. */
const ProtobufCMethodDescriptor *route_method(const Route *route);

/* Bit n: the n-th field of the route's request may come from the query or the body. */
uint64_t route_open_fields(const Route *route);

#endif
