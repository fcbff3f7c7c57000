#include "services/order/app/find_orders.h"

#include <assert.h>

static Status not_found(void)
{
    return status_make(STATUS_NOT_FOUND, "ORDER_NOT_FOUND");
}

static bool may_see(const OrderReader *reader, const Order *order)
{
    return reader->sees_all ||
           (reader->member.value != 0 && reader->member.value == order->member.value);
}

void find_orders(OrderReads *reads, Arena *arena, FindOrder *const *items, size_t count)
{
    OrderId ids[FIND_ORDERS_MAX];
    Order *orders[FIND_ORDERS_MAX] = { NULL };

    assert(count > 0 && count <= FIND_ORDERS_MAX);
    for (size_t i = 0; i < count; i++) {
        ids[i] = items[i]->id;
    }
    Status status = reads->ops->find(reads, arena, ids, count, orders);
    for (size_t i = 0; i < count; i++) {
        items[i]->status = status;
        if (!status_failed(status)) {
            bool seen = orders[i] != NULL && may_see(&items[i]->reader, orders[i]);
            items[i]->order = seen ? orders[i] : NULL;
            items[i]->status = seen ? status : not_found();
        }
    }
}

/* One more than asked for tells whether there are more. */
Status list_orders(OrderReads *reads, Arena *arena, const OrderReader *reader,
                   const OrderFilter *filter, OrderPage *ret_page)
{
    OrderFilter wanted = *filter;
    OrderPage page = { 0 };

    assert(filter->limit >= 1 && filter->limit <= LIST_ORDERS_MAX);
    if (filter->to_us != 0 && filter->to_us <= ID_EPOCH_US) {
        *ret_page = page;
        return status_ok();
    }
    wanted.limit++;
    Status status = reads->ops->list(reads, arena, reader, &wanted, &page.orders, &page.count);
    if (status_failed(status)) {
        return status;
    }
    page.more = page.count > filter->limit;
    page.count = page.more ? filter->limit : page.count;
    *ret_page = page;
    return status;
}

Status find_timeline(OrderReads *reads, Arena *arena, const OrderReader *reader, OrderId id,
                     OrderTimeline *ret_timeline)
{
    OrderTimeline timeline = { 0 };

    Status status =
        reads->ops->timeline(reads, arena, reader, id, &timeline.entries, &timeline.count);
    if (status_failed(status)) {
        return status;
    }
    if (timeline.count == 0) {
        return not_found();
    }
    *ret_timeline = timeline;
    return status;
}
