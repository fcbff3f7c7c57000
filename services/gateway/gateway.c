#include "services/gateway/gateway.h"

#include <assert.h>

Status gateway_plan_routes(Gateway *gateway)
{
    assert(route_count <= GATEWAY_ROUTES_MAX);
    for (size_t i = 0; i < route_count; i++) {
        if (routes[i].rpc == NULL) {
            continue;
        }
        const ProtobufCMethodDescriptor *method = route_method(&routes[i]);
        if (method == NULL) {
            return status_make(STATUS_INTERNAL, "METHOD_TABLE");
        }
        gateway->plans[i] = (RoutePlan){
            .method = method,
            .method_index =
                (unsigned)(method - route_service_descriptor(routes[i].service)->methods),
            .open = route_open_fields(&routes[i]),
        };
    }
    return status_ok();
}
