/* The Redis gate keeps the contract, and rests when Redis is away. Uses and empties
 * database 7 of the server named by JUMUN_TEST_REDIS_URL. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/order/adapters/redis_stock_gate.h"
#include "services/order/app/place_orders.h"
#include "tests/contract/services/order/stock_gate_contract.h"
#include "tests/support/redis_command.h"

static const char variable[] = "JUMUN_TEST_REDIS_URL";
static char url[512];

static StockGate *open_gate(void *context)
{
    StockGate *gate;

    (void)context;
    Status status = order_redis_gate_open(url, clock_system(), NULL, &gate);
    assert(!status_failed(status));
    return gate;
}

static void goes_on_after_the_server_forgot_its_scripts(void)
{
    static const char *const words[] = { "SCRIPT", "FLUSH" };
    StockGate *gate = open_gate(NULL);
    ProductId product = { 1 };
    int64_t units = 5;
    StockHold hold = { .product = product, .order = { 9 }, .quantity = 2 };

    (void)gate->ops->restore(gate, &product, &units, 1);
    Status status = gate->ops->hold(gate, &hold, 1);
    assert(!status_failed(status) && hold.answer == HOLD_GRANTED);
    redis_command(url, 2, words);
    status = gate->ops->hold(gate, &hold, 1);
    assert(!status_failed(status) && hold.answer == HOLD_HELD);
    order_redis_gate_close(gate);
}

static void leaves_what_is_no_number_untold(void)
{
    static const char *const words[] = { "SET", "stock:{1}", "plenty" };
    StockGate *gate = open_gate(NULL);
    StockHold hold = { .product = { 1 }, .order = { 9 }, .quantity = 2, .answer = HOLD_UNTOLD };

    redis_command(url, 3, words);
    Status status = gate->ops->hold(gate, &hold, 1);
    assert(!status_failed(status) && hold.answer == HOLD_UNTOLD);
    order_redis_gate_close(gate);
}

/* Redis does nothing else meanwhile: of very many holds only some are read, others each time. */
static void looks_at_a_product_of_very_many_holds_by_lot(void)
{
    enum {
        HOLDS = GATE_HOLDS_WHOLE_MAX + 1
    };
    static StockHold holds[HOLDS];
    static bool told[HOLDS];
    StockGate *gate = open_gate(NULL);
    ProductId product = { 1 };
    int64_t units = HOLDS;
    size_t told_count = 0;
    Arena arena;

    arena_init(&arena, (size_t)16 * 1024, (size_t)1024 * 1024);
    (void)gate->ops->restore(gate, &product, &units, 1);
    for (uint64_t i = 0; i < HOLDS; i++) {
        holds[i] = (StockHold){ .product = product, .order = { i }, .quantity = 1 };
    }
    for (size_t i = 0; i < HOLDS; i += PLACE_ORDERS_MAX) {
        size_t some = HOLDS - i < PLACE_ORDERS_MAX ? HOLDS - i : PLACE_ORDERS_MAX;
        assert(!status_failed(gate->ops->hold(gate, &holds[i], some)));
    }
    for (int turn = 0; turn < 10; turn++) {
        GateView view = { .product = product };
        Status status = gate->ops->inspect(gate, &arena, (OrderId){ HOLDS }, 0, &view, 1);
        assert(!status_failed(status) && view.known && view.units == 0);
        assert(view.stale_count == GATE_STALE_MAX && view.young == HOLDS - GATE_HOLDS_DRAWN);
        for (size_t i = 0; i < view.stale_count; i++) {
            told_count += told[view.stale[i].order.value] ? 0 : 1;
            told[view.stale[i].order.value] = true;
        }
    }
    assert(told_count > 2 * GATE_STALE_MAX);
    arena_deinit(&arena);
    order_redis_gate_close(gate);
}

typedef struct StillClock {
    Clock clock;
    int64_t now_us;
} StillClock;

static int64_t still_now(const Clock *clock)
{
    return ((const StillClock *)clock)->now_us;
}

static void rests_after_a_failure(void)
{
    static const ClockOps ops = { still_now, still_now };
    StillClock clock = { { &ops }, 1000 };
    StockGate *gate;
    StockHold hold = { .product = { 1 }, .order = { 9 }, .quantity = 2 };

    Status status = order_redis_gate_open("redis://127.0.0.1:1", &clock.clock, NULL, &gate);
    assert(!status_failed(status));
    status = gate->ops->hold(gate, &hold, 1);
    assert(status.code == STATUS_UNAVAILABLE && strcmp(status.name, "GATE_DOWN") != 0);
    status = gate->ops->hold(gate, &hold, 1);
    assert(strcmp(status.name, "GATE_DOWN") == 0);
    clock.now_us += GATE_REST_MS * US_PER_MS;
    status = gate->ops->hold(gate, &hold, 1);
    assert(status.code == STATUS_UNAVAILABLE && strcmp(status.name, "GATE_DOWN") != 0);
    order_redis_gate_close(gate);
}

int main(void)
{
    const char *server = getenv(variable); /* NOLINT(concurrency-mt-unsafe): no threads yet */

    if (server == NULL || server[0] == '\0') {
        printf("SKIPPED: %s is not set\n", variable);
        return 77;
    }
    (void)snprintf(url, sizeof url, "%s/7", server);
    for (size_t i = 0; i < stock_gate_case_count; i++) {
        redis_empty(url);
        stock_gate_cases[i].run(&(StockGateSubject){ open_gate, order_redis_gate_close, NULL });
        printf("ok %s\n", stock_gate_cases[i].name);
    }
    redis_empty(url);
    goes_on_after_the_server_forgot_its_scripts();
    redis_empty(url);
    leaves_what_is_no_number_untold();
    rests_after_a_failure();
    redis_empty(url);
    looks_at_a_product_of_very_many_holds_by_lot();
    redis_empty(url);
    printf("ok resting, forgotten scripts, no number, many holds\n");
    return 0;
}
