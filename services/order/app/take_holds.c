#include "services/order/app/take_holds.h"

#include <stdlib.h>

static int compare_holds(const void *left, const void *right)
{
    const StockHold *a = left;
    const StockHold *b = right;

    if (a->product.value != b->product.value) {
        return a->product.value < b->product.value ? -1 : 1;
    }
    return (a->item > b->item) - (a->item < b->item);
}

Status gate_truth(const GateSources *sources, const ProductId *products, size_t count,
                  int64_t *ret_units, bool *ret_known)
{
    OrderStore *store = sources->store;
    Catalog *catalog = sources->catalog;
    CatalogProduct *found = NULL;
    size_t found_count = 0;

    Status status = store->ops->pending_units(store, products, count, ret_units);
    if (!status_failed(status)) {
        status = catalog->ops->get(catalog, sources->arena, products, count, &found, &found_count);
    }
    if (status_failed(status)) {
        return status;
    }
    for (size_t i = 0, at = 0; i < count; i++) {
        while (at < found_count && found[at].id.value < products[i].value) {
            at++;
        }
        ret_known[i] = at < found_count && found[at].id.value == products[i].value;
        if (ret_known[i]) {
            ret_units[i] = found[at].available - ret_units[i];
        }
    }
    return status;
}

static Status restore(const GateSources *sources, ProductId *products, size_t count)
{
    int64_t *units = arena_calloc(sources->arena, count, sizeof *units);
    bool *known = arena_calloc(sources->arena, count, sizeof *known);
    size_t known_count = 0;

    if (units == NULL || known == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    Status status = gate_truth(sources, products, count, units, known);
    if (status_failed(status)) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        if (known[i]) {
            products[known_count] = products[i];
            units[known_count++] = units[i];
        }
    }
    if (known_count == 0) {
        return status;
    }
    return sources->gate->ops->restore(sources->gate, products, units, known_count);
}

/* Copies the unknown holds, and lists their products once each. */
static size_t pick_unknown(const StockHold *holds, size_t count, StockHold *unknown,
                           ProductId *products, size_t *ret_product_count)
{
    size_t unknown_count = 0;
    size_t product_count = 0;

    for (size_t i = 0; i < count; i++) {
        if (holds[i].answer != HOLD_UNKNOWN) {
            continue;
        }
        if (product_count == 0 || products[product_count - 1].value != holds[i].product.value) {
            products[product_count++] = holds[i].product;
        }
        unknown[unknown_count++] = holds[i];
    }
    *ret_product_count = product_count;
    return unknown_count;
}

static void take_unknown(const GateSources *sources, StockHold *holds, size_t count)
{
    StockGate *gate = sources->gate;
    StockHold *unknown = arena_calloc(sources->arena, count, sizeof *unknown);
    ProductId *products = arena_calloc(sources->arena, count, sizeof *products);
    size_t product_count = 0;

    if (unknown == NULL || products == NULL) {
        return;
    }
    size_t unknown_count = pick_unknown(holds, count, unknown, products, &product_count);
    if (unknown_count == 0 || status_failed(restore(sources, products, product_count))) {
        return;
    }
    /* After a failure the answers that did come still count. */
    (void)gate->ops->hold(gate, unknown, unknown_count);
    for (size_t i = 0, at = 0; i < count; i++) {
        if (holds[i].answer == HOLD_UNKNOWN) {
            holds[i] = unknown[at++];
        }
    }
}

void take_holds(const GateSources *sources, StockHold *holds, size_t count)
{
    if (count == 0) {
        return;
    }
    qsort(holds, count, sizeof *holds, compare_holds);
    for (size_t i = 0; i < count; i++) {
        holds[i].answer = HOLD_UNTOLD;
    }
    Status status = sources->gate->ops->hold(sources->gate, holds, count);
    if (status_failed(status)) {
        return;
    }
    bool any_unknown = false;
    for (size_t i = 0; i < count && !any_unknown; i++) {
        any_unknown = holds[i].answer == HOLD_UNKNOWN;
    }
    if (any_unknown) {
        take_unknown(sources, holds, count);
    }
}
