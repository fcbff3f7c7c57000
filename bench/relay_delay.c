#include "bench/relay_delay.h"

#include <stdlib.h>
#include <string.h>

#define BUCKET "relay_delay_seconds_bucket{"

static void add(RelayDelay *delay, double bound_s, uint64_t count)
{
    for (unsigned i = 0; i < delay->bucket_count; i++) {
        if (delay->bounds_s[i] >= bound_s) {
            delay->counts[i] += count;
            return;
        }
    }
    if (delay->bucket_count < RELAY_DELAY_BUCKETS_MAX) {
        delay->bounds_s[delay->bucket_count] = bound_s;
        delay->counts[delay->bucket_count++] = count;
    }
}

/* One line `relay_delay_seconds_bucket{schema="order",le="0.016"} 123`; +Inf is skipped:
 * what lies beyond the last bound counts as that bound. */
static void read_line(const char *line, RelayDelay *delay)
{
    const char *bound = strstr(line, "le=\"");
    const char *count = strchr(line, '}');

    if (bound != NULL && count != NULL && bound < count && bound[4] != '+') {
        add(delay, strtod(bound + 4, NULL), strtoull(count + 1, NULL, 10));
    }
}

Status relay_delay_read(HttpClient *http, RelayDelay *ret_delay)
{
    RelayDelay delay = { .bucket_count = 0 };
    HttpReply reply = { 0 };
    Status status =
        http_client_ask(http, &(HttpRequest){ .method = "GET", .path = "/metrics" }, &reply);

    if (status_failed(status)) {
        return status;
    }
    const char *line = strstr(reply.body, BUCKET);
    while (line != NULL) {
        read_line(line, &delay);
        line = strstr(line + 1, BUCKET);
    }
    *ret_delay = delay;
    return status_ok();
}

double relay_delay_percentile_ms(const RelayDelay *before, const RelayDelay *after, double percent)
{
    unsigned last = after->bucket_count;

    if (last == 0) {
        return 0;
    }
    uint64_t before_total = before->bucket_count > 0 ? before->counts[before->bucket_count - 1] : 0;
    double wanted = (double)(after->counts[last - 1] - before_total) * percent / 100;
    for (unsigned i = 0; i < last; i++) {
        uint64_t old = i < before->bucket_count ? before->counts[i] : 0;
        if (wanted > 0 && (double)(after->counts[i] - old) >= wanted) {
            return after->bounds_s[i] * 1000;
        }
    }
    return wanted > 0 ? after->bounds_s[last - 1] * 1000 : 0;
}
