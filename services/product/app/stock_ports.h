/* stock_ports.h - what the stock commands need from the outside world: one transaction. */
#ifndef JUMUN_SERVICES_PRODUCT_APP_STOCK_PORTS_H
#define JUMUN_SERVICES_PRODUCT_APP_STOCK_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/status.h"
#include "services/product/domain/stock.h"

enum {
    STOCK_BATCH_MAX = 512,        /* commands of one transaction */
    STOCK_BATCH_LINES_MAX = 1024, /* and their lines together */
    STOCK_ENTRIES_MAX = STOCK_ENTRIES_PER_LINE * STOCK_BATCH_LINES_MAX,
};

/* The commands of one transaction and all they touch. */
typedef struct StockBatch {
    StockCommand *const *commands; /* in arrival order */
    size_t count;
    /* Look up everything, not only what the commands cannot do without. */
    bool careful;
    /* Filled by the store before it decides. */
    Stock *stocks; /* locked, ascending by product */
    size_t stock_count;
    LedgerEntry *history; /* of the orders looked up */
    size_t history_count;
    /* Filled by the decision. */
    LedgerEntry *entries; /* room for STOCK_ENTRIES_MAX */
    size_t entry_count;
} StockBatch;

/* Decides all commands of the batch, on rows that are locked for it. Pure; may run again
 * from the start. */
typedef void StockDecide(StockBatch *batch);

typedef struct StockStore StockStore;

typedef struct StockStoreOps {
    /* In one transaction: locks the stock of all products named, in id order; finds the
     * ledger entries of the orders of releases and returns; when careful also those of
     * reservations, and sets `seen` of the events that are in the inbox. Calls decide.
     * Stores the entries, the changed stock, and for each command that is neither seen
     * nor failed its event in the inbox and its answer in the outbox.
     *
     * ALREADY_EXISTS, only when not careful or overtaken by another process: an event or
     * an order was met before; nothing is stored, call again carefully. UNKNOWN: it
     * cannot be told whether it was stored; calling again finds out. */
    Status (*apply)(StockStore *store, StockBatch *batch, StockDecide *decide);

    /* Forgets a bounded number of inbox rows older than that. */
    Status (*purge)(StockStore *store, int64_t before_us, uint64_t *ret_deleted);
} StockStoreOps;

struct StockStore {
    const StockStoreOps *ops;
};

#endif
