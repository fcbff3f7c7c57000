/* service.h - the order service, for its own main and for a process that runs several. */
#ifndef JUMUN_SERVICES_ORDER_SERVICE_H
#define JUMUN_SERVICES_ORDER_SERVICE_H

#include "common/service/service.h"

extern const Service order_service;

#endif
