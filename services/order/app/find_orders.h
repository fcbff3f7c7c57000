/* find_orders.h - what members and administrators may know of orders.
 *
 * An order of another member is answered exactly as one that does not exist. */
#ifndef JUMUN_SERVICES_ORDER_APP_FIND_ORDERS_H
#define JUMUN_SERVICES_ORDER_APP_FIND_ORDERS_H

#include "services/order/app/order_ports.h"

enum {
    FIND_ORDERS_MAX = 128,
    LIST_ORDERS_MAX = 100,
};

typedef struct FindOrder {
    OrderReader reader; /* in */
    OrderId id;         /* in */
    const Order *order; /* out */
    Status status;      /* out: NOT_FOUND (ORDER_NOT_FOUND) */
} FindOrder;

/* 1..FIND_ORDERS_MAX items; the orders live in the arena. */
void find_orders(OrderReads *reads, Arena *arena, FindOrder *const *items, size_t count);

typedef struct OrderPage {
    Order *orders;
    size_t count;
    bool more;
} OrderPage;

typedef struct OrderTimeline {
    OrderEntry *entries;
    size_t count;
} OrderTimeline;

/* A page of filter->limit (1..LIST_ORDERS_MAX), newest first; `more` says whether
 * older ones follow. 0 in `to_us` is no bound (proto3 cannot tell it from 1970); any other
 * time up to ID_EPOCH_US is before the first order there can be: the page is empty. */
Status list_orders(OrderReads *reads, Arena *arena, const OrderReader *reader,
                   const OrderFilter *filter, OrderPage *ret_page);

/* NOT_FOUND (ORDER_NOT_FOUND) as above. */
Status find_timeline(OrderReads *reads, Arena *arena, const OrderReader *reader, OrderId id,
                     OrderTimeline *ret_timeline);

#endif
