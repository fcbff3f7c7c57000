/* The Redis gate keeps the contract, and rests when Redis is away. Uses and empties
 * database 7 of the server named by JUMUN_TEST_REDIS_URL. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/order/adapters/redis_stock_gate.h"
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
    printf("ok resting, forgotten scripts, no number\n");
    return 0;
}
