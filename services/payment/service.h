/* service.h - the payment service, for its own main and for a process that runs several. */
#ifndef JUMUN_SERVICES_PAYMENT_SERVICE_H
#define JUMUN_SERVICES_PAYMENT_SERVICE_H

#include "common/service/service.h"

extern const Service payment_service;

#endif
