/* replay_requests.h - the parts of place_orders that know about request keys: a request
 * that comes again gets the answer it had, another one under the same key is refused. */
#ifndef JUMUN_SERVICES_ORDER_APP_REPLAY_REQUESTS_H
#define JUMUN_SERVICES_ORDER_APP_REPLAY_REQUESTS_H

#include "services/order/app/place_orders.h"

/* What a failure means for an order of which nothing was stored: the client may simply
 * ask again. */
Status place_nothing_happened(Status status);

/* Lets a request follow the first of the batch that has the same key. Not for keys that are
 * stored: another request may lead there. */
void requests_lead(PlaceOrder *const *items, size_t count);

/* Gives the followers their leader's answer; those with another body IDEMPOTENCY_KEY_REUSED,
 * or IDEMPOTENCY_IN_FLIGHT if the leader failed. What an answer points to is their own or the
 * batch's: each may be answered, and its request freed, before the others are. */
void requests_follow(PlaceOrders *app, PlaceOrder *const *items, size_t count);

/* Answers the items whose keys are stored: with the order as it was placed, or with
 * IDEMPOTENCY_KEY_REUSED. A failure is returned and also in the items. */
Status requests_replay(PlaceOrders *app, PlaceOrder *const *items, size_t count);

#endif
