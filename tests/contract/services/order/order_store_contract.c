#include "tests/contract/services/order/order_store_contract.h"

#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"

#define START_US INT64_C(1790000000123456)
#define TRACE    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

enum {
    SAMPLES = 8,
    SAMPLE_LINES = 3
};

static const OrderRules rules = { "KRW", 900 * US_PER_S, 1, 10 * US_PER_S };

/* Orders 1.. as they come from the domain: order i has i % 3 + 1 lines. */
typedef struct Samples {
    Arena arena;
    Order orders[SAMPLES];
    OrderLine lines[SAMPLES][SAMPLE_LINES];
    RequestKey keys[SAMPLES];
    NewOrder news[SAMPLES];
} Samples;

static Samples *make_samples(void)
{
    static const char *const names[SAMPLES] = { "key-0", "key-1", "key-2", "key-3",
                                                "key-4", "key-5", "key-6", "~!'\"" };
    Samples *samples = calloc(1, sizeof *samples);

    assert(samples != NULL);
    arena_init(&samples->arena, (size_t)64 * 1024, (size_t)16 * 1024 * 1024);
    for (size_t i = 0; i < SAMPLES; i++) {
        Order *order = &samples->orders[i];

        for (size_t j = 0; j < SAMPLE_LINES; j++) {
            samples->lines[i][j] = (OrderLine){ .product = { 10 * j + 1 },
                                                .name = j == 1 ? "찻잔 ☕" : "tea",
                                                .quantity = (uint32_t)(i + j + 1),
                                                .unit_price = { 1000 * (int64_t)(j + 1) },
                                                .position = (uint32_t)j };
        }
        *order = (Order){ .id = { id_floor(START_US) + i },
                          .member = { 70 + i / 4 },
                          .payment_token = i % 2 == 0 ? "tok_ok" : "",
                          .trace_parent = i % 2 == 0 ? TRACE : "",
                          .lines = samples->lines[i],
                          .line_count = i % SAMPLE_LINES + 1 };
        Status status = order_place(order, &rules, START_US + (int64_t)i);
        assert(!status_failed(status));
        samples->keys[i] = (RequestKey){ order->member, names[i], { (uint8_t)(0xf0 + i), 0, 7 } };
        samples->news[i] = (NewOrder){ order, &samples->keys[i] };
    }
    return samples;
}

static void free_samples(Samples *samples)
{
    arena_deinit(&samples->arena);
    free(samples);
}

static void append(OrderStore *store, const Samples *samples, size_t count)
{
    Status status = store->ops->append(store, samples->news, count);

    assert(!status_failed(status));
}

static const Order *find(OrderStore *store, Samples *samples, OrderId id)
{
    Order *order = NULL;
    Status status = store->ops->find_orders(store, &samples->arena, &id, 1, &order);

    assert(!status_failed(status));
    return order;
}

static void expect_same(const Order *left, const Order *right)
{
    assert(left->id.value == right->id.value && left->member.value == right->member.value);
    assert(left->state == right->state && strcmp(left->reason, right->reason) == 0);
    assert(left->total.minor == right->total.minor);
    assert(strcmp(left->currency, right->currency) == 0);
    assert(left->item_count == right->item_count && left->payment == right->payment);
    assert(left->payment_attempt == right->payment_attempt);
    assert(strcmp(left->payment_token, right->payment_token) == 0);
    assert(strcmp(left->trace_parent, right->trace_parent) == 0);
    assert(left->hold_expires_at_us == right->hold_expires_at_us);
    assert(left->created_at_us == right->created_at_us);
    assert(left->updated_at_us == right->updated_at_us);
    assert(left->version == right->version && left->open == right->open);
    assert(left->line_count == right->line_count);
    for (size_t i = 0; i < left->line_count; i++) {
        assert(left->lines[i].product.value == right->lines[i].product.value);
        assert(strcmp(left->lines[i].name, right->lines[i].name) == 0);
        assert(left->lines[i].quantity == right->lines[i].quantity);
        assert(left->lines[i].unit_price.minor == right->lines[i].unit_price.minor);
        assert(left->lines[i].line_total.minor == right->lines[i].line_total.minor);
    }
}

