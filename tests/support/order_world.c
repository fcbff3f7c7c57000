#include "tests/support/order_world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "services/order/adapters/memory_stock_gate.h"

#define WORLD_START_US INT64_C(1790000000000000)

/* -- clock, catalog, gate -- */

static int64_t now_of(const Clock *clock)
{
    return ((const WorldClock *)clock)->now_us;
}

static const ClockOps clock_ops = { now_of, now_of };

static OrderWorld *world_of_catalog(Catalog *catalog)
{
    return (OrderWorld *)((char *)catalog - offsetof(OrderWorld, catalog));
}

static Status catalog_get(Catalog *catalog, Arena *arena, const ProductId *ids, size_t count,
                          CatalogProduct **ret_products, size_t *ret_count)
{
    OrderWorld *world = world_of_catalog(catalog);
    CatalogProduct *products = arena_calloc(arena, count, sizeof *products);
    size_t found = 0;

    if (fault_before(&world->fault) || fault_after(&world->fault)) {
        return status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    }
    for (size_t i = 0; i < count; i++) {
        assert(i == 0 || ids[i - 1].value < ids[i].value);
        if (ids[i].value > WORLD_PRODUCTS) {
            continue;
        }
        const WorldProduct *product = &world->products[ids[i].value - 1];
        products[found++] = (CatalogProduct){ ids[i],
                                              product->name,
                                              { product->price },
                                              product->on_hand - product->reserved,
                                              !product->archived };
    }
    *ret_products = products;
    *ret_count = found;
    return status_ok();
}

static const CatalogOps catalog_ops = { catalog_get };

static OrderWorld *world_of_gate(StockGate *gate)
{
    return (OrderWorld *)((char *)gate - offsetof(OrderWorld, faulty_gate));
}

/* After the effect a caller gets no answers: they are wiped. */
static Status gate_hold(StockGate *gate, StockHold *holds, size_t count)
{
    OrderWorld *world = world_of_gate(gate);

    if (fault_before(&world->fault)) {
        return fault_status(&world->fault);
    }
    Status status = world->gate->ops->hold(world->gate, holds, count);
    if (!fault_after(&world->fault)) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        holds[i].answer = HOLD_UNTOLD;
    }
    return fault_status(&world->fault);
}

static Status gate_settle(StockGate *gate, const HoldSettlement *ends, size_t count)
{
    OrderWorld *world = world_of_gate(gate);

    if (fault_before(&world->fault)) {
        return fault_status(&world->fault);
    }
    Status status = world->gate->ops->settle(world->gate, ends, count);
    return fault_after(&world->fault) ? fault_status(&world->fault) : status;
}

static Status gate_restore(StockGate *gate, const ProductId *products, const int64_t *units,
                           size_t count)
{
    OrderWorld *world = world_of_gate(gate);

    if (fault_before(&world->fault)) {
        return fault_status(&world->fault);
    }
    Status status = world->gate->ops->restore(world->gate, products, units, count);
    return fault_after(&world->fault) ? fault_status(&world->fault) : status;
}

static Status gate_scan(StockGate *gate, uint64_t *cursor, ProductId *ret_products, size_t max,
                        size_t *ret_count)
{
    OrderWorld *world = world_of_gate(gate);

    if (fault_before(&world->fault) || fault_after(&world->fault)) {
        return fault_status(&world->fault);
    }
    return world->gate->ops->scan(world->gate, cursor, ret_products, max, ret_count);
}

static Status gate_inspect(StockGate *gate, Arena *arena, OrderId id_below, uint64_t skip,
                           GateView *views, size_t count)
{
    OrderWorld *world = world_of_gate(gate);

    if (fault_before(&world->fault) || fault_after(&world->fault)) {
        return fault_status(&world->fault);
    }
    return world->gate->ops->inspect(world->gate, arena, id_below, skip, views, count);
}

static Status gate_correct(StockGate *gate, ProductId product, int64_t seen, int64_t units)
{
    OrderWorld *world = world_of_gate(gate);

    if (fault_before(&world->fault)) {
        return fault_status(&world->fault);
    }
    Status status = world->gate->ops->correct(world->gate, product, seen, units);
    return fault_after(&world->fault) ? fault_status(&world->fault) : status;
}

