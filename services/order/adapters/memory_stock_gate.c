#include "services/order/adapters/memory_stock_gate.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    PRODUCT_BUCKETS = 1024,
    HOLD_BUCKETS = 64, /* of one product */
};

typedef struct HeldUnits {
    struct HeldUnits *next;
    uint64_t order;
    int64_t quantity;
} HeldUnits;

/* A product keeps its holds when its number is forgotten, as the two keys of Redis do. */
typedef struct Shelf {
    struct Shelf *next;
    uint64_t product;
    bool known;
    int64_t units;
    HeldUnits *holds[HOLD_BUCKETS];
} Shelf;

typedef struct MemoryStockGate {
    StockGate port;
    pthread_mutex_t lock; /* guards the shelves */
    Shelf *shelves[PRODUCT_BUCKETS];
} MemoryStockGate;

static Shelf *find_shelf(MemoryStockGate *self, ProductId product)
{
    Shelf *shelf = self->shelves[product.value % PRODUCT_BUCKETS];

    while (shelf != NULL && shelf->product != product.value) {
        shelf = shelf->next;
    }
    return shelf;
}

static HeldUnits **find_hold(Shelf *shelf, OrderId order)
{
    HeldUnits **link = &shelf->holds[order.value % HOLD_BUCKETS];

    while (*link != NULL && (*link)->order != order.value) {
        link = &(*link)->next;
    }
    return link;
}

static bool add_hold(Shelf *shelf, const StockHold *hold)
{
    HeldUnits **bucket = &shelf->holds[hold->order.value % HOLD_BUCKETS];
    HeldUnits *held = calloc(1, sizeof *held);

    if (held == NULL) {
        return false;
    }
    *held = (HeldUnits){ *bucket, hold->order.value, hold->quantity };
    *bucket = held;
    return true;
}

static void take(MemoryStockGate *self, StockHold *hold)
{
    Shelf *shelf = find_shelf(self, hold->product);

    if (shelf == NULL || !shelf->known) {
        hold->answer = HOLD_UNKNOWN;
        return;
    }
    if (*find_hold(shelf, hold->order) != NULL) {
        hold->answer = HOLD_HELD;
    } else if (shelf->units < hold->quantity || !add_hold(shelf, hold)) {
        hold->answer = HOLD_REFUSED;
    } else {
        shelf->units -= hold->quantity;
        hold->answer = HOLD_GRANTED;
    }
    hold->left = shelf->units;
}

static Status hold_all(StockGate *gate, StockHold *holds, size_t count)
{
    MemoryStockGate *self = (MemoryStockGate *)gate;

    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; i < count; i++) {
        take(self, &holds[i]);
    }
    pthread_mutex_unlock(&self->lock);
    return status_ok();
}

static void end_hold(MemoryStockGate *self, const HoldSettlement *end)
{
    Shelf *shelf = find_shelf(self, end->product);
    HeldUnits **link = shelf == NULL ? NULL : find_hold(shelf, end->order);

    if (link == NULL || *link == NULL) {
        return;
    }
    HeldUnits *held = *link;
    *link = held->next;
    if (end->end == HOLD_RETURNS && shelf->known) {
        shelf->units += held->quantity;
    }
    free(held);
}

static Status settle(StockGate *gate, const HoldSettlement *ends, size_t count)
{
    MemoryStockGate *self = (MemoryStockGate *)gate;

    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; i < count; i++) {
        end_hold(self, &ends[i]);
    }
    pthread_mutex_unlock(&self->lock);
    return status_ok();
}

static bool learn(MemoryStockGate *self, ProductId product, int64_t units)
{
    Shelf **bucket = &self->shelves[product.value % PRODUCT_BUCKETS];
    Shelf *shelf = find_shelf(self, product);

    if (shelf == NULL) {
        shelf = calloc(1, sizeof *shelf);
        if (shelf == NULL) {
            return false;
        }
        shelf->next = *bucket;
        shelf->product = product.value;
        *bucket = shelf;
    }
    if (!shelf->known) {
        shelf->known = true;
        shelf->units = units;
    }
    return true;
}

static Status restore(StockGate *gate, const ProductId *products, const int64_t *units,
                      size_t count)
{
    MemoryStockGate *self = (MemoryStockGate *)gate;
    bool learned = true;

    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; learned && i < count; i++) {
        learned = learn(self, products[i], units[i]);
    }
    pthread_mutex_unlock(&self->lock);
    return learned ? status_ok() : status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
}

