#include "services/gateway/trace.h"

#include <string.h>
#include <sys/random.h>

#include "common/base/clock.h"

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next(TraceSource *source)
{
    uint64_t z = atomic_fetch_add(&source->state, UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return z == 0 ? 1 : z; /* an all-zero span is not valid */
}

static char *put_hex(char *to, uint64_t value, int digits)
{
    static const char symbols[] = "0123456789abcdef";

    for (int i = digits - 1; i >= 0; i--) {
        *to++ = symbols[value >> (4 * i) & 15];
    }
    return to;
}

void trace_source_init(TraceSource *source)
{
    uint64_t seed;

    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        seed = (uint64_t)clock_wall_us(clock_system());
    }
    atomic_store(&source->state, seed);
}

void trace_begin(TraceSource *source, const char *client, Trace *ret_trace)
{
    char *at = ret_trace->parent;

    if (client != NULL) {
        memcpy(at, client, 36);
        at += 36;
    } else {
        memcpy(at, "00-", 3);
        at = put_hex(at + 3, next(source), 16);
        at = put_hex(at, next(source), 16);
        *at++ = '-';
    }
    memcpy(ret_trace->trace_id, ret_trace->parent + 3, TRACE_ID_SIZE - 1);
    ret_trace->trace_id[TRACE_ID_SIZE - 1] = '\0';
    at = put_hex(at, next(source), 16);
    memcpy(at, client != NULL ? client + 52 : "-01", 3);
    at[3] = '\0';
    at = put_hex(ret_trace->request_id, next(source), 16);
    at = put_hex(at, next(source), REQUEST_ID_SIZE - 17);
    *at = '\0';
}
