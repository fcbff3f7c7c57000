/* order_ports.h - what the order use cases need from the outside world.
 *
 * Ports speak the domain's language and take batches: one call is one round trip, or a
 * few. An adapter puts the port first in its own struct and fills `ops`. A port object
 * belongs to one thread. What a call gives back lives in the arena passed in. */
#ifndef JUMUN_SERVICES_ORDER_APP_ORDER_PORTS_H
#define JUMUN_SERVICES_ORDER_APP_ORDER_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "services/order/domain/hold.h"
#include "services/order/domain/order.h"

enum {
    REQUEST_KEY_MAX = 64, /* bytes of an Idempotency-Key */
    REQUEST_HASH_SIZE = 16,
};

/* The client's name for its request, which it keeps when it asks again. */
typedef struct RequestKey {
    MemberId member;
    const char *text;
    uint8_t hash[REQUEST_HASH_SIZE]; /* of the body */
} RequestKey;

/* What is stored under a request key. */
typedef struct RequestRecord {
    bool found;
    uint8_t hash[REQUEST_HASH_SIZE];
    OrderId order;
} RequestRecord;

typedef struct NewOrder {
    const Order *order;
    const RequestKey *key;
} NewOrder;

/* One event on its way to the order it moves. */
typedef struct OrderStep {
    EventId event_id;         /* in: 0 for an idea of our own, which needs no inbox */
    OrderId order_id;         /* in */
    OrderNews news;           /* in */
    const char *trace_parent; /* in: "" takes the order's own */
    OrderOutcome outcome;     /* out, if status is OK */
    const Order *order;       /* out: as it now is, if it was touched; with its lines if it
                               * ended or asks for stock */
    int64_t waited_us;        /* out: since the order's step before */
    Status status;            /* out */
} OrderStep;

/* Decides one step on an order that is locked for it. Pure; may run again. */
typedef void OrderDecide(const void *context, OrderStep *step, Order *order);

typedef struct OrderDecision {
    OrderDecide *decide;
    const void *context;
    int64_t now_us;
} OrderDecision;

/* Which orders a sweep looks for. */
typedef struct OrderDue {
    OrderEvent event;  /* ORDER_STALLED, ORDER_LOST or ORDER_HOLD_OVER */
    int64_t before_us; /* of the last news or repeat, or the hold's end */
    uint64_t id_below; /* younger orders are left alone */
    size_t max;
    int64_t now_us; /* of stalled and lost ones */
} OrderDue;

typedef struct OrderStore OrderStore;

typedef struct OrderStoreOps {
    /* ret_records[i] is what is stored under keys[i]. One query. */
    Status (*find_requests)(OrderStore *store, const RequestKey *const *keys, size_t count,
                            RequestRecord *ret_records);

    /* ret_orders[i] is the order as it now is, with its lines; NULL if there is none. */
    Status (*find_orders)(OrderStore *store, Arena *arena, const OrderId *ids, size_t count,
                          Order **ret_orders);

    /* Stores the orders, their lines, first timeline rows and request keys, and one
     * stock.reserve command each, all or nothing, in one transaction. ALREADY_EXISTS
     * if an id or a request key is taken. UNKNOWN if it cannot be told whether. */
    Status (*append)(OrderStore *store, const NewOrder *orders, size_t count);

    /* Which of the orders are there, in spite of whatever transaction is still open on
     * the server. Tries for about 2 s while the server is away. */
    Status (*confirm)(OrderStore *store, const OrderId *ids, size_t count, bool *ret_exist);

    /* In one transaction: locks the orders in id order, calls decide for each step in
     * the order given, stores orders, timeline, inbox rows and commands. Sets each
     * step's status: OK also for an event heard before, NOT_FOUND without an order, or
     * what decide said; only OK ones enter the inbox. If the whole fails nothing is
     * stored and no status is set; UNKNOWN if it cannot be told: run it again, the inbox
     * remembers. */
    Status (*advance)(OrderStore *store, Arena *arena, OrderStep *const *steps, size_t count,
                      const OrderDecision *decision);

    /* At most due->max ids. ORDER_HOLD_OVER: oldest first. ORDER_STALLED: of the orders
     * that wait for an answer and whose last repeat is as long ago as it was after their
     * last move (or ORDER_REPEAT_WAIT_MAX_US); the least recently asked for first, so that
     * a repeat, which touches its order, lets the others have their turn. ORDER_LOST:
     * those of them whose last repeat was ORDER_LOST_AFTER_US after their last move. */
    Status (*find_due)(OrderStore *store, const OrderDue *due, OrderId *ret_ids, size_t *ret_count);

    /* ret_states[i] is 0 where there is no such order. */
    Status (*find_states)(OrderStore *store, const OrderId *ids, size_t count,
                          OrderState *ret_states);

    /* ret_units[i]: units of products[i] (ascending, distinct) in PENDING orders. Reads
     * all orders that are open. */
    Status (*pending_units)(OrderStore *store, const ProductId *products, size_t count,
                            int64_t *ret_units);

    /* Forgets some of the inbox rows and request keys older than that. */
    Status (*purge)(OrderStore *store, int64_t inbox_before_us, int64_t keys_before_us);
} OrderStoreOps;

struct OrderStore {
    const OrderStoreOps *ops;
};