static void finds_orders_as_they_were_stored(OrderStore *store, OrderStore *other)
{
    Samples *samples = make_samples();
    const OrderId ids[] = {
        samples->orders[6].id, { 5 }, samples->orders[0].id, samples->orders[6].id
    };
    Order *found[4] = { NULL };

    append(store, samples, SAMPLES);
    Status status = other->ops->find_orders(other, &samples->arena, ids, 4, found);
    assert(!status_failed(status));
    assert(found[1] == NULL);
    expect_same(found[0], &samples->orders[6]);
    expect_same(found[2], &samples->orders[0]);
    expect_same(found[3], &samples->orders[6]);
    free_samples(samples);
}

static void knows_requests_by_member_and_key(OrderStore *store, OrderStore *other)
{
    Samples *samples = make_samples();
    RequestKey stranger = { { 999 }, "key-1", { 1 } };
    RequestKey unused = { { 70 }, "key-9", { 1 } };
    const RequestKey *asked[] = { &samples->keys[7], &stranger, &samples->keys[1], &unused,
                                  &samples->keys[7] };
    RequestRecord records[5];

    append(store, samples, SAMPLES);
    Status status = other->ops->find_requests(other, asked, 5, records);
    assert(!status_failed(status));
    assert(records[0].found && records[0].order.value == samples->orders[7].id.value);
    assert(memcmp(records[0].hash, samples->keys[7].hash, REQUEST_HASH_SIZE) == 0);
    assert(!records[1].found && !records[3].found);
    assert(records[2].found && records[2].order.value == samples->orders[1].id.value);
    assert(records[4].found && records[4].order.value == samples->orders[7].id.value);
    free_samples(samples);
}

static void stores_all_or_nothing(OrderStore *store, OrderStore *other)
{
    Samples *samples = make_samples();
    OrderId ids[SAMPLES];
    bool exist[SAMPLES];

    append(store, samples, 1);
    samples->keys[4] = samples->keys[0]; /* a taken key, in the middle of a batch */
    Status status = other->ops->append(other, &samples->news[1], SAMPLES - 1);
    assert(status.code == STATUS_ALREADY_EXISTS);
    for (size_t i = 0; i < SAMPLES; i++) {
        ids[i] = samples->orders[i].id;
    }
    status = store->ops->confirm(store, ids, SAMPLES, exist);
    assert(!status_failed(status));
    for (size_t i = 0; i < SAMPLES; i++) {
        assert(exist[i] == (i == 0));
    }
    samples->keys[4].text = "another";
    samples->orders[5].id = samples->orders[0].id; /* a taken id */
    status = other->ops->append(other, &samples->news[1], SAMPLES - 1);
    assert(status.code == STATUS_ALREADY_EXISTS);
    samples->orders[5].id.value += 100;
    status = other->ops->append(other, &samples->news[1], SAMPLES - 1);
    assert(!status_failed(status));
    free_samples(samples);
}

/* -- advancing -- */

static void decide(const void *context, OrderStep *step, Order *order)
{
    const int64_t *now_us = context;

    step->status = order_advance(order, &step->news, &rules, *now_us, &step->outcome);
}

static OrderStep step_of(OrderId id, uint64_t event_id, OrderEvent event)
{
    return (OrderStep){ .event_id = { event_id },
                        .order_id = id,
                        .news = { .event = event, .attempt = 1, .detail = "said so" },
                        .trace_parent = "" };
}

