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

TestSuite(place_orders, .init = open_world, .fini = close_world);

static PlaceOrder *ask(uint64_t member, const char *key, uint64_t product, uint32_t quantity)
{
    PlaceOrder *item = order_world_ask(world, member, key, 1, "");

    order_world_add_line(world, item, product, quantity);
    return item;
}

Test(place_orders, stores_priced_orders_and_asks_for_their_stock)
{
    PlaceOrder *item = ask(7, "k", 1, 3);
    order_world_add_line(world, item, 2, 1);
    order_world_place(world);

    cr_assert_eq(item->status.code, STATUS_OK);
    cr_expect_eq(item->order.total.minor, 500);
    cr_expect_eq(item->order.state, ORDER_PENDING);
    cr_expect_str_eq(item->order.lines[1].name, "잔");
    cr_expect_eq(world->db->order_count, 1);
    cr_assert_eq(world->db->outbox_count, 1);
    cr_expect_eq(world->db->outbox[0].command, ORDER_ASKS_RESERVE);
    cr_expect_eq(order_world_gate(world, 1), 7);
    cr_expect_eq(order_world_gate(world, 2), 9);
}

Test(place_orders, answers_a_repeated_request_as_it_was_first_answered)
{
    ask(7, "k", 1, 3);
    order_world_place(world);
    OrderId id = world->items[0].order.id;
    order_world_settle(world, 3);

    PlaceOrder *again = ask(7, "k", 1, 3);
    order_world_place(world);
    cr_assert_eq(again->status.code, STATUS_OK);
    cr_expect(again->replayed);
    cr_expect_eq(again->order.id.value, id.value);
    cr_expect_eq(again->order.state, ORDER_PENDING, "it is RESERVED by now");
    cr_expect_eq(again->order.version, 1);
    cr_expect_eq(again->order.updated_at_us, again->order.created_at_us);
    cr_expect_eq(world->db->order_count, 1);
    cr_expect_eq(order_world_gate(world, 1), 7);
}

Test(place_orders, refuses_a_key_used_for_another_body_but_not_another_members)
{
    ask(7, "k", 1, 1);
    order_world_place(world);
    PlaceOrder *other = order_world_ask(world, 7, "k", 2, "");
    order_world_add_line(world, other, 1, 2);
    PlaceOrder *neighbour = ask(8, "k", 1, 1);
    order_world_place(world);

    cr_expect_str_eq(other->status.name, "IDEMPOTENCY_KEY_REUSED");
    cr_expect_eq(other->status.code, STATUS_INVALID_ARGUMENT);
    cr_expect_eq(neighbour->status.code, STATUS_OK);
    cr_expect_not(neighbour->replayed);
}

Test(place_orders, answers_one_request_once_within_a_batch)
{
    PlaceOrder *first = ask(7, "k", 1, 3);
    PlaceOrder *twin = ask(7, "k", 1, 3);
    PlaceOrder *other = order_world_ask(world, 7, "k", 2, "");
    order_world_add_line(world, other, 1, 1);
    order_world_place(world);

    cr_expect_eq(first->status.code, STATUS_OK);
    cr_expect_not(first->replayed);
    cr_expect_eq(twin->status.code, STATUS_OK);
    cr_expect(twin->replayed);
    cr_expect_eq(twin->order.id.value, first->order.id.value);
    cr_assert_eq(twin->order.line_count, 1);
    cr_expect_neq(twin->order.lines, first->order.lines, "those go with the first's answer");
    cr_expect_str_eq(twin->order.lines[0].name, "tea");
    cr_expect_null(twin->leader);
    cr_expect_str_eq(other->status.name, "IDEMPOTENCY_KEY_REUSED");
    cr_expect_eq(world->db->order_count, 1);
    cr_expect_eq(order_world_gate(world, 1), 7);
}

static PlaceOrder *ask_otherwise(uint64_t member, const char *key, uint32_t quantity)
{
    PlaceOrder *item = order_world_ask(world, member, key, 2, "");

    order_world_add_line(world, item, 1, quantity);
    return item;
}

