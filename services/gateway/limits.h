/* limits.h - how much the gateway takes on: requests in flight, and sign-ins per address.
 * Any thread. */
#ifndef JUMUN_SERVICES_GATEWAY_LIMITS_H
#define JUMUN_SERVICES_GATEWAY_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/status.h"

enum {
    LIMITS_ADDRESSES_MAX = 65536 /* the longest unseen is forgotten first */
};

typedef struct Limits Limits;

/* A bucket of an address holds sign-ins for half a minute at that rate. */
Status limits_open(unsigned in_flight_max, unsigned signins_per_minute, Limits **ret_limits);

/* NULL is ignored. */
void limits_close(Limits *limits);

/* False if in_flight_max requests are on their way; else limits_leave must follow. */
bool limits_enter(Limits *limits);
void limits_leave(Limits *limits);

/* How many sign-ins a full bucket holds. */
unsigned limits_signins_max(const Limits *limits);

/* Takes one sign-in (signup, login, password change) of the address, IPv4 mapped or IPv6, whose
 * /64 counts as one. 0 if it may go on, else the seconds after which it may. */
unsigned limits_signin(Limits *limits, const uint8_t address[16], int64_t monotonic_us);

#endif
