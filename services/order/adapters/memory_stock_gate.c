#include "services/order/adapters/memory_stock_gate.h"

#include <pthread.h>
#include <stdlib.h>

#include <uthash.h>

typedef struct HoldKey {
    uint64_t product;
    uint64_t order;
} HoldKey;

typedef struct HeldUnits {
    HoldKey key;
    int64_t quantity;
    UT_hash_handle hh;
} HeldUnits;

typedef struct KnownUnits {
    uint64_t product;
    int64_t units;
    UT_hash_handle hh;
} KnownUnits;

typedef struct MemoryStockGate {
    StockGate port;
    pthread_mutex_t lock; /* guards the maps */
    KnownUnits *stock;
    HeldUnits *holds;
} MemoryStockGate;

static KnownUnits *find_units(MemoryStockGate *self, ProductId product)
{
    KnownUnits *known;

    HASH_FIND(hh, self->stock, &product.value, sizeof product.value, known);
    return known;
}

static HeldUnits *find_hold(MemoryStockGate *self, ProductId product, OrderId order)
{
    HoldKey key = { product.value, order.value };
    HeldUnits *held;

    HASH_FIND(hh, self->holds, &key, sizeof key, held);
    return held;
}

static bool add_hold(MemoryStockGate *self, const StockHold *hold)
{
    HeldUnits *held = calloc(1, sizeof *held);

    if (held == NULL) {
        return false;
    }
    held->key = (HoldKey){ hold->product.value, hold->order.value };
    held->quantity = hold->quantity;
    HASH_ADD(hh, self->holds, key, sizeof held->key, held);
    return true;
}

static void take(MemoryStockGate *self, StockHold *hold)
{
    KnownUnits *known = find_units(self, hold->product);

    if (known == NULL) {
        hold->answer = HOLD_UNKNOWN;
        return;
    }
    if (find_hold(self, hold->product, hold->order) != NULL) {
        hold->answer = HOLD_HELD;
    } else if (known->units < hold->quantity || !add_hold(self, hold)) {
        hold->answer = HOLD_REFUSED;
    } else {
        known->units -= hold->quantity;
        hold->answer = HOLD_GRANTED;
    }
    hold->left = known->units;
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
    HeldUnits *held = find_hold(self, end->product, end->order);
    KnownUnits *known = find_units(self, end->product);

    if (held == NULL) {
        return;
    }
    if (end->end == HOLD_RETURNS && known != NULL) {
        known->units += held->quantity;
    }
    HASH_DEL(self->holds, held);
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

static Status restore(StockGate *gate, const ProductId *products, const int64_t *units,
                      size_t count)
{
    MemoryStockGate *self = (MemoryStockGate *)gate;
    Status status = status_ok();

    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; i < count; i++) {
        KnownUnits *known = find_units(self, products[i]);

        if (known != NULL) {
            continue;
        }
        known = calloc(1, sizeof *known);
        if (known == NULL) {
            status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
            break;
        }
        known->product = products[i].value;
        known->units = units[i];
        HASH_ADD(hh, self->stock, product, sizeof known->product, known);
    }
    pthread_mutex_unlock(&self->lock);
    return status;
}

/* The cursor is the place in the order of insertion. */
static Status scan(StockGate *gate, uint64_t *cursor, ProductId *ret_products, size_t max,
                   size_t *ret_count)
{
    MemoryStockGate *self = (MemoryStockGate *)gate;
    uint64_t place = 0;
    size_t count = 0;

    pthread_mutex_lock(&self->lock);
    const KnownUnits *known = self->stock;
    for (; known != NULL && count < max; known = known->hh.next, place++) {
        if (place >= *cursor) {
            ret_products[count++] = (ProductId){ known->product };
        }
    }
    *cursor = known == NULL ? 0 : place;
    pthread_mutex_unlock(&self->lock);
    *ret_count = count;
    return status_ok();
}

static Status look(MemoryStockGate *self, Arena *arena, OrderId id_below, GateView *view)
{
    const KnownUnits *known = find_units(self, view->product);

    view->known = known != NULL;
    view->units = known == NULL ? 0 : known->units;
    view->stale = arena_calloc(arena, GATE_STALE_MAX, sizeof *view->stale);
    if (view->stale == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    for (const HeldUnits *held = self->holds; held != NULL; held = held->hh.next) {
        if (held->key.product != view->product.value) {
            continue;
        }
        if (held->key.order >= id_below.value) {
            view->young++;
        } else if (view->stale_count < GATE_STALE_MAX) {
            view->stale[view->stale_count++] = (GateHold){ { held->key.order }, held->quantity };
        }
    }
    return status_ok();
}

static Status inspect(StockGate *gate, Arena *arena, OrderId id_below, GateView *views,
                      size_t count)
{
    MemoryStockGate *self = (MemoryStockGate *)gate;
    Status status = status_ok();

    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; !status_failed(status) && i < count; i++) {
        status = look(self, arena, id_below, &views[i]);
    }
    pthread_mutex_unlock(&self->lock);
    return status;
}

static Status correct(StockGate *gate, ProductId product, int64_t seen, int64_t units)
{
    MemoryStockGate *self = (MemoryStockGate *)gate;

    pthread_mutex_lock(&self->lock);
    KnownUnits *known = find_units(self, product);
    if (known != NULL && known->units == seen) {
        known->units = units;
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

void order_memory_gate_flush(StockGate *gate)
{
    MemoryStockGate *self = (MemoryStockGate *)gate;
    KnownUnits *known;
    KnownUnits *next_known;
    HeldUnits *held;
    HeldUnits *next_held;

    pthread_mutex_lock(&self->lock);
    HASH_ITER(hh, self->stock, known, next_known)
    {
        HASH_DEL(self->stock, known);
        free(known);
    }
    HASH_ITER(hh, self->holds, held, next_held)
    {
        HASH_DEL(self->holds, held);
        free(held);
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
