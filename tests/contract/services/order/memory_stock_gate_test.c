#undef NDEBUG
#include <assert.h>
#include <stdio.h>

#include "services/order/adapters/memory_stock_gate.h"
#include "tests/contract/services/order/stock_gate_contract.h"

/* One gate serves all threads. */
static StockGate *lend(void *context)
{
    return context;
}

static void take_back(StockGate *gate)
{
    (void)gate;
}

int main(void)
{
    for (size_t i = 0; i < stock_gate_case_count; i++) {
        StockGate *gate;
        Status status = order_memory_gate_open(&gate);
        assert(!status_failed(status));
        stock_gate_cases[i].run(&(StockGateSubject){ lend, take_back, gate });
        printf("ok %s\n", stock_gate_cases[i].name);
        order_memory_gate_close(gate);
    }
    return 0;
}
