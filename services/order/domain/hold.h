/* hold.h - the arithmetic of the stock gate. Pure.
 *
 * The gate's number of a product is what it would still sell:
 *
 *     on hand - reserved - units of PENDING orders
 *
 * and its holds say which order took how much, so that nothing is given back twice. */
#ifndef JUMUN_SERVICES_ORDER_DOMAIN_HOLD_H
#define JUMUN_SERVICES_ORDER_DOMAIN_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "services/order/domain/order.h"

/* What an order's state means for its hold. 0 = there is no such order. */
typedef enum HoldEnd {
    HOLD_STAYS,
    HOLD_CLOSES,  /* the units are sold: only the entry goes */
    HOLD_RETURNS, /* the units come back */
} HoldEnd;

HoldEnd hold_end(OrderState state);

enum {
    HOLD_SIGHTINGS_BUSY = 10
};

/* A product whose gate has been seen to differ from the truth. */
typedef struct HoldDrift {
    ProductId product;
    int64_t last;     /* gate less truth, as seen last */
    int64_t smallest; /* of all sightings with the same sign */
    uint32_t sightings;
    bool quiet; /* nothing was on its way at the last sighting */
} HoldDrift;

/* Takes one more sighting and says by how much to correct the gate, 0 for not at all.
 * While orders are on their way the difference is partly they. So a quiet product is
 * corrected when two sightings agree; a busy one that seems to sell too much is lowered
 * by the smallest of many sightings, and one that seems to sell too little must first
 * fall quiet, which selling too little brings about. */
int64_t hold_drift_see(HoldDrift *drift, int64_t difference, bool quiet);

#endif