static Status advance(OrderStore *store, Samples *samples, OrderStep *steps, size_t count,
                      int64_t now_us)
{
    OrderStep *list[16];
    OrderDecision decision = { decide, &now_us, now_us };

    assert(count <= 16);
    for (size_t i = 0; i < count; i++) {
        steps[i].order = NULL;
        steps[i].outcome = (OrderOutcome){ 0 };
        steps[i].status = status_ok();
        list[i] = &steps[i];
    }
    return store->ops->advance(store, &samples->arena, list, count, &decision);
}

static void moves_orders_and_says_what_they_became(OrderStore *store, OrderStore *other)
{
    Samples *samples = make_samples();
    OrderId paid = samples->orders[2].id; /* with a token, three lines */
    OrderId unpaid = samples->orders[1].id;
    OrderStep steps[] = {
        step_of(paid, 9001, ORDER_HEARS_STOCK_RESERVED),
        step_of(unpaid, 9002, ORDER_HEARS_STOCK_RESERVED),
        step_of(paid, 9003, ORDER_HEARS_PAYMENT_CAPTURED),
    };

    append(store, samples, SAMPLES);
    steps[2].news.amount = samples->orders[2].total;
    Status status = advance(store, samples, steps, 3, START_US + US_PER_S);
    assert(!status_failed(status));
    for (size_t i = 0; i < 3; i++) {
        assert(!status_failed(steps[i].status) && steps[i].order != NULL);
    }
    assert(steps[0].outcome.move_count == 2 && steps[0].outcome.command == ORDER_ASKS_CHARGE);
    assert(steps[0].order->state == ORDER_PAYING && steps[0].order->version == 3);
    assert(strcmp(steps[0].order->payment_token, "tok_ok") == 0);
    assert(steps[2].order->state == ORDER_COMPLETED && steps[2].order->line_count == 3);
    assert(steps[2].order->lines[2].product.value == 21);

    const Order *order = find(other, samples, paid);
    assert(order->state == ORDER_COMPLETED && order->version == 4 && !order->open);
    assert(order->payment == ORDER_PAYMENT_CAPTURED && order->payment_attempt == 1);
    assert(order->payment_token[0] == '\0' && order->updated_at_us == START_US + US_PER_S);
    order = find(other, samples, unpaid);
    assert(order->state == ORDER_RESERVED && order->open && order->version == 2);
    order = find(other, samples, samples->orders[0].id);
    assert(order->state == ORDER_PENDING && strcmp(order->payment_token, "tok_ok") == 0);
    free_samples(samples);
}

static void hears_every_event_once(OrderStore *store, OrderStore *other)
{
    Samples *samples = make_samples();
    OrderStep first[] = { step_of(samples->orders[1].id, 9001, ORDER_HEARS_STOCK_REJECTED) };
    OrderStep again[] = { step_of(samples->orders[1].id, 9001, ORDER_HEARS_STOCK_REJECTED),
                          step_of(samples->orders[3].id, 9002, ORDER_HEARS_STOCK_REJECTED),
                          step_of(samples->orders[3].id, 9002, ORDER_HEARS_STOCK_REJECTED) };
    /* known, though it would not fit */
    OrderStep odd[] = { step_of(samples->orders[5].id, 9001, ORDER_HEARS_PAYMENT_CAPTURED) };

    append(store, samples, SAMPLES);
    Status status = advance(store, samples, first, 1, START_US + 1);
    assert(!status_failed(status) && !status_failed(first[0].status));
    status = advance(other, samples, again, 3, START_US + 2);
    assert(!status_failed(status));
    for (size_t i = 0; i < 3; i++) {
        assert(!status_failed(again[i].status));
        assert((again[i].order != NULL) == (i == 1));
    }
    status = advance(other, samples, odd, 1, START_US + 3);
    assert(!status_failed(status) && !status_failed(odd[0].status) && odd[0].order == NULL);
    assert(find(store, samples, samples->orders[1].id)->version == 2);
    assert(find(store, samples, samples->orders[3].id)->version == 2);
    assert(find(store, samples, samples->orders[5].id)->version == 1);
    free_samples(samples);
}