typedef enum HoldAnswer {
    HOLD_UNTOLD,  /* the gate said nothing: it may be held */
    HOLD_GRANTED, /* taken now */
    HOLD_HELD,    /* taken by an earlier call for the same order */
    HOLD_REFUSED, /* not so many left */
    HOLD_UNKNOWN, /* the gate does not know the product */
} HoldAnswer;

/* Units of one product for one order. */
typedef struct StockHold {
    ProductId product; /* in */
    OrderId order;     /* in */
    uint32_t quantity; /* in */
    uint32_t item;     /* in: the caller's own */
    HoldAnswer answer; /* out */
    int64_t left;      /* out: units left in the gate afterwards */
} StockHold;

/* The end of one order's hold of one product. */
typedef struct HoldSettlement {
    ProductId product;
    OrderId order;
    HoldEnd end; /* HOLD_CLOSES or HOLD_RETURNS */
} HoldSettlement;

typedef struct GateHold {
    OrderId order;
    int64_t quantity;
} GateHold;

enum {
    GATE_STALE_MAX = 64, /* old holds of a product told in one look */
};

/* A look at one product in the gate. */
typedef struct GateView {
    ProductId product; /* in */
    bool known;        /* out */
    int64_t units;     /* out */
    int64_t young;     /* out: holds too young to be judged, or too many to be looked at */
    GateHold *stale;   /* out: the others, at most GATE_STALE_MAX */
    size_t stale_count;
} GateView;

typedef struct StockGate StockGate;

/* The gate spares the ledger hopeless work; it is never the truth. Every call may fail
 * with UNAVAILABLE (nothing happened) or UNKNOWN, and does so at once for a while after
 * a failure. Arrays are sorted by product. */
typedef struct StockGateOps {
    /* Takes what there is, in the order given, atomically per product. Sets answers;
     * after a failure some may still be HOLD_UNTOLD. */
    Status (*hold)(StockGate *gate, StockHold *holds, size_t count);

    /* Ends holds. Units return only for a hold that was there, so a repeat does nothing. */
    Status (*settle)(StockGate *gate, const HoldSettlement *ends, size_t count);

    /* Tells the gate what it does not know: products it knows are left alone. */
    Status (*restore)(StockGate *gate, const ProductId *products, const int64_t *units,
                      size_t count);

    /* Some products the gate knows. *cursor goes from 0 round to 0. */
    Status (*scan)(StockGate *gate, uint64_t *cursor, ProductId *ret_products, size_t max,
                   size_t *ret_count);

    /* Looks at the products; holds of orders below `id_below` count as old. Where there
     * are more old ones than are told, `skip` of them are passed over first, round and
     * round: who raises it by GATE_STALE_MAX each time sees them all, sooner or later. */
    Status (*inspect)(StockGate *gate, Arena *arena, OrderId id_below, uint64_t skip,
                      GateView *views, size_t count);

    /* Sets a product from `seen` to `units`, unless it has changed meanwhile. */
    Status (*correct)(StockGate *gate, ProductId product, int64_t seen, int64_t units);
} StockGateOps;

struct StockGate {
    const StockGateOps *ops;
};

typedef struct CatalogProduct {
    ProductId id;
    const char *name;
    Money price;
    int64_t available; /* on hand less reserved */
    bool active;
} CatalogProduct;

typedef struct Catalog Catalog;

typedef struct CatalogOps {
    /* The products that exist among ids (sorted, distinct), sorted by id. UNAVAILABLE
     * if the product service cannot be asked; nothing else than reading happens. */
    Status (*get)(Catalog *catalog, Arena *arena, const ProductId *ids, size_t count,
                  CatalogProduct **ret_products, size_t *ret_count);
} CatalogOps;

struct Catalog {
    const CatalogOps *ops;
};

/* Who asks. */
typedef struct OrderReader {
    MemberId member;
    bool sees_all; /* an administrator */
} OrderReader;

typedef struct OrderFilter {
    OrderState state; /* 0 for all */
    int64_t from_us;  /* created at or after; 0 for no bound */
    int64_t to_us;    /* created before; 0 for no bound. Nothing is older than ID_EPOCH_US */
    OrderId below;    /* 0 for no bound */
    OrderId only;     /* 0 for all */
    uint32_t limit;
} OrderFilter;

/* A row of the timeline. */
typedef struct OrderEntry {
    uint32_t seq;
    int64_t at_us;
    const char *service;
    const char *type;
    OrderState from; /* 0 in the first */
    OrderState to;
    const char *detail;
    const char *trace_id;
} OrderEntry;

typedef struct OrderReads OrderReads;

typedef struct OrderReadsOps {
    /* As OrderStore.find_orders; the caller compares the member. */
    Status (*find)(OrderReads *reads, Arena *arena, const OrderId *ids, size_t count,
                   Order **ret_orders);

    /* Newest first, without lines, at most filter->limit. */
    Status (*list)(OrderReads *reads, Arena *arena, const OrderReader *reader,
                   const OrderFilter *filter, Order **ret_orders, size_t *ret_count);

    /* All rows by number; none if there is no such order, or it is not the reader's. */
    Status (*timeline)(OrderReads *reads, Arena *arena, const OrderReader *reader, OrderId id,
                       OrderEntry **ret_entries, size_t *ret_count);
} OrderReadsOps;

struct OrderReads {
    const OrderReadsOps *ops;
};

#endif
