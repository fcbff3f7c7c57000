#include "common/runtime/pace.h"

void pace_batch(Pace *pace, int64_t began_us, size_t items)
{
    int64_t apart_us = pace->limit_us;

    if (items < (size_t)(pace->limit_us / PACE_ITEM_US)) {
        apart_us = (int64_t)items * PACE_ITEM_US;
    }
    pace->due_us = began_us + apart_us;
}
