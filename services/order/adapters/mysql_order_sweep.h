/* mysql_order_sweep.h - what the sweep asks of the MySQL order store: which orders are due,
 * how they stand, what waits, and what may be forgotten.
 *
 * As the calls of OrderStore with the same names; scratch comes from the arena. */
#ifndef JUMUN_SERVICES_ORDER_ADAPTERS_MYSQL_ORDER_SWEEP_H
#define JUMUN_SERVICES_ORDER_ADAPTERS_MYSQL_ORDER_SWEEP_H

#include "common/mysql/db.h"
#include "services/order/app/order_ports.h"

Status mysql_orders_find_due(Db *db, const OrderDue *due, OrderId *ret_ids, size_t *ret_count);

Status mysql_orders_find_states(Db *db, Arena *arena, const OrderId *ids, size_t count,
                                OrderState *ret_states);

Status mysql_orders_pending_units(Db *db, const ProductId *products, size_t count,
                                  int64_t *ret_units);

Status mysql_orders_purge(Db *db, int64_t inbox_before_us, int64_t keys_before_us);

#endif
