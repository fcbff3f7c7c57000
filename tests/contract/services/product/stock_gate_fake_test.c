/* The contract of StockGate on the fake, which the tests of the catalog rely on. */
#undef NDEBUG
#include <assert.h>

#include "tests/contract/services/product/stock_gate_contract.h"
#include "tests/support/fake_product_store.h"

static void put(void *context, ProductId product, int64_t units)
{
    fake_stock_gate_put(context, product, units);
}

int main(void)
{
    static FakeStockGate fake;

    fake_stock_gate_init(&fake);
    stock_gate_contract(&(StockGateSubject){ &fake.gate, put, &fake });
    assert(fake.forgotten > 0);
    return 0;
}
