/* stock_answers.h - what product tells the order service about its commands, as events
 * for the outbox. */
#ifndef JUMUN_SERVICES_PRODUCT_ADAPTERS_STOCK_ANSWERS_H
#define JUMUN_SERVICES_PRODUCT_ADAPTERS_STOCK_ANSWERS_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/mysql/outbox.h"
#include "services/product/domain/stock.h"

/* Fills type, order, trace and payload of the event; id and time are the caller's. The
 * command must have an answer. False if the arena is full. */
bool stock_answer_make(const StockCommand *command, Arena *arena, OutboxEvent *ret_event);

#endif
