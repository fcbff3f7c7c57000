#include <criterion/criterion.h>
#include <stdio.h>

#include "services/order/adapters/memory_stock_gate.h"
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

TestSuite(sweep_orders, .init = open_world, .fini = close_world);

static OrderId place(const char *key, uint64_t product, uint32_t quantity, const char *token)
{
    PlaceOrder *item = order_world_ask(world, 7, key, 1, token);

    order_world_add_line(world, item, product, quantity);
    order_world_place(world);
    cr_assert_eq(item->status.code, STATUS_OK);
    return item->order.id;
}

static OrderState state_of(OrderId id)
{
    return memory_orders_find(world->db, id)->state;
}

Test(sweep_orders, asks_again_for_orders_that_hear_nothing)
{
    world->silent = true;
    OrderId id = place("a", 1, 3, "ok");
    order_world_settle(world, 3);
    cr_expect_eq(world->db->outbox_count, 1);
    order_world_sweep(world, 9);
    cr_expect_eq(world->db->outbox_count, 1, "not yet");
    order_world_sweep(world, 3);
    cr_expect_eq(world->db->outbox_count, 2);
    cr_expect_neq(world->db->outbox[1].id, world->db->outbox[0].id);
    order_world_sweep(world, 5);
    cr_expect_eq(world->db->outbox_count, 2, "it leaves them time to answer");
    world->silent = false;
    order_world_sweep(world, 11);
    cr_expect_eq(state_of(id), ORDER_COMPLETED);
    cr_expect_eq(memory_orders_find(world->db, id)->version, 4, "repeats leave no trace");
    order_world_check_ended(world);
}

/* Unpaid orders of one unit. */
static size_t place_many(int batches)
{
    enum {
        EACH = 128
    };

    world->products[0].on_hand = 10000;
    for (int i = 0; i < batches; i++) {
        for (int j = 0; j < EACH; j++) {
            char key[32];

            (void)snprintf(key, sizeof key, "%d-%d", i, j);
            order_world_add_line(world, order_world_ask(world, 7, key, 1, ""), 1, 1);
        }
        order_world_place(world);
    }
    cr_assert_eq(world->db->order_count, (size_t)batches * EACH);
    return world->db->order_count;
}

Test(sweep_orders, repeats_for_new_orders_though_a_thousand_are_stuck)
{
    world->silent = true;
    size_t stuck = place_many(7);
    order_world_sweep(world, 11);
    cr_expect_eq(world->db->outbox_count, stuck + SWEEP_STALLED_MAX);
    order_world_sweep(world, 1);
    cr_expect_eq(world->db->outbox_count, 2 * stuck, "the rest had its turn next");
    OrderId id = place("new", 2, 1, "");
    order_world_sweep(world, 12);
    size_t of_new = 0;
    for (size_t i = 0; i < world->db->outbox_count; i++) {
        of_new += world->db->outbox[i].order.id.value == id.value;
    }
    cr_expect_eq(of_new, 2);
}

Test(sweep_orders, repeats_less_and_less_often)
{
    static const struct {
        int seconds;
        size_t repeats; /* by then */
    } rows[] = {
        { 10, 0 }, { 11, 1 },  { 21, 1 },  { 22, 2 },  { 43, 2 },  { 44, 3 },  { 87, 3 },
        { 88, 4 }, { 175, 4 }, { 176, 5 }, { 351, 5 }, { 352, 6 }, { 651, 6 }, { 652, 7 }
    };
    int at = 0;

    world->silent = true;
    place("a", 1, 1, "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        order_world_sweep(world, rows[i].seconds - at);
        at = rows[i].seconds;
        cr_expect_eq(world->db->outbox_count, 1 + rows[i].repeats, "after %d s", at);
    }
}

Test(sweep_orders, gives_up_an_order_that_was_asked_for_in_vain_for_a_day)
{
    OrderId paying = place("a", 1, 3, "lost");
    OrderId expired = place("b", 2, 1, "");
    order_world_settle(world, 3);
    cr_assert_eq(state_of(paying), ORDER_PAYING);
    cr_assert_eq(memory_orders_find(world->db, paying)->payment, ORDER_PAYMENT_UNKNOWN);
    world->silent = true;
    order_world_sweep(world, 901);
    cr_assert_eq(state_of(expired), ORDER_EXPIRED);

    world->clock.now_us += ORDER_LOST_AFTER_US - 300 * US_PER_S;
    size_t asked = world->db->outbox_count;
    order_world_sweep(world, 1);
    cr_expect_eq(world->db->outbox_count, asked + 2, "after a day of our own absence");
    order_world_sweep(world, 299);
    cr_expect_eq(state_of(paying), ORDER_PAYING);
    order_world_sweep(world, 2);
    cr_expect_eq(state_of(paying), ORDER_NEEDS_REVIEW);
    order_world_sweep(world, 700);
    cr_expect_eq(state_of(expired), ORDER_NEEDS_REVIEW);
    cr_expect_str_eq(memory_orders_find(world->db, expired)->reason, "STALLED");
    asked = world->db->outbox_count;
    order_world_sweep(world, 400);
    cr_expect_eq(world->db->outbox_count, asked, "nobody is asked any more");
    order_world_check(world);
}

Test(sweep_orders, asks_again_for_a_release_that_nobody_confirms)
{
    OrderId id = place("a", 1, 3, "");
    order_world_settle(world, 3);
    cr_expect_eq(state_of(id), ORDER_RESERVED);
    world->silent = true;
    order_world_sweep(world, 901);
    cr_expect_eq(state_of(id), ORDER_EXPIRED);
    cr_expect_eq(world->products[0].reserved, 3, "the broker lost the release");
    world->silent = false;
    order_world_sweep(world, 12);
    cr_expect_eq(world->products[0].reserved, 0);
    order_world_check_ended(world);
}

