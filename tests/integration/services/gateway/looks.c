#include "tests/integration/services/gateway/looks.h"

#include <stdatomic.h>
#include <string.h>

#include "services/gateway/forward.h"

size_t looks_sizes[LOOKS];

static atomic_uint left;
static void (*before_the_last)(void);

bool __real_waits_park(Waits *waits, Waiter *waiter, int64_t due_us);
bool __wrap_waits_park(Waits *waits, Waiter *waiter, int64_t due_us);

void looks_begin(void (*settle)(void))
{
    memset(looks_sizes, 0, sizeof looks_sizes);
    before_the_last = settle;
    atomic_store(&left, LOOKS);
}

/* Not parked is what a request hears that was nudged meanwhile. */
bool __wrap_waits_park(Waits *waits, Waiter *waiter, int64_t due_us)
{
    const Forward *forward = waiter->context;
    unsigned count = atomic_load(&left);

    if (count == 0) {
        return __real_waits_park(waits, waiter, due_us);
    }
    looks_sizes[LOOKS - count] =
        forward->http->arena->size + forward->looks[0].size + forward->looks[1].size;
    if (count == 1) {
        before_the_last();
    }
    atomic_store(&left, count - 1);
    return false;
}
