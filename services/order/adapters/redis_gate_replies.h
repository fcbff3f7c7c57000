/* redis_gate_replies.h - what Redis answers about the gate's keys, read with distrust: an
 * administrator may have written them by hand.
 *
 * The counterpart of redis_gate_scripts.h. Pure: no connection in here, and nothing of a
 * reply is kept. */
#ifndef JUMUN_SERVICES_ORDER_ADAPTERS_REDIS_GATE_REPLIES_H
#define JUMUN_SERVICES_ORDER_ADAPTERS_REDIS_GATE_REPLIES_H

#include "common/base/arena.h"
#include "common/redis/redis.h"
#include "services/order/app/order_ports.h"

/* Of redis_gate_hold: sets the answer and the units left of each hold. False, and nothing
 * is set, if the reply has another form. */
bool redis_gate_read_holds(const RedisReply *reply, StockHold *holds, size_t count);

/* Of SCAN: moves the cursor on and adds the products of keys like "stock:{123}" to the
 * *count there are, up to max. Other keys are passed over. False, and nothing is changed,
 * if the reply has another form. */
bool redis_gate_read_keys(const RedisReply *reply, uint64_t *cursor, ProductId *products,
                          size_t max, size_t *count);

/* Of redis_gate_inspect: the view stays unknown unless the units are a number. The stale
 * holds are in the arena; RESOURCE_EXHAUSTED (OVERLOADED) if it is full. */
Status redis_gate_read_view(const RedisReply *reply, Arena *arena, GateView *view);

#endif
