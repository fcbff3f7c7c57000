#include "tests/contract/services/order/stock_gate_contract.h"

#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static StockGate *gate_of(const StockGateSubject *subject)
{
    StockGate *gate = subject->open(subject->context);

    assert(gate != NULL);
    return gate;
}

static void restore(StockGate *gate, uint64_t product, int64_t units)
{
    ProductId id = { product };
    Status status = gate->ops->restore(gate, &id, &units, 1);

    assert(!status_failed(status));
}

static StockHold hold_of(uint64_t product, uint64_t order, uint32_t quantity)
{
    return (StockHold){ .product = { product }, .order = { order }, .quantity = quantity };
}

static HoldAnswer hold(StockGate *gate, uint64_t product, uint64_t order, uint32_t quantity)
{
    StockHold one = hold_of(product, order, quantity);
    Status status = gate->ops->hold(gate, &one, 1);

    assert(!status_failed(status));
    return one.answer;
}

static void settle(StockGate *gate, uint64_t product, uint64_t order, HoldEnd end)
{
    HoldSettlement one = { { product }, { order }, end };
    Status status = gate->ops->settle(gate, &one, 1);

    assert(!status_failed(status));
}

/* INT64_MIN if the gate does not know the product. */
static int64_t units_of(StockGate *gate, uint64_t product)
{
    GateView view = { .product = { product } };
    Arena arena;

    arena_init(&arena, (size_t)16 * 1024, (size_t)1024 * 1024);
    Status status = gate->ops->inspect(gate, &arena, (OrderId){ 0 }, 0, &view, 1);
    assert(!status_failed(status));
    arena_deinit(&arena);
    return view.known ? view.units : INT64_MIN;
}

static void holds_what_there_is_in_the_order_given(const StockGateSubject *subject)
{
    StockGate *gate = gate_of(subject);
    StockHold holds[] = { hold_of(1, 100, 6), hold_of(1, 101, 5), hold_of(1, 102, 4),
                          hold_of(2, 100, 1), hold_of(3, 100, 1) };

    restore(gate, 1, 10);
    restore(gate, 3, 0);
    Status status = gate->ops->hold(gate, holds, 5);
    assert(!status_failed(status));
    assert(holds[0].answer == HOLD_GRANTED && holds[1].answer == HOLD_REFUSED);
    assert(holds[2].answer == HOLD_GRANTED);
    assert(holds[3].answer == HOLD_UNKNOWN && holds[4].answer == HOLD_REFUSED);
    assert(holds[1].left <= 4 && holds[4].left == 0);
    assert(units_of(gate, 1) == 0 && units_of(gate, 2) == INT64_MIN);
    subject->close(gate);
}

static void holds_once_for_an_order(const StockGateSubject *subject)
{
    StockGate *gate = gate_of(subject);

    restore(gate, 1, 10);
    assert(hold(gate, 1, 100, 6) == HOLD_GRANTED);
    assert(hold(gate, 1, 100, 6) == HOLD_HELD);
    assert(units_of(gate, 1) == 4);
    subject->close(gate);
}

static void gives_back_once_and_only_what_was_held(const StockGateSubject *subject)
{
    StockGate *gate = gate_of(subject);
    HoldSettlement twice[] = { { { 1 }, { 100 }, HOLD_RETURNS }, { { 1 }, { 100 }, HOLD_RETURNS } };

    restore(gate, 1, 10);
    assert(hold(gate, 1, 100, 6) == HOLD_GRANTED);
    assert(hold(gate, 1, 101, 3) == HOLD_GRANTED);
    settle(gate, 1, 555, HOLD_RETURNS);
    assert(units_of(gate, 1) == 1);
    Status status = gate->ops->settle(gate, twice, 2);
    assert(!status_failed(status) && units_of(gate, 1) == 7);
    settle(gate, 1, 100, HOLD_RETURNS);
    assert(units_of(gate, 1) == 7);
    settle(gate, 1, 101, HOLD_CLOSES);
    settle(gate, 1, 101, HOLD_RETURNS);
    assert(units_of(gate, 1) == 7);
    assert(hold(gate, 1, 100, 7) == HOLD_GRANTED);
    subject->close(gate);
}

