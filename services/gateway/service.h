/* service.h - the gateway as a Service: HTTP in front, everything else by RPC. */
#ifndef JUMUN_SERVICES_GATEWAY_SERVICE_H
#define JUMUN_SERVICES_GATEWAY_SERVICE_H

#include "common/service/service.h"

extern const Service gateway_service;

#endif
