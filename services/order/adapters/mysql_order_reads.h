/* mysql_order_reads.h - the OrderReads over order_db. Opened per thread. */
#ifndef JUMUN_SERVICES_ORDER_ADAPTERS_MYSQL_ORDER_READS_H
#define JUMUN_SERVICES_ORDER_ADAPTERS_MYSQL_ORDER_READS_H

#include "services/order/app/order_ports.h"

/* Does not connect. */
Status mysql_order_reads_open(const char *url, OrderReads **ret_reads);

/* NULL is ignored. */
void mysql_order_reads_close(OrderReads *reads);

#endif
