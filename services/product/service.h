/* service.h - the product service, for its own main and for a process that runs several. */
#ifndef JUMUN_SERVICES_PRODUCT_SERVICE_H
#define JUMUN_SERVICES_PRODUCT_SERVICE_H

#include "common/service/service.h"

extern const Service product_service;

#endif
