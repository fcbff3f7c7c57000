/* mysql_order_store.h - the OrderStore over order_db.
 *
 * Opened per thread: it owns one connection. Every command that goes to the outbox gets
 * its id here, right before its transaction. */
#ifndef JUMUN_SERVICES_ORDER_ADAPTERS_MYSQL_ORDER_STORE_H
#define JUMUN_SERVICES_ORDER_ADAPTERS_MYSQL_ORDER_STORE_H

#include <stdbool.h>

#include "services/order/app/order_ports.h"

/* Does not connect. `ids` is borrowed until close. */
Status mysql_order_store_open(const char *url, IdSource *ids, OrderStore **ret_store);

/* True while its last use reached the server. Any thread. */
bool mysql_order_store_is_up(const OrderStore *store);

/* NULL is ignored. */
void mysql_order_store_close(OrderStore *store);

#endif
