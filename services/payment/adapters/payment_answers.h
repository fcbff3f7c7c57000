/* payment_answers.h - what payment tells the order service, as events for the outbox. */
#ifndef JUMUN_SERVICES_PAYMENT_ADAPTERS_PAYMENT_ANSWERS_H
#define JUMUN_SERVICES_PAYMENT_ADAPTERS_PAYMENT_ANSWERS_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/mysql/outbox.h"
#include "services/payment/domain/payment.h"

/* Fills type, order and payload with what the attempt says; id and time are the caller's, the
 * trace is empty. False if the arena is full. */
bool payment_answer_make(const Payment *payment, const Attempt *attempt, Arena *arena,
                         OutboxEvent *ret_event);

#endif