static void sells_and_gives_back_in_one_settlement(const StockGateSubject *subject)
{
    StockGate *gate = gate_of(subject);
    HoldSettlement sold[] = { { { 1 }, { 100 }, HOLD_CLOSES }, { { 1 }, { 101 }, HOLD_CLOSES } };
    HoldSettlement mixed[] = { { { 1 }, { 102 }, HOLD_CLOSES }, { { 1 }, { 103 }, HOLD_RETURNS } };

    restore(gate, 1, 10);
    for (uint64_t order = 100; order < 104; order++) {
        assert(hold(gate, 1, order, 2) == HOLD_GRANTED);
    }
    Status status = gate->ops->settle(gate, sold, 2);
    assert(!status_failed(status) && units_of(gate, 1) == 2);
    status = gate->ops->settle(gate, mixed, 2);
    assert(!status_failed(status) && units_of(gate, 1) == 4);
    for (uint64_t order = 100; order < 104; order++) {
        settle(gate, 1, order, HOLD_RETURNS);
    }
    assert(units_of(gate, 1) == 4);
    subject->close(gate);
}

static void learns_a_product_once(const StockGateSubject *subject)
{
    StockGate *gate = gate_of(subject);

    assert(hold(gate, 1, 100, 1) == HOLD_UNKNOWN);
    restore(gate, 1, 5);
    assert(hold(gate, 1, 100, 2) == HOLD_GRANTED);
    restore(gate, 1, 5);
    assert(units_of(gate, 1) == 3);
    restore(gate, 2, -4);
    assert(hold(gate, 2, 100, 1) == HOLD_REFUSED);
    settle(gate, 3, 100, HOLD_RETURNS);
    assert(units_of(gate, 3) == INT64_MIN);
    subject->close(gate);
}

static void tells_old_holds_from_young(const StockGateSubject *subject)
{
    StockGate *gate = gate_of(subject);
    GateView views[] = { { .product = { 1 } }, { .product = { 2 } } };
    Arena arena;

    /* 99 < 100 < 1000, though not as text */
    restore(gate, 1, 100);
    assert(hold(gate, 1, 99, 1) == HOLD_GRANTED);
    assert(hold(gate, 1, 1000, 2) == HOLD_GRANTED);
    assert(hold(gate, 1, 100, 3) == HOLD_GRANTED);
    arena_init(&arena, (size_t)16 * 1024, (size_t)1024 * 1024);
    Status status = gate->ops->inspect(gate, &arena, (OrderId){ 1000 }, 0, views, 2);
    assert(!status_failed(status));
    assert(views[0].known && views[0].units == 94 && views[0].young == 1);
    assert(views[0].stale_count == 2);
    assert(views[0].stale[0].order.value + views[0].stale[1].order.value == 199);
    assert(views[0].stale[0].quantity + views[0].stale[1].quantity == 4);
    assert(!views[1].known && views[1].stale_count == 0);
    arena_deinit(&arena);
    subject->close(gate);
}

static void tells_all_old_holds_by_and_by(const StockGateSubject *subject)
{
    enum {
        HOLDS = 2 * GATE_STALE_MAX + 1
    };
    StockGate *gate = gate_of(subject);
    bool told[HOLDS + 1] = { false };
    Arena arena;

    restore(gate, 1, HOLDS);
    for (uint64_t order = 1; order <= HOLDS; order++) {
        assert(hold(gate, 1, order, 1) == HOLD_GRANTED);
    }
    arena_init(&arena, (size_t)16 * 1024, (size_t)1024 * 1024);
    for (uint64_t skip = 0; skip < HOLDS; skip += GATE_STALE_MAX) {
        GateView view = { .product = { 1 } };
        Status status = gate->ops->inspect(gate, &arena, (OrderId){ 1000 }, skip, &view, 1);
        assert(!status_failed(status));
        assert(view.stale_count == GATE_STALE_MAX && view.young == 0);
        for (size_t i = 0; i < view.stale_count; i++) {
            told[view.stale[i].order.value] = true;
        }
    }
    for (uint64_t order = 1; order <= HOLDS; order++) {
        assert(told[order]);
    }
    arena_deinit(&arena);
    subject->close(gate);
}

static void corrects_only_what_it_was_seen_as(const StockGateSubject *subject)
{
    StockGate *gate = gate_of(subject);

    restore(gate, 1, 10);
    Status status = gate->ops->correct(gate, (ProductId){ 1 }, 9, 5);
    assert(!status_failed(status) && units_of(gate, 1) == 10);
    status = gate->ops->correct(gate, (ProductId){ 1 }, 10, -5);
    assert(!status_failed(status) && units_of(gate, 1) == -5);
    status = gate->ops->correct(gate, (ProductId){ 2 }, 0, 5);
    assert(!status_failed(status) && units_of(gate, 2) == INT64_MIN);
    subject->close(gate);
}

enum {
    MANY = 1500, /* more products than a pipeline, more orders than a script */
};

