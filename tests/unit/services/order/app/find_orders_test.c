#include "services/order/app/find_orders.h"

#include <criterion/criterion.h>

/* Has one order, whatever the filter; counts how often it is asked. */
typedef struct OneOrder {
    OrderReads port;
    Order order;
    int asked;
} OneOrder;

static Status list_one(OrderReads *reads, Arena *arena, const OrderReader *reader,
                       const OrderFilter *filter, Order **ret_orders, size_t *ret_count)
{
    OneOrder *one = (OneOrder *)reads;

    (void)arena;
    (void)reader;
    (void)filter;
    one->asked++;
    *ret_orders = &one->order;
    *ret_count = 1;
    return status_ok();
}

Test(list_orders, finds_nothing_before_the_first_order_there_can_be)
{
    static const struct {
        int64_t to_us;
        size_t count;
    } rows[] = {
        { 0, 1 }, /* unset */
        { 1, 0 },         { ID_EPOCH_US - 1, 0 }, { ID_EPOCH_US, 0 }, { ID_EPOCH_US + 1, 1 },
        { INT64_MAX, 1 },
    };
    static const OrderReadsOps ops = { .list = list_one };
    const OrderReader reader = { { 7 }, false };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OneOrder one = { .port = { &ops } };
        OrderFilter filter = { .to_us = rows[i].to_us, .limit = 10 };
        OrderPage page;

        cr_assert_eq(list_orders(&one.port, NULL, &reader, &filter, &page).code, STATUS_OK);
        cr_expect_eq(page.count, rows[i].count, "row %zu", i);
        cr_expect_not(page.more);
        cr_expect_eq(one.asked, (int)rows[i].count);
    }
}
