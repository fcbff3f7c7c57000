/* order_commands.h - what an order asks of others, as events of the outbox. */
#ifndef JUMUN_SERVICES_ORDER_ADAPTERS_ORDER_COMMANDS_H
#define JUMUN_SERVICES_ORDER_ADAPTERS_ORDER_COMMANDS_H

#include "common/base/arena.h"
#include "common/mysql/outbox.h"
#include "services/order/domain/order.h"

/* Fills *ret_event for the order's command (not ORDER_ASKS_NOTHING); id and trace are
 * the caller's to set. The payload lives in the arena; the order must have its lines if
 * it asks for stock. RESOURCE_EXHAUSTED if the arena is full. */
Status order_command_event(Arena *arena, const Order *order, OrderCommand command, int64_t now_us,
                           OutboxEvent *ret_event);

#endif