static void leaves_refused_events_to_come_again(OrderStore *store, OrderStore *other)
{
    Samples *samples = make_samples();
    OrderId id = samples->orders[0].id;
    OrderStep steps[] = { step_of(id, 9001, ORDER_HEARS_PAYMENT_CAPTURED),
                          step_of((OrderId){ 4 }, 9002, ORDER_HEARS_STOCK_RESERVED),
                          step_of(id, 9003, ORDER_HEARS_STOCK_RESERVED) };

    append(store, samples, SAMPLES);
    steps[0].news.amount = samples->orders[0].total;
    Status status = advance(store, samples, steps, 3, START_US + 1);
    assert(!status_failed(status));
    assert(steps[0].status.code == STATUS_FAILED_PRECONDITION);
    assert(steps[1].status.code == STATUS_NOT_FOUND);
    assert(!status_failed(steps[2].status));
    status = advance(other, samples, steps, 1, START_US + 2);
    assert(!status_failed(status) && !status_failed(steps[0].status));
    assert(find(store, samples, id)->state == ORDER_COMPLETED);
    free_samples(samples);
}

static void touches_orders_without_a_trace_when_it_only_asks_again(OrderStore *store,
                                                                   OrderStore *other)
{
    Samples *samples = make_samples();
    int64_t later_us = START_US + 60 * US_PER_S;
    OrderStep steps[] = { step_of(samples->orders[0].id, 0, ORDER_STALLED),
                          step_of(samples->orders[1].id, 0, ORDER_STALLED) };

    append(store, samples, SAMPLES);
    Status status = advance(store, samples, steps, 2, later_us);
    assert(!status_failed(status));
    assert(steps[0].outcome.command == ORDER_ASKS_RESERVE && steps[0].order->line_count == 1);
    assert(steps[1].order->line_count == 2);
    const Order *order = find(other, samples, samples->orders[0].id);
    assert(order->version == 1 && order->updated_at_us == later_us);
    free_samples(samples);
}

/* -- for the sweep -- */

static size_t due_at(OrderStore *store, OrderEvent event, int64_t before_us, uint64_t id_below,
                     size_t max, OrderId *ids)
{
    OrderDue due = { event, before_us, id_below, max, before_us + rules.stall_us };
    size_t count = 0;
    Status status = store->ops->find_due(store, &due, ids, &count);

    assert(!status_failed(status));
    return count;
}

static void finds_what_is_due(OrderStore *store, OrderStore *other)
{
    Samples *samples = make_samples();
    OrderId ids[SAMPLES];
    OrderStep steps[] = {
        step_of(samples->orders[0].id, 1, ORDER_HEARS_STOCK_RESERVED), /* PAYING */
        step_of(samples->orders[1].id, 2, ORDER_HEARS_STOCK_RESERVED), /* RESERVED */
        step_of(samples->orders[3].id, 3, ORDER_HEARS_STOCK_REJECTED)
    };
    int64_t later_us = START_US + 5 * US_PER_S;
    uint64_t all = UINT64_MAX;

    append(store, samples, 5);
    Status status = advance(store, samples, steps, 3, later_us);
    assert(!status_failed(status));
    assert(due_at(other, ORDER_STALLED, START_US, all, SAMPLES, ids) == 0);
    assert(due_at(other, ORDER_STALLED, later_us, all, SAMPLES, ids) == 2);
    assert(ids[0].value == samples->orders[2].id.value);
    assert(ids[1].value == samples->orders[4].id.value);
    assert(due_at(other, ORDER_STALLED, later_us, samples->orders[4].id.value, 9, ids) == 1);
    assert(due_at(other, ORDER_STALLED, later_us + 1, all, SAMPLES, ids) == 3);
    assert(ids[2].value == samples->orders[0].id.value);
    assert(due_at(other, ORDER_STALLED, later_us + 1, all, 1, ids) == 1);
    assert(ids[0].value == samples->orders[2].id.value);

    int64_t over_us = START_US + rules.hold_us;
    assert(due_at(other, ORDER_HOLD_OVER, over_us, all, SAMPLES, ids) == 0);
    assert(due_at(other, ORDER_HOLD_OVER, over_us + 1, all, SAMPLES, ids) == 1);
    assert(ids[0].value == samples->orders[1].id.value);
    assert(due_at(other, ORDER_HOLD_OVER, over_us + 4, all, SAMPLES, ids) == 3);
    free_samples(samples);
}