Test(place_orders, answers_the_owner_of_a_stored_key_whoever_comes_first_in_the_batch)
{
    PlaceOrder *first = ask(7, "k", 1, 3);
    order_world_place(world);
    OrderId id = first->order.id;

    PlaceOrder *thief = ask_otherwise(7, "k", 1);
    PlaceOrder *owner = ask(7, "k", 1, 3);
    PlaceOrder *twin = ask(7, "k", 1, 3);
    order_world_place(world);
    cr_expect_str_eq(thief->status.name, "IDEMPOTENCY_KEY_REUSED");
    cr_expect_eq(owner->status.code, STATUS_OK);
    cr_expect_eq(owner->order.id.value, id.value);
    cr_expect(owner->replayed && twin->replayed);
    cr_expect_eq(twin->order.id.value, id.value);
    cr_expect_eq(world->db->order_count, 1);
}

Test(place_orders, asks_another_request_to_come_again_if_the_first_with_its_key_failed)
{
    PlaceOrder *first = ask(7, "k", 1, 11);
    PlaceOrder *twin = ask(7, "k", 1, 11);
    PlaceOrder *other = ask_otherwise(7, "k", 1);
    order_world_place(world);
    cr_expect_str_eq(first->status.name, "OUT_OF_STOCK");
    cr_expect_str_eq(twin->status.name, "OUT_OF_STOCK");
    cr_expect_eq(twin->shortage_count, 1);
    cr_expect_str_eq(other->status.name, "IDEMPOTENCY_IN_FLIGHT");
    cr_expect_eq(other->status.code, STATUS_ABORTED);

    other = ask_otherwise(7, "k", 1);
    order_world_place(world);
    cr_expect_eq(other->status.code, STATUS_OK);
}

Test(place_orders, does_not_use_up_the_key_of_a_failed_request)
{
    PlaceOrder *item = ask(7, "k", 1, 11);
    order_world_place(world);
    cr_expect_str_eq(item->status.name, "OUT_OF_STOCK");
    item = order_world_ask(world, 7, "k", 2, "");
    order_world_add_line(world, item, 1, 1);
    order_world_place(world);
    cr_expect_eq(item->status.code, STATUS_OK);
}

Test(place_orders, names_the_line_of_a_product_that_is_not_sold)
{
    PlaceOrder *unknown = ask(7, "a", 1, 1);
    order_world_add_line(world, unknown, 99, 1);
    world->products[2].archived = true;
    PlaceOrder *archived = ask(7, "b", 3, 1);
    PlaceOrder *good = ask(7, "c", 1, 1);
    order_world_place(world);

    cr_expect_str_eq(unknown->status.name, "PRODUCT_NOT_FOUND");
    cr_expect_eq(unknown->status.code, STATUS_NOT_FOUND);
    cr_expect_eq(unknown->position, 1);
    cr_expect_str_eq(archived->status.name, "PRODUCT_NOT_FOUND");
    cr_expect_eq(archived->position, 0);
    cr_expect_eq(good->status.code, STATUS_OK);
    cr_expect_eq(order_world_gate(world, 1), 9);
}

Test(place_orders, keeps_to_the_total_the_client_saw)
{
    PlaceOrder *old = ask(7, "a", 1, 2);
    old->has_expected_total = true;
    old->expected_total = (Money){ 199 };
    PlaceOrder *fresh = ask(7, "b", 1, 2);
    fresh->has_expected_total = true;
    fresh->expected_total = (Money){ 200 };
    order_world_place(world);

    cr_expect_str_eq(old->status.name, "PRICE_CHANGED");
    cr_expect_eq(fresh->status.code, STATUS_OK);
    cr_expect_eq(order_world_gate(world, 1), 8);
}

Test(place_orders, sells_units_not_orders_and_gives_back_what_a_refused_order_held)
{
    PlaceOrder *six = ask(7, "a", 1, 6);
    PlaceOrder *five = ask(7, "b", 1, 5);
    PlaceOrder *both = ask(7, "c", 1, 4);
    order_world_add_line(world, both, 2, 11);
    order_world_place(world);

    cr_expect_eq(six->status.code, STATUS_OK);
    cr_expect_str_eq(five->status.name, "OUT_OF_STOCK");
    cr_assert_eq(five->shortage_count, 1);
    cr_expect_eq(five->shortages[0].requested, 5);
    cr_expect_str_eq(both->status.name, "OUT_OF_STOCK");
    cr_expect_eq(both->shortages[0].product.value, 2);
    cr_expect_eq(both->shortages[0].available, 10);
    cr_expect_eq(order_world_gate(world, 1), 4);
    cr_expect_eq(order_world_gate(world, 2), 10);

    PlaceOrder *four = ask(7, "d", 1, 4);
    order_world_place(world);
    cr_expect_eq(four->status.code, STATUS_OK);
}

