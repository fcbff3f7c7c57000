/* provider_simulator.h - the built-in payment provider, for development and tests. Keeps
 * its own books in its own schema, as a real provider would, and honours keys: the first
 * effect of a key stands. What it does is decided by the token:
 *
 *     tok_ok                    captured
 *     tok_declined              declined, CARD_DECLINED
 *     tok_insufficient_funds    declined, INSUFFICIENT_FUNDS
 *     tok_slow                  captured, but tells so only 2 s later
 *     tok_timeout               captured, no answer
 *     tok_timeout_lost          not charged, no answer
 *     anything else             declined, INVALID_TOKEN
 *
 * One thread's. */
#ifndef JUMUN_SERVICES_PAYMENT_ADAPTERS_PROVIDER_SIMULATOR_H
#define JUMUN_SERVICES_PAYMENT_ADAPTERS_PROVIDER_SIMULATOR_H

#include "common/base/clock.h"
#include "common/base/status.h"
#include "services/payment/app/payment_ports.h"

/* url as for db_open, of provider_db; the clock is borrowed. */
Status provider_simulator_open(const char *url, const Clock *clock, PaymentProvider **ret_provider);

/* NULL is ignored. */
void provider_simulator_close(PaymentProvider *provider);

#endif
