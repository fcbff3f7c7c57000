/* metrics_text.c - Prometheus text format 0.0.4. Families are written together, as the
 * format demands; what does not fit in the buffer is left out whole. */
#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/runtime/metrics_series.h"

typedef struct Page {
    char *text;
    size_t capacity;
    size_t size;
    bool full; /* the piece being written does not fit */
} Page;

__attribute__((format(printf, 2, 3))) static void put(Page *page, const char *format, ...)
{
    va_list arguments;
    size_t room = page->capacity - page->size;

    va_start(arguments, format);
    int length = vsnprintf(&page->text[page->size], room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room) {
        page->full = true;
    } else {
        page->size += (size_t)length;
    }
}

/* Takes back everything since `size` if a part of it did not fit. */
static void keep_or_undo(Page *page, size_t size)
{
    if (page->full) {
        page->size = size;
        page->text[size] = '\0';
        page->full = false;
    }
}

static void put_sample(Page *page, const Series *series, const char *value)
{
    if (series->labels[0] == '\0') {
        put(page, "%s %s\n", series->name, value);
    } else {
        put(page, "%s{%s} %s\n", series->name, series->labels, value);
    }
}

static void put_histogram(Page *page, const Series *series)
{
    const Histogram *histogram = &series->as.histogram;
    const char *comma = series->labels[0] == '\0' ? "" : ",";
    const char *open = series->labels[0] == '\0' ? "" : "{";
    const char *close = series->labels[0] == '\0' ? "" : "}";
    uint64_t total = 0;

    for (size_t i = 0; i <= histogram->buckets->count; i++) {
        char bound[32] = "+Inf";
        if (i < histogram->buckets->count) {
            (void)snprintf(bound, sizeof bound, "%g", histogram->buckets->bounds[i]);
        }
        total += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
        put(page, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", series->name, series->labels, comma,
            bound, total);
    }
    uint64_t sum = atomic_load_explicit(&histogram->sum, memory_order_relaxed);
    put(page, "%s_sum%s%s%s %.9g\n", series->name, open, series->labels, close,
        (double)sum / histogram->buckets->scale);
    put(page, "%s_count%s%s%s %" PRIu64 "\n", series->name, open, series->labels, close, total);
}

static void put_series(Page *page, const Series *series)
{
    char value[40];

    switch (series->kind) {
    case SERIES_COUNTER:
        (void)snprintf(value, sizeof value, "%" PRIu64, counter_value(&series->as.counter));
        put_sample(page, series, value);
        break;
    case SERIES_GAUGE:
        (void)snprintf(value, sizeof value, "%.17g", gauge_value(&series->as.gauge));
        put_sample(page, series, value);
        break;
    case SERIES_HISTOGRAM:
        put_histogram(page, series);
        break;
    }
}

static void put_head(Page *page, const char *name, const char *help, SeriesKind kind)
{
    static const char *const types[] = { "counter", "gauge", "histogram" };

    put(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[kind]);
}

static void put_family(Page *page, const Metrics *metrics, size_t first, size_t count)
{
    const Series *family = metrics->series[first];
    size_t start = page->size;

    put_head(page, family->name, family->help, family->kind);
    put_series(page, family);
    keep_or_undo(page, start);
    if (page->size == start) {
        return; /* without its head the rest would be nameless */
    }
    for (size_t i = first + 1; i < count; i++) {
        if (metrics->series[i]->family == family) {
            size_t size = page->size;
            put_series(page, metrics->series[i]);
            keep_or_undo(page, size);
        }
    }
}

static double resident_bytes(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file != NULL) {
        if (fscanf(file, "%*s %llu", &pages) != 1) {
            pages = 0;
        }
        (void)fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double open_descriptors(void)
{
    double count = 0;
    DIR *directory = opendir("/proc/self/fd");

    if (directory == NULL) {
        return 0;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the directory is this call's own */
    while (readdir(directory) != NULL) {
        count++;
    }
    (void)closedir(directory);
    return count - 3; /* ".", ".." and the directory's own */
}

static double cpu_seconds(void)
{
    struct timespec used = { 0 };

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void put_process(Page *page, const char *name, const char *help, SeriesKind kind,
                        double value)
{
    size_t start = page->size;

    put_head(page, name, help, kind);
    put(page, "%s %.17g\n", name, value);
    keep_or_undo(page, start);
}

size_t metrics_render(const Metrics *metrics, char *buffer, size_t size)
{
    Page page = { .text = buffer, .capacity = size };

    if (size == 0) {
        return 0;
    }
    buffer[0] = '\0';
    put_process(&page, "process_cpu_seconds_total", "User and system CPU time, in seconds.",
                SERIES_COUNTER, cpu_seconds());
    put_process(&page, "process_resident_memory_bytes", "Resident memory, in bytes.", SERIES_GAUGE,
                resident_bytes());
    put_process(&page, "process_open_fds", "Open file descriptors.", SERIES_GAUGE,
                open_descriptors());
    size_t count = metrics == NULL ? 0 : atomic_load(&metrics->count);
    for (size_t i = 0; i < count; i++) {
        if (metrics->series[i]->family == metrics->series[i]) {
            put_family(&page, metrics, i, count);
        }
    }
    return page.size;
}