Test(place_orders, sells_what_a_refused_order_of_the_batch_held_to_the_next_one)
{
    PlaceOrder *greedy = ask(7, "a", 1, 10);    /* all there is, */
    order_world_add_line(world, greedy, 2, 11); /* but not of this */
    PlaceOrder *modest = ask(7, "b", 1, 4);
    PlaceOrder *twin = ask(7, "b", 1, 4);
    PlaceOrder *late = ask(7, "c", 1, 7);
    order_world_place(world);

    cr_expect_str_eq(greedy->status.name, "OUT_OF_STOCK");
    cr_assert_eq(greedy->shortage_count, 1);
    cr_expect_eq(greedy->shortages[0].product.value, 2);
    cr_expect_eq(modest->status.code, STATUS_OK);
    cr_expect_eq(twin->order.id.value, modest->order.id.value);
    cr_expect_str_eq(late->status.name, "OUT_OF_STOCK");
    cr_assert_eq(late->shortage_count, 1);
    cr_expect_eq(late->shortages[0].available, 6);
    cr_expect_eq(world->db->order_count, 1);
    cr_expect_eq(order_world_gate(world, 1), 6);
    cr_expect_eq(order_world_gate(world, 2), 10);
}

Test(place_orders, asks_to_try_again_when_the_store_gave_up_on_its_locks)
{
    PlaceOrder *item = ask(7, "a", 1, 1);

    ask(7, "b", 1, 1);
    /* requests, catalog, hold, append */
    world->fault = (Fault){ .countdown = 4, .for_ever = true, .code = STATUS_ABORTED };
    order_world_place(world);
    cr_expect(world->fault.fired);
    cr_expect_eq(item->status.code, STATUS_UNAVAILABLE, "%s", item->status.name);
    cr_expect_eq(world->db->order_count, 0);
}

Test(place_orders, goes_on_without_the_gate)
{
    ask(7, "a", 1, 1);
    order_world_place(world);
    /* the gate is the third port asked: requests, catalog, hold */
    world->fault = (Fault){ .countdown = 3 };
    PlaceOrder *item = ask(7, "b", 1, 9999);
    order_world_place(world);
    cr_expect(world->fault.fired);
    cr_expect_eq(item->status.code, STATUS_OK);
    order_world_settle(world, 3);
    cr_expect_eq(memory_orders_find(world->db, item->order.id)->state, ORDER_CANCELLED,
                 "the ledger decides");
}

Test(place_orders, reads_back_what_became_of_a_commit_that_was_cut_off)
{
    ask(7, "a", 1, 1);
    order_world_place(world);
    /* requests, catalog, hold, append: stored, but nobody heard so */
    world->fault = (Fault){ .countdown = 4, .after = true };
    PlaceOrder *item = ask(7, "b", 1, 2);
    order_world_place(world);
    cr_expect(world->fault.fired);
    cr_expect_eq(item->status.code, STATUS_OK);
    cr_expect_eq(world->db->order_count, 2);
    cr_expect_eq(order_world_gate(world, 1), 7);

    /* and the look back fails too */
    world->fault = (Fault){ .countdown = 4, .after = true, .for_ever = true };
    item = ask(7, "c", 1, 2);
    order_world_place(world);
    cr_expect_eq(item->status.code, STATUS_UNKNOWN);
    cr_expect_eq(order_world_gate(world, 1), 5, "it may be there: the hold stays");
}

Test(place_orders, does_not_start_what_nobody_waits_for)
{
    PlaceOrder *late = ask(7, "a", 1, 1);
    late->deadline_us = world->clock.now_us;
    PlaceOrder *early = ask(7, "b", 1, 1);
    order_world_place(world);
    cr_expect_eq(late->status.code, STATUS_DEADLINE_EXCEEDED);
    cr_expect_eq(early->status.code, STATUS_OK);
    cr_expect_eq(order_world_gate(world, 1), 9);
}