static void works_in_any_number(const StockGateSubject *subject)
{
    StockGate *gate = gate_of(subject);
    ProductId *products = calloc(MANY, sizeof *products);
    int64_t *units = calloc(MANY, sizeof *units);
    StockHold *holds = calloc((size_t)2 * MANY, sizeof *holds);
    HoldSettlement *ends = calloc((size_t)2 * MANY, sizeof *ends);

    for (size_t i = 0; i < MANY; i++) {
        products[i] = (ProductId){ i + 1 };
        units[i] = i == 0 ? MANY : 1;
        holds[i] = hold_of(1, 5000 + i, 1);
        holds[MANY + i] = hold_of(i + 2, 5000, 1);
    }
    Status status = gate->ops->restore(gate, products, units, MANY);
    assert(!status_failed(status));
    status = gate->ops->hold(gate, holds, 2 * MANY - 1);
    assert(!status_failed(status));
    for (size_t i = 0; i < 2 * MANY - 1; i++) {
        assert(holds[i].answer == HOLD_GRANTED);
        ends[i] = (HoldSettlement){ holds[i].product, holds[i].order, HOLD_RETURNS };
    }
    assert(units_of(gate, 1) == 0 && units_of(gate, MANY) == 0);
    status = gate->ops->settle(gate, ends, 2 * MANY - 1);
    assert(!status_failed(status));
    assert(units_of(gate, 1) == MANY && units_of(gate, MANY) == 1);
    free(products);
    free(units);
    free(holds);
    free(ends);
    subject->close(gate);
}

static void walks_through_all_it_knows(const StockGateSubject *subject)
{
    StockGate *gate = gate_of(subject);
    bool seen[301] = { false };
    ProductId found[100];
    uint64_t cursor = 0;
    size_t count;

    for (uint64_t i = 1; i <= 300; i++) {
        restore(gate, i, 1);
    }
    /* What does not fit is left for the next round. */
    for (int i = 0; i < 1000; i++) {
        Status status = gate->ops->scan(gate, &cursor, found, 100, &count);
        assert(!status_failed(status) && count <= 100);
        for (size_t j = 0; j < count; j++) {
            assert(found[j].value >= 1 && found[j].value <= 300);
            seen[found[j].value] = true;
        }
        if (cursor == 0) {
            break;
        }
    }
    assert(cursor == 0);
    count = 0;
    for (size_t i = 1; i <= 300; i++) {
        count += seen[i];
    }
    assert(count >= 100);
    subject->close(gate);
}

/* -- many at once -- */

enum {
    THREADS = 8,
    HOLDS_PER_THREAD = 25, /* 200 in all */
};

typedef struct Buyer {
    const StockGateSubject *subject;
    uint64_t first_order;
    int64_t bought;
} Buyer;

static void *buy(void *context)
{
    Buyer *buyer = context;
    StockGate *gate = gate_of(buyer->subject);

    for (uint64_t i = 0; i < HOLDS_PER_THREAD; i++) {
        if (hold(gate, 1, buyer->first_order + i, 3) == HOLD_GRANTED) {
            buyer->bought += 3;
        }
    }
    buyer->subject->close(gate);
    return NULL;
}

static void never_oversells_to_many_at_once(const StockGateSubject *subject)
{
    StockGate *gate = gate_of(subject);
    pthread_t threads[THREADS];
    Buyer buyers[THREADS];
    int64_t bought = 0;

    restore(gate, 1, 100);
    for (size_t i = 0; i < THREADS; i++) {
        buyers[i] = (Buyer){ subject, 1000 * (i + 1), 0 };
        int failed = pthread_create(&threads[i], NULL, buy, &buyers[i]);
        assert(failed == 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        bought += buyers[i].bought;
    }
    assert(bought == 99);
    assert(units_of(gate, 1) == 1);
    subject->close(gate);
}

const StockGateCase stock_gate_cases[] = {
    { "holds_what_there_is_in_the_order_given", holds_what_there_is_in_the_order_given },
    { "holds_once_for_an_order", holds_once_for_an_order },
    { "gives_back_once_and_only_what_was_held", gives_back_once_and_only_what_was_held },
    { "sells_and_gives_back_in_one_settlement", sells_and_gives_back_in_one_settlement },
    { "learns_a_product_once", learns_a_product_once },
    { "tells_old_holds_from_young", tells_old_holds_from_young },
    { "tells_all_old_holds_by_and_by", tells_all_old_holds_by_and_by },
    { "corrects_only_what_it_was_seen_as", corrects_only_what_it_was_seen_as },
    { "works_in_any_number", works_in_any_number },
    { "walks_through_all_it_knows", walks_through_all_it_knows },
    { "never_oversells_to_many_at_once", never_oversells_to_many_at_once },
};

const size_t stock_gate_case_count = sizeof stock_gate_cases / sizeof stock_gate_cases[0];