/* The cursor is a bucket: what does not fit of the last one is left for the next round. */
static Status scan(StockGate *gate, uint64_t *cursor, ProductId *ret_products, size_t max,
                   size_t *ret_count)
{
    MemoryStockGate *self = (MemoryStockGate *)gate;
    uint64_t bucket = *cursor < PRODUCT_BUCKETS ? *cursor : 0;
    size_t count = 0;

    pthread_mutex_lock(&self->lock);
    for (; bucket < PRODUCT_BUCKETS && count < max; bucket++) {
        for (const Shelf *shelf = self->shelves[bucket]; shelf != NULL && count < max;
             shelf = shelf->next) {
            ret_products[count] = (ProductId){ shelf->product };
            count += shelf->known ? 1 : 0;
        }
    }
    pthread_mutex_unlock(&self->lock);
    *cursor = bucket == PRODUCT_BUCKETS ? 0 : bucket;
    *ret_count = count;
    return status_ok();
}

static size_t count_holds(const Shelf *shelf, OrderId id_below, GateView *view)
{
    size_t old = 0;

    for (size_t i = 0; i < HOLD_BUCKETS; i++) {
        for (const HeldUnits *held = shelf->holds[i]; held != NULL; held = held->next) {
            bool young = held->order >= id_below.value;
            view->young += young ? 1 : 0;
            old += young ? 0 : 1;
        }
    }
    return old;
}

static void look_at_holds(const Shelf *shelf, OrderId id_below, uint64_t skip, GateView *view)
{
    size_t old = count_holds(shelf, id_below, view);
    size_t from = old > GATE_STALE_MAX ? (size_t)(skip % old) : 0;
    size_t at = 0;

    for (size_t i = 0; i < HOLD_BUCKETS; i++) {
        for (const HeldUnits *held = shelf->holds[i]; held != NULL; held = held->next) {
            if (held->order >= id_below.value) {
                continue;
            }
            if ((at + old - from) % old < GATE_STALE_MAX) {
                view->stale[view->stale_count++] = (GateHold){ { held->order }, held->quantity };
            }
            at++;
        }
    }
}

static Status look(MemoryStockGate *self, Arena *arena, OrderId id_below, uint64_t skip,
                   GateView *view)
{
    const Shelf *shelf = find_shelf(self, view->product);

    view->known = shelf != NULL && shelf->known;
    view->units = shelf == NULL ? 0 : shelf->units;
    view->stale = arena_calloc(arena, GATE_STALE_MAX, sizeof *view->stale);
    if (view->stale == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    if (shelf != NULL) {
        look_at_holds(shelf, id_below, skip, view);
    }
    return status_ok();
}

static Status inspect(StockGate *gate, Arena *arena, OrderId id_below, uint64_t skip,
                      GateView *views, size_t count)
{
    MemoryStockGate *self = (MemoryStockGate *)gate;
    Status status = status_ok();

    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; !status_failed(status) && i < count; i++) {
        status = look(self, arena, id_below, skip, &views[i]);
    }
    pthread_mutex_unlock(&self->lock);
    return status;
}

static Status correct(StockGate *gate, ProductId product, int64_t seen, int64_t units)
{
    MemoryStockGate *self = (MemoryStockGate *)gate;

    pthread_mutex_lock(&self->lock);
    Shelf *shelf = find_shelf(self, product);
    if (shelf != NULL && shelf->known && shelf->units == seen) {
        shelf->units = units;
    }
    pthread_mutex_unlock(&self->lock);
    return status_ok();
}

static const StockGateOps ops = {
    .hold = hold_all,
    .settle = settle,
    .restore = restore,
    .scan = scan,
    .inspect = inspect,
    .correct = correct,
};

Status order_memory_gate_open(StockGate **ret_gate)
{
    MemoryStockGate *self = calloc(1, sizeof *self);

    if (self == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    self->port.ops = &ops;
    pthread_mutex_init(&self->lock, NULL);
    *ret_gate = &self->port;
    return status_ok();
}

static void free_shelf(Shelf *shelf)
{
    for (size_t i = 0; i < HOLD_BUCKETS; i++) {
        HeldUnits *held = shelf->holds[i];

        while (held != NULL) {
            HeldUnits *next = held->next;
            free(held);
            held = next;
        }
    }
    free(shelf);
}

void order_memory_gate_flush(StockGate *gate)
{
    MemoryStockGate *self = (MemoryStockGate *)gate;

    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; i < PRODUCT_BUCKETS; i++) {
        Shelf *shelf = self->shelves[i];

        self->shelves[i] = NULL;
        while (shelf != NULL) {
            Shelf *next = shelf->next;
            free_shelf(shelf);
            shelf = next;
        }
    }
    pthread_mutex_unlock(&self->lock);
}

void order_memory_gate_close(StockGate *gate)
{
    MemoryStockGate *self = (MemoryStockGate *)gate;

    if (self == NULL) {
        return;
    }
    order_memory_gate_flush(gate);
    pthread_mutex_destroy(&self->lock);
    free(self);
}
