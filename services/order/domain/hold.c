#include "services/order/domain/hold.h"

HoldEnd hold_end(OrderState state)
{
    switch (state) {
    case ORDER_PENDING:
    case ORDER_RESERVED:
    case ORDER_PAYING:
    case ORDER_PAYMENT_FAILED:
    case ORDER_CANCELLING:
    case ORDER_NEEDS_REVIEW:
        return HOLD_STAYS;
    case ORDER_COMPLETED:
    case ORDER_REFUNDING:
    case ORDER_PARTIALLY_REFUNDED:
    case ORDER_REFUNDED:
        return HOLD_CLOSES;
    case ORDER_CANCELLED:
    case ORDER_EXPIRED:
        break;
    }
    return HOLD_RETURNS;
}

static int64_t magnitude(int64_t value)
{
    return value < 0 ? -value : value;
}

int64_t hold_drift_see(HoldDrift *drift, int64_t difference, bool quiet)
{
    bool same_sign = (difference < 0) == (drift->last < 0);
    bool agrees = drift->sightings > 0 && quiet && drift->quiet && difference == drift->last;

    if (drift->sightings == 0 || !same_sign || difference == 0) {
        drift->sightings = 0;
        drift->smallest = difference;
    } else if (magnitude(difference) < magnitude(drift->smallest)) {
        drift->smallest = difference;
    }
    drift->sightings++;
    drift->last = difference;
    drift->quiet = quiet;
    if (agrees) {
        return -difference;
    }
    return drift->sightings >= HOLD_SIGHTINGS_BUSY && difference > 0 ? -drift->smallest : 0;
}
