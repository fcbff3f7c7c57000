/* gateway.h - what all requests share. Opened and closed by main.c; constant meanwhile. */
#ifndef JUMUN_SERVICES_GATEWAY_GATEWAY_H
#define JUMUN_SERVICES_GATEWAY_GATEWAY_H

#include "common/base/clock.h"
#include "common/crypto/order_code.h"
#include "common/rpc/rpc_client.h"
#include "common/runtime/metrics.h"
#include "services/gateway/auth.h"
#include "services/gateway/http/http.h"
#include "services/gateway/limits.h"
#include "services/gateway/route_metrics.h"
#include "services/gateway/routes.h"
#include "services/gateway/trace.h"
#include "services/gateway/waits.h"

enum {
    GATEWAY_ROUTES_MAX = 64
};

/* What a route's row means, worked out once. */
typedef struct RoutePlan {
    const ProtobufCMethodDescriptor *method; /* NULL for what the gateway answers itself */
    unsigned method_index;
    uint64_t open; /* the request's fields that the client may set */
} RoutePlan;

typedef struct Gateway {
    const Clock *clock;
    Http *http;
    RpcClient *clients[ROUTE_SERVICES];
    Auth *auth;
    Waits *waits;
    Limits *limits;
    OrderCodeKeys order_code_keys;
    TraceSource traces;
    RouteMetrics *metrics;
    RoutePlan plans[GATEWAY_ROUTES_MAX];
    bool insecure_cookies;
    bool (*ready)(void *context);
    void *context;
} Gateway;

/* INTERNAL (METHOD_TABLE) if a route names what its service does not have. */
Status gateway_plan_routes(Gateway *gateway);

#endif