/* Lets the orders be asked again, at that time. */
static void repeat_at(OrderStore *store, Samples *samples, int64_t at_us, const size_t *which,
                      size_t count)
{
    OrderStep steps[SAMPLES];

    for (size_t i = 0; i < count; i++) {
        steps[i] = step_of(samples->orders[which[i]].id, 0, ORDER_STALLED);
    }
    Status status = advance(store, samples, steps, count, at_us);
    assert(!status_failed(status));
    for (size_t i = 0; i < count; i++) {
        assert(steps[i].outcome.touched);
    }
}

/* Stalled orders as of that time; ids has room for SAMPLES. */
static size_t stalled_at(OrderStore *store, OrderEvent event, int64_t now_us, OrderId *ids)
{
    return due_at(store, event, now_us - rules.stall_us, UINT64_MAX, SAMPLES, ids);
}

static void repeats_the_least_recently_asked_first(OrderStore *store, OrderStore *other)
{
    Samples *samples = make_samples();
    OrderId ids[SAMPLES];
    const size_t first[] = { 0, 1 };
    const size_t second[] = { 2 };

    append(store, samples, 4);
    repeat_at(store, samples, START_US + 12 * US_PER_S, first, 2);
    repeat_at(store, samples, START_US + 11 * US_PER_S, second, 1);
    assert(stalled_at(other, ORDER_STALLED, START_US + 60 * US_PER_S, ids) == 4);
    assert(ids[0].value == samples->orders[3].id.value);
    assert(ids[1].value == samples->orders[2].id.value);
    assert(ids[2].value == samples->orders[0].id.value);
    assert(ids[3].value == samples->orders[1].id.value);
    free_samples(samples);
}

static void repeats_less_and_less_often(OrderStore *store, OrderStore *other)
{
    static const int64_t turns_s[][2] = {
        /* repeated at, due again at; the order moved at 0 */
        { 15, 30 }, { 40, 80 }, { 200, 400 }, { 299, 598 }, { 400, 700 }, { 3600, 3900 },
    };
    Samples *samples = make_samples();
    OrderId ids[SAMPLES];
    const size_t which[] = { 0 };
    int64_t moved_us = samples->orders[0].created_at_us;

    append(store, samples, 1);
    for (size_t i = 0; i < sizeof turns_s / sizeof turns_s[0]; i++) {
        int64_t due_us = moved_us + turns_s[i][1] * US_PER_S;

        repeat_at(store, samples, moved_us + turns_s[i][0] * US_PER_S, which, 1);
        assert(stalled_at(other, ORDER_STALLED, due_us - 1, ids) == 0);
        assert(stalled_at(other, ORDER_STALLED, due_us, ids) == 1);
    }
    free_samples(samples);
}

