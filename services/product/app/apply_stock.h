/* apply_stock.h - reserves, releases and takes back stock for a batch of commands.
 *
 * Hopes first that every event and order is new, which needs no looking up; the unique
 * keys of inbox and ledger tell if one is not, and the batch is decided again with all
 * that is known. A command that spoils its batch is isolated by halving. */
#ifndef JUMUN_SERVICES_PRODUCT_APP_APPLY_STOCK_H
#define JUMUN_SERVICES_PRODUCT_APP_APPLY_STOCK_H

#include <stddef.h>

#include "services/product/app/stock_ports.h"

/* Memory of the use case; one thread's. */
typedef struct StockWork StockWork;

/* NULL without memory. */
StockWork *stock_work_open(void);

/* NULL is ignored. */
void stock_work_close(StockWork *work);

/* Sets each command's status; by then the effect of an OK is committed, and so is its
 * answer. count is 1..STOCK_BATCH_MAX, in arrival order. */
void apply_stock(StockStore *store, StockWork *work, StockCommand *const *commands, size_t count);

#endif
