/* mysql_order_writes.h - the two transactions of the MySQL order store. */
#ifndef JUMUN_SERVICES_ORDER_ADAPTERS_MYSQL_ORDER_WRITES_H
#define JUMUN_SERVICES_ORDER_ADAPTERS_MYSQL_ORDER_WRITES_H

#include "common/mysql/db.h"
#include "services/order/app/order_ports.h"

/* As OrderStore.append and .advance; scratch comes from the arena. */
Status mysql_orders_append(Db *db, IdSource *ids, Arena *arena, const NewOrder *orders,
                           size_t count);

typedef struct MysqlAdvance {
    IdSource *ids;
    Arena *arena;
    OrderStep *const *steps;
    size_t count;
    const OrderDecision *decision;
} MysqlAdvance;

Status mysql_orders_advance(Db *db, const MysqlAdvance *advance);

/* What the decisions have made of the locked orders. */
typedef struct MysqlMoves {
    const MysqlAdvance *call;
    const Order *orders;
    const bool *touched; /* each order that must be stored */
    size_t order_count;
} MysqlMoves;

/* A part of mysql_orders_advance's transaction. ABORTED if an order is not there. */
Status mysql_moves_store(Db *db, const MysqlMoves *moves);

#endif