Test(place_orders, sets_an_order_apart_whose_id_is_taken)
{
    PlaceOrder *items[5];
    static const char *const keys[] = { "a", "b", "c", "d", "e" };

    ask(7, "z", 1, 1);
    order_world_place(world);
    OrderId taken = world->items[0].order.id;
    for (size_t i = 0; i < 5; i++) {
        items[i] = ask(7, keys[i], 2, 1);
    }
    items[3]->order.id = taken;
    order_world_place(world);
    for (size_t i = 0; i < 5; i++) {
        cr_expect_eq(items[i]->status.code, i == 3 ? STATUS_UNAVAILABLE : STATUS_OK, "%zu", i);
    }
    cr_expect_eq(world->db->order_count, 5);
    cr_expect_eq(order_world_gate(world, 2), 6);
    order_world_check(world);
}

/* Another process stores the same request between our look and our commit. */
static const OrderStoreOps *real_ops;
static int races;

static Status raced_append(OrderStore *store, const NewOrder *orders, size_t count)
{
    if (races > 0) {
        Order order = *orders[1].order;
        NewOrder theirs = { &order, orders[1].key };

        races--;
        order.id.value += 1000;
        Status status = real_ops->append(store, &theirs, 1);
        cr_assert_not(status_failed(status));
    }
    return real_ops->append(store, orders, count);
}

Test(place_orders, gives_the_answer_of_the_process_that_won_the_race)
{
    OrderStoreOps ops = *world->place_store->ops;
    PlaceOrder *items[3];

    real_ops = world->place_store->ops;
    races = 1;
    ops.append = raced_append;
    world->place_store->ops = &ops;
    items[0] = ask(7, "a", 1, 1);
    items[1] = ask(7, "b", 1, 2);
    items[2] = ask(7, "c", 1, 3);
    OrderId ours = items[1]->order.id;
    order_world_place(world);
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(items[i]->status.code, STATUS_OK);
        cr_expect_eq(items[i]->replayed, i == 1);
    }
    cr_expect_eq(items[1]->order.id.value, ours.value + 1000);
    cr_expect_eq(world->db->order_count, 3);
    cr_expect_eq(order_world_gate(world, 1), 10 - 1 - 3, "its own hold went back");
}

/* -- the n-th port call fails -- */

static void ask_for_much(void)
{
    PlaceOrder *item = ask(1, "a", 1, 4);
    order_world_add_line(world, item, 2, 4);
    ask(2, "b", 1, 7);
    ask(3, "c", 2, 6);
    ask(3, "c", 2, 6);
    ask(4, "d", 3, 10);
    item = ask(5, "e", 4, 1);
    order_world_add_line(world, item, 1, 6);
}

static void expect_told_the_truth(void)
{
    for (size_t i = 0; i < 6; i++) {
        const PlaceOrder *item = &world->items[i];
        bool stored = memory_orders_find(world->db, item->order.id) != NULL;

        if (item->status.code != STATUS_UNKNOWN) {
            cr_expect_eq(stored, !status_failed(item->status), "%s", item->status.name);
        }
    }
}

static bool place_with_fault(Fault fault)
{
    open_world();
    world->fault = fault;
    ask_for_much();
    order_world_place(world);
    bool fired = world->fault.fired;
    expect_told_the_truth();
    order_world_check(world);

    world->fault = (Fault){ 0 };
    ask_for_much(); /* the same keys again */
    order_world_place(world);
    for (size_t i = 0; i < 6; i++) {
        const PlaceOrder *item = &world->items[i];
        cr_expect(!status_failed(item->status) || strcmp(item->status.name, "OUT_OF_STOCK") == 0,
                  "%s", item->status.name);
    }
    cr_expect_leq(world->db->order_count, 5, "one order a key");
    order_world_settle(world, 3);
    order_world_sweep(world, SWEEP_HOLD_AGE_S + 20);
    order_world_check(world);
    for (uint64_t product = 1; product <= WORLD_PRODUCTS; product++) {
        int64_t gate = order_world_gate(world, product);
        cr_expect(gate == INT64_MIN || gate == order_world_truth(world, product),
                  "product %d: gate %d, truth %d", (int)product, (int)gate,
                  (int)order_world_truth(world, product));
    }
    order_world_sweep(world, 1000);
    order_world_check_ended(world);
    close_world();
    return fired;
}

Test(place_orders_faults, lose_double_or_keep_nothing_whichever_call_fails)
{
    for (int after = 0; after < 2; after++) {
        for (int for_ever = 0; for_ever < 2; for_ever++) {
            int n = 1;
            while (
                place_with_fault((Fault){ .countdown = n, .for_ever = for_ever, .after = after })) {
                n++;
            }
            cr_expect_gt(n, 5, "every port was called and failed once");
        }
    }
}
