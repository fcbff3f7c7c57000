/* order_world.h - everything around the order use cases, in memory and on one thread: a
 * clock that stands still, a catalog with a stock ledger, a payment provider, and a bus
 * that carries commands there and answers back, twice if told to. */
#ifndef JUMUN_TESTS_SUPPORT_ORDER_WORLD_H
#define JUMUN_TESTS_SUPPORT_ORDER_WORLD_H

#include "services/order/app/place_orders.h"
#include "services/order/app/sweep_orders.h"
#include "tests/support/memory_order_store.h"

enum {
    WORLD_PRODUCTS = 4,
    WORLD_ITEMS_MAX = PLACE_ORDERS_MAX,
    WORLD_LEDGER_MAX = 4096,
    WORLD_ANSWERS_MAX = 16384,
};

typedef struct WorldClock {
    Clock clock;
    int64_t now_us; /* both clocks */
} WorldClock;

typedef struct WorldProduct {
    const char *name;
    int64_t price;
    int64_t on_hand;
    int64_t reserved;
    bool archived;
} WorldProduct;

/* What product and payment have done for an order, each once. */
typedef struct WorldOrder {
    OrderId id;
    bool reserved;
    bool released; /* or the tombstone of a release that came first */
    bool rejected;
    uint32_t attempt; /* the last charge answered */
    int captures;
} WorldOrder;

typedef struct OrderWorld {
    Fault fault;
    WorldClock clock;
    WorldProduct products[WORLD_PRODUCTS]; /* ids 1.. */
    Catalog catalog;
    MemoryOrders *db;
    StockGate *gate;       /* the memory gate */
    StockGate faulty_gate; /* the same behind the fault */
    OrderStore *place_store;
    OrderStore *event_store;
    OrderStore *sweep_store;
    PlaceOrders place;
    AdvanceOrders advance;
    SweepOrders sweep;

    WorldOrder ledger[WORLD_LEDGER_MAX];
    size_t ledger_count;
    size_t carried; /* commands taken from the outbox */
    OrderStep answers[WORLD_ANSWERS_MAX];
    size_t answer_count;
    size_t heard; /* answers that orders took */
    bool twice;   /* every answer comes twice */
    bool silent;  /* the broker loses everything */
    uint64_t next_id;

    PlaceOrder items[WORLD_ITEMS_MAX];
    OrderLine lines[WORLD_ITEMS_MAX][WORLD_PRODUCTS];
    char keys[WORLD_ITEMS_MAX][16];
    size_t item_count;
} OrderWorld;

/* Four products of 10 units at 100, 200, 300, 400. */
OrderWorld *order_world_open(void);
void order_world_close(OrderWorld *world);

/* Adds an order of one line to the next batch: its key is `key`, its body hash `body`.
 * Tokens: "" for none, "ok", "no" (declined), "lost" (unknown until asked again). */
PlaceOrder *order_world_ask(OrderWorld *world, uint64_t member, const char *key, uint8_t body,
                            const char *token);
void order_world_add_line(OrderWorld *world, PlaceOrder *item, uint64_t product, uint32_t quantity);

/* Places what was asked, and forgets it. The items stay readable until the next ask. */
void order_world_place(OrderWorld *world);

/* Carries commands and answers until nobody has anything to say. A batch that fails is
 * delivered again, as the consumer does; gives up after `tries` failures in a row. */
void order_world_settle(OrderWorld *world, int tries);

/* `seconds` turns of the sweep, one a second, carrying messages in between. */
void order_world_sweep(OrderWorld *world, int seconds);

/* Units the gate holds, what it should hold; INT64_MIN if it knows nothing. */
int64_t order_world_gate(OrderWorld *world, uint64_t product);
int64_t order_world_truth(OrderWorld *world, uint64_t product);

/* Asserts what must hold at any time: timelines, no oversell, one capture at most. */
void order_world_check(OrderWorld *world);

/* Asserts in addition that every order has ended, stock and gate agree with that. */
void order_world_check_ended(OrderWorld *world);

#endif