static const StockGateOps faulty_ops = {
    gate_hold, gate_settle, gate_restore, gate_scan, gate_inspect, gate_correct,
};

/* -- open, close -- */

OrderWorld *order_world_open(void)
{
    OrderWorld *world = calloc(1, sizeof *world);
    const OrderRules rules = { "KRW", 900 * US_PER_S, 1, 10 * US_PER_S };
    static const char *const names[WORLD_PRODUCTS] = { "tea", "잔", "pot", "spoon" };

    assert(world != NULL);
    world->clock = (WorldClock){ { &clock_ops }, WORLD_START_US };
    for (size_t i = 0; i < WORLD_PRODUCTS; i++) {
        world->products[i] = (WorldProduct){ names[i], 100 * (int64_t)(i + 1), 10, 0, false };
    }
    world->catalog.ops = &catalog_ops;
    world->db = memory_orders_open(&world->fault);
    Status status = order_memory_gate_open(&world->gate);
    assert(!status_failed(status));
    world->faulty_gate.ops = &faulty_ops;
    world->place_store = memory_order_store_open(world->db);
    world->event_store = memory_order_store_open(world->db);
    world->sweep_store = memory_order_store_open(world->db);
    world->place = (PlaceOrders){
        world->place_store, &world->faulty_gate, &world->catalog, &world->clock.clock, rules, { 0 }
    };
    world->advance = (AdvanceOrders){
        world->event_store, &world->faulty_gate, &world->clock.clock, rules, { 0 }
    };
    world->sweep.advance = (AdvanceOrders){
        world->sweep_store, &world->faulty_gate, &world->clock.clock, rules, { 0 }
    };
    world->sweep.catalog = &world->catalog;
    arena_init(&world->place.arena, PLACE_ORDERS_ARENA_BLOCK, PLACE_ORDERS_ARENA_MAX);
    arena_init(&world->advance.arena, ADVANCE_ORDERS_ARENA_BLOCK, ADVANCE_ORDERS_ARENA_MAX);
    arena_init(&world->sweep.advance.arena, ADVANCE_ORDERS_ARENA_BLOCK, ADVANCE_ORDERS_ARENA_MAX);
    return world;
}

void order_world_close(OrderWorld *world)
{
    arena_deinit(&world->place.arena);
    arena_deinit(&world->advance.arena);
    arena_deinit(&world->sweep.advance.arena);
    memory_order_store_close(world->place_store);
    memory_order_store_close(world->event_store);
    memory_order_store_close(world->sweep_store);
    order_memory_gate_close(world->gate);
    memory_orders_close(world->db);
    free(world);
}

/* -- placing -- */

PlaceOrder *order_world_ask(OrderWorld *world, uint64_t member, const char *key, uint8_t body,
                            const char *token)
{
    size_t at = world->item_count++;
    PlaceOrder *item = &world->items[at];

    assert(at < WORLD_ITEMS_MAX && strlen(key) < sizeof world->keys[at]);
    memcpy(world->keys[at], key, strlen(key) + 1);
    *item = (PlaceOrder){ 0 };
    item->order.id.value = id_floor(world->clock.now_us) + ++world->next_id;
    item->order.member.value = member;
    item->order.payment_token = token;
    item->order.trace_parent = "";
    item->order.lines = world->lines[at];
    item->key = (RequestKey){ { member }, world->keys[at], { body } };
    item->deadline_us = world->clock.now_us + 5 * US_PER_S;
    return item;
}

void order_world_add_line(OrderWorld *world, PlaceOrder *item, uint64_t product, uint32_t quantity)
{
    (void)world;
    item->order.lines[item->order.line_count] = (OrderLine){
        .product = { product }, .quantity = quantity, .position = (uint32_t)item->order.line_count
    };
    item->order.line_count++;
}

