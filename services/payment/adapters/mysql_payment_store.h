/* mysql_payment_store.h - the PaymentStore over payment_db. One thread's; makes its own
 * connection when first used and refuses a schema that it does not know. */
#ifndef JUMUN_SERVICES_PAYMENT_ADAPTERS_MYSQL_PAYMENT_STORE_H
#define JUMUN_SERVICES_PAYMENT_ADAPTERS_MYSQL_PAYMENT_STORE_H

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "services/payment/app/payment_ports.h"

/* url as for db_open; ids and clock are borrowed until close. */
Status mysql_payment_store_open(const char *url, IdSource *ids, const Clock *clock,
                                PaymentStore **ret_store);

/* NULL is ignored. */
void mysql_payment_store_close(PaymentStore *store);

#endif
