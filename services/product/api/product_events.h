/* product_events.h - the commands of queue product.commands. A bad one gets its own
 * status and never sinks the batch. */
#ifndef JUMUN_SERVICES_PRODUCT_API_PRODUCT_EVENTS_H
#define JUMUN_SERVICES_PRODUCT_API_PRODUCT_EVENTS_H

#include "common/base/clock.h"
#include "common/runtime/event.h"
#include "services/product/app/stock_ports.h"

typedef struct ProductEvents ProductEvents;

typedef struct ProductEventsOptions {
    StockStore *store;  /* borrowed, and used by the consumer's thread alone */
    const Clock *clock; /* borrowed */
    /* Told after a commit that the outbox has grown; may be NULL. */
    void (*wake)(void *context);
    void *wake_context;
} ProductEventsOptions;

Status product_events_open(const ProductEventsOptions *options, ProductEvents **ret_events);

/* NULL is ignored. */
void product_events_close(ProductEvents *events);

/* An EventRun; context is the ProductEvents. */
void product_events_run(void *context, Event *const *events, size_t count);

#endif
