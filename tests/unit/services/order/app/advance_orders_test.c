#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/order_world.h"

static OrderWorld *world;

static void open_world(void)
{
    world = order_world_open();
}

static void close_world(void)
{
    order_world_close(world);
}

TestSuite(advance_orders, .init = open_world, .fini = close_world);

static OrderId place(const char *key, uint64_t product, uint32_t quantity, const char *token)
{
    PlaceOrder *item = order_world_ask(world, 7, key, 1, token);

    order_world_add_line(world, item, product, quantity);
    order_world_place(world);
    cr_assert_eq(item->status.code, STATUS_OK);
    return item->order.id;
}

static const Order *find(OrderId id)
{
    return memory_orders_find(world->db, id);
}

Test(advance_orders, bring_a_paid_order_to_its_end_and_close_its_hold)
{
    OrderId id = place("a", 1, 3, "ok");

    order_world_settle(world, 3);
    cr_expect_eq(find(id)->state, ORDER_COMPLETED);
    cr_expect_eq(find(id)->version, 4);
    cr_expect_eq(order_world_gate(world, 1), 7, "sold");
    cr_expect_eq(order_world_truth(world, 1), 7);
    order_world_check_ended(world);
}

Test(advance_orders, give_back_the_stock_of_a_declined_order)
{
    OrderId id = place("a", 1, 3, "no");

    order_world_settle(world, 3);
    cr_expect_eq(find(id)->state, ORDER_CANCELLED);
    cr_expect_str_eq(find(id)->reason, "PAYMENT_DECLINED");
    cr_expect_eq(order_world_gate(world, 1), 10);
    order_world_check_ended(world);
}

Test(advance_orders, cancel_what_the_ledger_refuses)
{
    OrderId id = place("a", 1, 3, "ok");

    world->products[0].reserved = 8; /* sold elsewhere meanwhile */
    order_world_settle(world, 3);
    cr_expect_eq(find(id)->state, ORDER_CANCELLED);
    cr_expect_str_eq(find(id)->reason, "OUT_OF_STOCK");
    cr_expect_not(find(id)->open, "there is nothing to release");
}

Test(advance_orders, keep_an_order_of_unknown_outcome_until_it_is_known)
{
    OrderId id = place("a", 1, 3, "lost");

    order_world_settle(world, 3);
    cr_expect_eq(find(id)->state, ORDER_PAYING);
    cr_expect_eq(find(id)->payment, ORDER_PAYMENT_UNKNOWN);
    order_world_sweep(world, 12);
    cr_expect_eq(find(id)->state, ORDER_COMPLETED);
    order_world_check_ended(world);
}

Test(advance_orders, take_every_answer_once_however_often_it_comes)
{
    world->twice = true;
    place("a", 1, 3, "ok");
    place("b", 2, 3, "no");
    place("c", 3, 3, "lost");
    order_world_settle(world, 3);
    order_world_sweep(world, 12);
    order_world_check_ended(world);
    cr_expect_eq(order_world_gate(world, 1), 7);
    cr_expect_eq(order_world_gate(world, 2), 10);
    cr_expect_eq(order_world_gate(world, 3), 7);
}

static OrderStep step_of(OrderId id, uint64_t event_id, OrderEvent event)
{
    return (OrderStep){ .event_id = { event_id },
                        .order_id = id,
                        .news = { .event = event, .attempt = 1, .amount = { 300 }, .detail = "" },
                        .trace_parent = "" };
}

Test(advance_orders, work_several_events_of_one_order_in_arrival_order)
{
    OrderId id = place("a", 1, 3, "ok");
    OrderStep steps[] = {
        step_of(id, 91, ORDER_HEARS_STOCK_RESERVED),
        step_of(id, 92, ORDER_HEARS_PAYMENT_CAPTURED),
        step_of(id, 92, ORDER_HEARS_PAYMENT_CAPTURED),
    };
    OrderStep *list[] = { &steps[0], &steps[1], &steps[2] };

    advance_orders(&world->advance, list, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(steps[i].status.code, STATUS_OK);
    }
    cr_expect_eq(find(id)->state, ORDER_COMPLETED);
    memory_orders_check_timelines(world->db);
}

Test(advance_orders, park_what_does_not_fit_and_let_it_come_again)
{
    OrderId id = place("a", 1, 3, "ok");
    OrderStep early = step_of(id, 91, ORDER_HEARS_PAYMENT_CAPTURED);
    OrderStep stray = step_of((OrderId){ 5 }, 92, ORDER_HEARS_STOCK_RESERVED);
    OrderStep good = step_of(id, 93, ORDER_HEARS_STOCK_RESERVED);
    OrderStep *list[] = { &early, &stray, &good };

    advance_orders(&world->advance, list, 3);
    cr_expect_str_eq(early.status.name, "INVALID_STATE");
    cr_expect_eq(early.status.code, STATUS_FAILED_PRECONDITION);
    cr_expect_str_eq(stray.status.name, "ORDER_NOT_FOUND");
    cr_expect_eq(good.status.code, STATUS_OK);
    cr_expect_eq(find(id)->state, ORDER_PAYING);

    OrderStep *replayed[] = { &early };
    advance_orders(&world->advance, replayed, 1);
    cr_expect_eq(early.status.code, STATUS_OK, "replayed from the dead letters");
    cr_expect_eq(find(id)->state, ORDER_COMPLETED);
}

Test(advance_orders, undo_a_reservation_that_comes_after_the_end)
{
    OrderId id = place("a", 1, 3, "");

    world->silent = true;
    order_world_sweep(world, 901);
    cr_expect_eq(find(id)->state, ORDER_EXPIRED);
    world->silent = false;
    OrderStep late = step_of(id, 91, ORDER_HEARS_STOCK_RESERVED);
    OrderStep *list[] = { &late };
    advance_orders(&world->advance, list, 1);
    cr_expect_eq(late.status.code, STATUS_OK);
    cr_expect_eq(world->db->outbox[world->db->outbox_count - 1].command, ORDER_ASKS_RELEASE);
    order_world_settle(world, 3);
    order_world_check_ended(world);
}

/* -- the n-th port call fails -- */

static bool run_with_fault(Fault fault)
{
    static const char *const tokens[] = { "ok", "no", "lost", "", "ok" };
    static const char *const keys[] = { "a", "b", "c", "d", "e" };

    open_world();
    for (size_t i = 0; i < 5; i++) {
        place(keys[i], i % 2 + 1, 2, tokens[i]);
    }
    world->products[1].reserved = 7; /* so that one is rejected */
    world->fault = fault;
    world->twice = true;
    order_world_settle(world, 4);
    order_world_sweep(world, 15);
    bool fired = world->fault.fired;
    order_world_check(world);
    world->fault = (Fault){ 0 };
    order_world_settle(world, 4);
    order_world_sweep(world, 1000);
    order_world_check_ended(world);
    close_world();
    return fired;
}

Test(advance_orders_faults, lose_double_or_keep_nothing_whichever_call_fails)
{
    for (int after = 0; after < 2; after++) {
        for (int for_ever = 0; for_ever < 2; for_ever++) {
            int n = 1;
            while (
                run_with_fault((Fault){ .countdown = n, .for_ever = for_ever, .after = after }) &&
                n < 300) {
                n++;
            }
            cr_expect_gt(n, 20);
        }
    }
}
