/* stock_store_contract.h - what every StockStore must do, through the use case that
 * drives it. Run over memory and over MariaDB. */
#ifndef JUMUN_TESTS_CONTRACT_STOCK_STORE_CONTRACT_H
#define JUMUN_TESTS_CONTRACT_STOCK_STORE_CONTRACT_H

#include "services/product/app/stock_ports.h"

/* An answer as it stands in the outbox. */
typedef struct OutboxAnswer {
    OrderId order;
    char type[32];
    size_t item_count; /* of a stock.rejected */
    uint64_t item_product;
    int64_t item_available;
} OutboxAnswer;

/* A store under test, and a way to look into it. */
typedef struct StockWorld {
    StockStore *store;
    void *context;
    void (*put)(void *context, ProductId product, int64_t on_hand);
    Stock (*stock)(void *context, ProductId product);
    /* Sum of reserved_delta of an order's product. */
    int64_t (*held)(void *context, OrderId order, ProductId product);
    /* All answers so far, oldest first; the outbox is then empty. */
    size_t (*drain)(void *context, OutboxAnswer *ret_answers, size_t max);
} StockWorld;

/* Runs every case; a failure aborts. */
void stock_store_contract(StockWorld *world);

#endif