static void finds_orders_that_were_asked_in_vain_for_a_day(OrderStore *store, OrderStore *other)
{
    Samples *samples = make_samples();
    OrderId ids[SAMPLES];
    const size_t which[] = { 0, 1 };
    int64_t day_us = samples->orders[1].created_at_us + ORDER_LOST_AFTER_US;
    int64_t later_us = day_us + ORDER_REPEAT_WAIT_MAX_US;

    append(store, samples, 3);
    assert(stalled_at(other, ORDER_LOST, later_us, ids) == 0); /* nobody has asked */
    repeat_at(store, samples, day_us - US_PER_S, which, 1);
    repeat_at(store, samples, day_us, &which[1], 1);
    assert(stalled_at(other, ORDER_LOST, later_us - 1, ids) == 0); /* time to answer */
    assert(stalled_at(other, ORDER_LOST, later_us, ids) == 1);
    assert(ids[0].value == samples->orders[1].id.value);

    OrderStep steps[] = { step_of(ids[0], 0, ORDER_LOST) };
    Status status = advance(store, samples, steps, 1, later_us);
    assert(!status_failed(status) && !status_failed(steps[0].status));
    const Order *order = find(other, samples, ids[0]);
    assert(order->state == ORDER_NEEDS_REVIEW && strcmp(order->reason, "STALLED") == 0);
    assert(!order->open && order->version == 2);
    assert(stalled_at(other, ORDER_LOST, later_us + US_PER_S, ids) == 0);
    free_samples(samples);
}

static void tells_states_and_pending_units(OrderStore *store, OrderStore *other)
{
    Samples *samples = make_samples();
    const OrderId ids[] = { samples->orders[1].id, { 3 }, samples->orders[0].id };
    const ProductId products[] = { { 1 }, { 11 }, { 21 }, { 31 } };
    OrderState states[3];
    int64_t units[4];
    OrderStep steps[] = { step_of(samples->orders[1].id, 2, ORDER_HEARS_STOCK_RESERVED) };

    append(store, samples, 3);
    Status status = advance(store, samples, steps, 1, START_US + 1);
    assert(!status_failed(status));
    status = other->ops->find_states(other, ids, 3, states);
    assert(!status_failed(status));
    assert(states[0] == ORDER_RESERVED && states[1] == 0 && states[2] == ORDER_PENDING);
    status = other->ops->pending_units(other, products, 4, units);
    assert(!status_failed(status));
    assert(units[0] == 1 + 3 && units[1] == 4 && units[2] == 5 && units[3] == 0);
    free_samples(samples);
}

static void forgets_old_keys_but_no_orders(OrderStore *store, OrderStore *other)
{
    Samples *samples = make_samples();
    const RequestKey *asked[] = { &samples->keys[2], &samples->keys[3] };
    RequestRecord records[2];

    append(store, samples, SAMPLES);
    Status status = other->ops->purge(other, START_US - 1, START_US + 3);
    assert(!status_failed(status));
    status = other->ops->find_requests(other, asked, 2, records);
    assert(!status_failed(status));
    assert(!records[0].found && records[1].found);
    assert(find(other, samples, samples->orders[0].id) != NULL);
    free_samples(samples);
}

const OrderStoreCase order_store_cases[] = {
    { "finds_orders_as_they_were_stored", finds_orders_as_they_were_stored },
    { "knows_requests_by_member_and_key", knows_requests_by_member_and_key },
    { "stores_all_or_nothing", stores_all_or_nothing },
    { "moves_orders_and_says_what_they_became", moves_orders_and_says_what_they_became },
    { "hears_every_event_once", hears_every_event_once },
    { "leaves_refused_events_to_come_again", leaves_refused_events_to_come_again },
    { "touches_orders_without_a_trace_when_it_only_asks_again",
      touches_orders_without_a_trace_when_it_only_asks_again },
    { "finds_what_is_due", finds_what_is_due },
    { "repeats_the_least_recently_asked_first", repeats_the_least_recently_asked_first },
    { "repeats_less_and_less_often", repeats_less_and_less_often },
    { "finds_orders_that_were_asked_in_vain_for_a_day",
      finds_orders_that_were_asked_in_vain_for_a_day },
    { "tells_states_and_pending_units", tells_states_and_pending_units },
    { "forgets_old_keys_but_no_orders", forgets_old_keys_but_no_orders },
};

const size_t order_store_case_count = sizeof order_store_cases / sizeof order_store_cases[0];
