/* service.h - the relay as a part of a process. */
#ifndef JUMUN_RELAY_SERVICE_H
#define JUMUN_RELAY_SERVICE_H

#include "common/service/service.h"

extern const Service relay_service;

#endif