Test(sweep_orders, ends_unpaid_orders_when_their_time_is_over_but_never_while_paying)
{
    OrderId reserved = place("a", 1, 3, "");
    OrderId paying = place("b", 2, 3, "ok");
    order_world_settle(world, 1000);
    cr_expect_eq(state_of(paying), ORDER_COMPLETED);
    OrderId stuck = place("c", 3, 1, "lost");
    order_world_settle(world, 3);
    world->silent = true;
    order_world_sweep(world, 899);
    cr_expect_eq(state_of(reserved), ORDER_RESERVED);
    order_world_sweep(world, 2);
    cr_expect_eq(state_of(reserved), ORDER_EXPIRED);
    cr_expect_eq(state_of(stuck), ORDER_PAYING);
}

static size_t count_expired(void)
{
    size_t count = 0;

    for (size_t i = 0; i < world->db->order_count; i++) {
        count += world->db->orders[i].state == ORDER_EXPIRED;
    }
    return count;
}

Test(sweep_orders, ends_thousands_of_unpaid_orders_in_a_turn_but_not_all_at_once)
{
    enum {
        CAP = SWEEP_EXPIRED_PASSES * SWEEP_EXPIRED_MAX
    };
    size_t all = place_many(CAP / 128 + 2);

    order_world_settle(world, 3);
    world->clock.now_us += 901 * US_PER_S;
    order_world_sweep(world, 1);
    cr_expect_eq(count_expired(), CAP, "no storm after a clock jump");
    order_world_sweep(world, 1);
    cr_expect_eq(count_expired(), all);
    order_world_check(world);
}

static const OrderStoreOps *whole_ops;

static Status fail_to_find_over(OrderStore *store, const OrderDue *due, OrderId *ret_ids,
                                size_t *ret_count)
{
    return due->event == ORDER_HOLD_OVER ? status_make(STATUS_INTERNAL, "INTERNAL")
                                         : whole_ops->find_due(store, due, ret_ids, ret_count);
}

Test(sweep_orders, asks_again_though_holds_cannot_be_ended)
{
    OrderId moved[SWEEP_MOVED_MAX];
    SweepReport report;
    size_t count;

    whole_ops = world->sweep_store->ops;
    OrderStoreOps ops = *whole_ops;
    ops.find_due = fail_to_find_over;
    world->sweep_store->ops = &ops;
    world->silent = true;
    place("a", 1, 3, "ok");
    world->clock.now_us += 11 * US_PER_S;
    sweep_orders(&world->sweep, moved, &count, &report);
    cr_expect_eq(report.orders.code, STATUS_INTERNAL);
    cr_expect_eq(report.repeated, 1);
    cr_expect_eq(count, 1);
    world->sweep_store->ops = whole_ops;
}

Test(sweep_orders, gives_back_a_hold_whose_order_was_never_stored)
{
    StockHold hold = { .product = { 1 },
                       .order = { id_floor(world->clock.now_us) },
                       .quantity = 4 };

    place("a", 1, 3, "ok");
    order_world_settle(world, 3);
    cr_assert_eq(world->gate->ops->hold(world->gate, &hold, 1).code, STATUS_OK);
    cr_expect_eq(order_world_gate(world, 1), 3);
    order_world_sweep(world, SWEEP_HOLD_AGE_S - 1);
    cr_expect_eq(order_world_gate(world, 1), 3, "it may be on its way");
    order_world_sweep(world, 2);
    cr_expect_eq(order_world_gate(world, 1), 7);
}

Test(sweep_orders, puts_a_drifted_gate_right_in_either_direction)
{
    place("a", 1, 3, "ok");
    place("b", 2, 3, "ok");
    order_world_settle(world, 3);
    world->gate->ops->correct(world->gate, (ProductId){ 1 }, 7, 9);
    world->gate->ops->correct(world->gate, (ProductId){ 2 }, 7, 1);
    order_world_sweep(world, 1);
    cr_expect_eq(order_world_gate(world, 1), 9, "seen once");
    order_world_sweep(world, 2);
    cr_expect_eq(order_world_gate(world, 1), 7);
    cr_expect_eq(order_world_gate(world, 2), 7);
}

Test(sweep_orders, leaves_the_gate_alone_while_it_is_right)
{
    place("a", 1, 3, "");
    world->silent = true; /* it stays PENDING */
    order_world_sweep(world, 30);
    cr_expect_eq(order_world_gate(world, 1), 7);
    cr_expect_eq(order_world_truth(world, 1), 7);
}

Test(sweep_orders, heals_a_gate_that_lost_everything)
{
    OrderId id = place("a", 1, 3, "");
    order_world_settle(world, 3);
    order_memory_gate_flush(world->gate);
    place("b", 1, 2, "ok");
    cr_expect_eq(order_world_gate(world, 1), 5, "rebuilt from the truth");
    order_world_settle(world, 3);
    order_world_sweep(world, 920);
    cr_expect_eq(state_of(id), ORDER_EXPIRED);
    cr_expect_eq(order_world_gate(world, 1), 8, "though the hold was forgotten");
}

Test(sweep_orders, forgets_request_keys_after_two_days)
{
    place("a", 1, 3, "ok");
    order_world_settle(world, 3);
    world->clock.now_us += (SWEEP_KEY_HOURS * 3600 - 5) * US_PER_S;
    order_world_sweep(world, 4);
    cr_expect_eq(world->db->key_count, 1);
    order_world_sweep(world, 3);
    cr_expect_eq(world->db->key_count, 0);
}