void order_world_place(OrderWorld *world)
{
    PlaceOrder *list[WORLD_ITEMS_MAX];

    for (size_t i = 0; i < world->item_count; i++) {
        list[i] = &world->items[i];
    }
    place_orders(&world->place, list, world->item_count);
    world->item_count = 0;
}

/* -- product and payment -- */

static WorldOrder *ledger_of(OrderWorld *world, OrderId id)
{
    for (size_t i = 0; i < world->ledger_count; i++) {
        if (world->ledger[i].id.value == id.value) {
            return &world->ledger[i];
        }
    }
    assert(world->ledger_count < WORLD_LEDGER_MAX);
    WorldOrder *entry = &world->ledger[world->ledger_count++];
    *entry = (WorldOrder){ .id = id };
    return entry;
}

static void say(OrderWorld *world, OrderId order, OrderNews news)
{
    OrderStep step = { .event_id = { ++world->next_id + 1000000 },
                       .order_id = order,
                       .news = news,
                       .trace_parent = "" };

    step.news.detail = "";
    for (int i = 0; i < (world->twice ? 2 : 1) && !world->silent; i++) {
        assert(world->answer_count < WORLD_ANSWERS_MAX);
        world->answers[world->answer_count++] = step;
    }
}

static bool fits(const OrderWorld *world, const Order *order)
{
    for (size_t i = 0; i < order->line_count; i++) {
        const WorldProduct *product = &world->products[order->lines[i].product.value - 1];
        if (product->on_hand - product->reserved < order->lines[i].quantity) {
            return false;
        }
    }
    return true;
}

static void reserve(OrderWorld *world, const Order *order, int sign)
{
    for (size_t i = 0; i < order->line_count; i++) {
        world->products[order->lines[i].product.value - 1].reserved +=
            sign * (int64_t)order->lines[i].quantity;
    }
}

static void hear_reserve(OrderWorld *world, WorldOrder *entry, const Order *order)
{
    if (entry->released) {
        say(world, order->id, (OrderNews){ .event = ORDER_HEARS_STOCK_RELEASED });
        return;
    }
    if (!entry->reserved && !entry->rejected) {
        entry->reserved = fits(world, order);
        entry->rejected = !entry->reserved;
        if (entry->reserved) {
            reserve(world, order, 1);
        }
    }
    say(world, order->id,
        (OrderNews){ .event = entry->reserved ? ORDER_HEARS_STOCK_RESERVED
                                              : ORDER_HEARS_STOCK_REJECTED });
}

static void hear_release(OrderWorld *world, WorldOrder *entry, const Order *order)
{
    if (entry->reserved && !entry->released) {
        reserve(world, order, -1);
    }
    entry->released = true;
    say(world, order->id, (OrderNews){ .event = ORDER_HEARS_STOCK_RELEASED });
}

static void hear_charge(OrderWorld *world, WorldOrder *entry, const Order *order)
{
    OrderNews news = { .attempt = order->payment_attempt, .amount = order->total };
    bool lost = strcmp(order->payment_token, "lost") == 0 && entry->attempt == 0;

    if (strcmp(order->payment_token, "no") == 0) {
        news.event = ORDER_HEARS_PAYMENT_DECLINED;
    } else if (lost) {
        news.event = ORDER_HEARS_PAYMENT_UNKNOWN;
    } else {
        entry->captures += entry->captures == 0 ? 1 : 0;
        news.event = ORDER_HEARS_PAYMENT_CAPTURED;
    }
    entry->attempt = order->payment_attempt;
    say(world, order->id, news);
}

static void carry_commands(OrderWorld *world)
{
    while (world->carried < world->db->outbox_count) {
        const MemoryCommand *command = &world->db->outbox[world->carried++];
        WorldOrder *entry = ledger_of(world, command->order.id);

        if (world->silent) {
            continue;
        }
        switch (command->command) {
        case ORDER_ASKS_RESERVE:
            hear_reserve(world, entry, &command->order);
            break;
        case ORDER_ASKS_RELEASE:
            hear_release(world, entry, &command->order);
            break;
        case ORDER_ASKS_CHARGE:
            hear_charge(world, entry, &command->order);
            break;
        case ORDER_ASKS_NOTHING:
            break;
        }
    }
}

