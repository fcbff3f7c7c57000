/* fake_stock_store.h - the StockStore in memory: same keys, same refusals, and it fails
 * when told. */
#ifndef JUMUN_TESTS_SUPPORT_FAKE_STOCK_STORE_H
#define JUMUN_TESTS_SUPPORT_FAKE_STOCK_STORE_H

#include "services/product/app/stock_ports.h"
#include "tests/support/port_fault.h"

enum {
    FAKE_STOCKS_MAX = 4096,
    FAKE_ENTRIES_MAX = 16384,
    FAKE_EVENTS_MAX = 16384,
};

/* An answer as it stands in the outbox. */
typedef struct FakeStockAnswer {
    OrderId order;
    StockAnswer answer;
    size_t short_count;
    ProductId first_short;
    int64_t first_available;
} FakeStockAnswer;

typedef struct FakeStockStore {
    StockStore store; /* first */
    PortFault fault;
    OrderId poison; /* an order that spoils its batch with INTERNAL; 0: none */
    Stock stocks[FAKE_STOCKS_MAX];
    size_t stock_count;
    LedgerEntry entries[FAKE_ENTRIES_MAX];
    size_t entry_count;
    EventId inbox[FAKE_EVENTS_MAX];
    size_t inbox_count;
    FakeStockAnswer answers[FAKE_EVENTS_MAX];
    size_t answer_count;
    Stock work_stocks[STOCK_BATCH_LINES_MAX];
    LedgerEntry work_history[FAKE_ENTRIES_MAX];
} FakeStockStore;

/* Empty. */
FakeStockStore *fake_stock_store_open(void);
void fake_stock_store_close(FakeStockStore *fake);

void fake_stock_store_put(FakeStockStore *fake, ProductId product, int64_t on_hand);

/* NULL if there is none. */
Stock *fake_stock_store_find(FakeStockStore *fake, ProductId product);

#endif
