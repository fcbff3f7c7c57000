/* order_proto.h - protobuf <-> domain, for calls and for events. Pure. Everything from
 * outside is checked here; text is borrowed from the message. */
#ifndef JUMUN_SERVICES_ORDER_API_ORDER_PROTO_H
#define JUMUN_SERVICES_ORDER_API_ORDER_PROTO_H

#include "common/base/arena.h"
#include "common/runtime/event.h"
#include "jumun/order/v1/order.pb-c.h"
#include "jumun/rpc/v1/rpc.pb-c.h"
#include "services/order/app/find_orders.h"
#include "services/order/app/place_orders.h"

/* What is wrong with a request: the first fault found. Text is static or the arena's. */
typedef struct FieldFault {
    const char *pointer; /* "/lines/0/quantity" */
    const char *code;
    const char *detail;
} FieldFault;

/* Lines (merged by product), expected total and token of a request; the rest of *ret_item
 * is left alone. INVALID_ARGUMENT (VALIDATION) with a fault. */
Status place_order_from_proto(const Jumun__Order__V1__PlaceOrderRequest *request, Arena *arena,
                              PlaceOrder *ret_item, FieldFault *ret_fault);

/* The messages live in the arena and borrow the order's text. NULL when it is full. */
Jumun__Order__V1__Order *order_to_proto(const Order *order, Arena *arena);
Jumun__Order__V1__ListOrdersReply *order_page_to_proto(const OrderPage *page, Arena *arena);
Jumun__Order__V1__GetTimelineReply *order_timeline_to_proto(const OrderTimeline *timeline,
                                                            Arena *arena);

/* Error details; NULL when there is nothing to say or the arena is full. */
const Jumun__Rpc__V1__ErrorDetails *fault_details(const FieldFault *fault, Arena *arena);
const Jumun__Rpc__V1__ErrorDetails *place_order_details(const PlaceOrder *item, Arena *arena);

/* 1..64 bytes of visible ASCII. */
bool is_token_text(const char *text);

/* The text itself if it is a W3C traceparent, else "". */
const char *trace_parent_or_none(const char *text);

/* An event of order.replies as a step. INVALID_ARGUMENT (MALFORMED) if its payload is
 * not what its type says, UNIMPLEMENTED (UNKNOWN_TYPE). Text lives in the arena. */
Status order_step_from_event(const Event *event, Arena *arena, OrderStep *ret_step);

#endif