static bool is_transient(Status status)
{
    return status.code == STATUS_UNAVAILABLE || status.code == STATUS_UNKNOWN ||
           status.code == STATUS_ABORTED;
}

void order_world_settle(OrderWorld *world, int tries)
{
    int failures = 0;

    carry_commands(world);
    while (world->heard < world->answer_count && failures < tries) {
        OrderStep *list[ADVANCE_ORDERS_MAX];
        size_t count = world->answer_count - world->heard;
        bool failed = false;

        count = count > 7 ? 7 : count; /* small, so that orders meet in many batches */
        for (size_t i = 0; i < count; i++) {
            list[i] = &world->answers[world->heard + i];
        }
        advance_orders(&world->advance, list, count);
        for (size_t i = 0; i < count; i++) {
            failed = failed || is_transient(list[i]->status);
            assert(is_transient(list[i]->status) || !status_failed(list[i]->status));
        }
        failures = failed ? failures + 1 : 0;
        world->heard += failed ? 0 : count;
        carry_commands(world);
    }
}

void order_world_sweep(OrderWorld *world, int seconds)
{
    OrderId moved[SWEEP_MOVED_MAX];
    SweepReport report;
    size_t count;

    for (int i = 0; i < seconds; i++) {
        world->clock.now_us += US_PER_S;
        sweep_orders(&world->sweep, moved, &count, &report);
        order_world_settle(world, 3);
    }
}

/* -- looking -- */

int64_t order_world_gate(OrderWorld *world, uint64_t product)
{
    GateView view = { .product = { product } };
    Arena arena;

    arena_init(&arena, (size_t)16 * 1024, (size_t)1024 * 1024);
    Status status = world->gate->ops->inspect(world->gate, &arena, (OrderId){ 0 }, 0, &view, 1);
    assert(!status_failed(status));
    arena_deinit(&arena);
    return view.known ? view.units : INT64_MIN;
}

int64_t order_world_truth(OrderWorld *world, uint64_t product)
{
    const WorldProduct *stock = &world->products[product - 1];
    int64_t pending = 0;

    for (size_t i = 0; i < world->db->order_count; i++) {
        const Order *order = &world->db->orders[i];

        for (size_t j = 0; order->state == ORDER_PENDING && j < order->line_count; j++) {
            pending += order->lines[j].product.value == product ? order->lines[j].quantity : 0;
        }
    }
    return stock->on_hand - stock->reserved - pending;
}

void order_world_check(OrderWorld *world)
{
    memory_orders_check_timelines(world->db);
    for (size_t i = 0; i < WORLD_PRODUCTS; i++) {
        const WorldProduct *product = &world->products[i];
        assert(product->reserved >= 0 && product->reserved <= product->on_hand);
    }
    for (size_t i = 0; i < world->db->order_count; i++) {
        const Order *order = &world->db->orders[i];
        const WorldOrder *entry = ledger_of(world, order->id);

        assert(order->state != ORDER_COMPLETED || (entry->captures == 1 && entry->reserved));
    }
    for (size_t i = 0; i < world->db->key_count; i++) {
        assert(memory_orders_find(world->db, world->db->keys[i].order) != NULL);
    }
}

void order_world_check_ended(OrderWorld *world)
{
    order_world_check(world);
    for (size_t i = 0; i < world->db->order_count; i++) {
        const Order *order = &world->db->orders[i];
        const WorldOrder *entry = ledger_of(world, order->id);

        assert(order_state_is_final(order->state));
        assert(!order->open);
        assert(order->payment_token[0] == '\0');
        if (order->state == ORDER_COMPLETED) {
            assert(!entry->released);
        } else {
            assert(entry->captures == 0);
            assert(!entry->reserved || entry->released);
        }
    }
    for (uint64_t product = 1; product <= WORLD_PRODUCTS; product++) {
        int64_t gate = order_world_gate(world, product);
        assert(gate == INT64_MIN || gate == order_world_truth(world, product));
    }
}
