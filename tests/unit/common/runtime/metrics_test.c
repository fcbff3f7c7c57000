/* Tests of common/runtime/metrics.c and metrics_text.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/runtime/metrics.h"

static Metrics *metrics;
static char text[65536];

static void set_up(void)
{
    metrics = metrics_open();
    cr_assert_not_null(metrics);
}

static void tear_down(void)
{
    metrics_close(metrics);
}

TestSuite(metrics, .init = set_up, .fini = tear_down);

static void expect_text(const char *expected)
{
    size_t size = metrics_render(metrics, text, sizeof text);

    cr_expect_eq(size, strlen(text));
    cr_expect_not_null(strstr(text, expected), "%s\n--- lacks ---\n%s", text, expected);
}

Test(metrics, counts_and_shows_a_counter)
{
    Counter *counter = metrics_counter(metrics, "orders_total", "Orders.", "");

    counter_add(counter, 2);
    counter_add(counter, 3);
    cr_expect_eq(counter_value(counter), 5);
    expect_text("# HELP orders_total Orders.\n# TYPE orders_total counter\norders_total 5\n");
}

Test(metrics, shows_the_last_value_of_a_gauge)
{
    Gauge *gauge = metrics_gauge(metrics, "lag_seconds", "Lag.", "queue=\"order.replies\"");

    gauge_set(gauge, 3);
    gauge_set(gauge, 0.25);
    cr_expect_eq(gauge_value(gauge), 0.25);
    expect_text("lag_seconds{queue=\"order.replies\"} 0.25\n");
}

Test(metrics, makes_a_series_once_per_name_and_labels)
{
    Counter *first = metrics_counter(metrics, "a_total", "A.", "m=\"x\"");

    cr_expect_eq(metrics_counter(metrics, "a_total", "A.", "m=\"x\""), first);
    cr_expect_neq(metrics_counter(metrics, "a_total", "A.", "m=\"y\""), first);
}

Test(metrics, keeps_series_of_one_name_together_under_one_head)
{
    metrics_counter(metrics, "a_total", "A.", "m=\"x\"");
    metrics_counter(metrics, "b_total", "B.", "");
    metrics_counter(metrics, "a_total", "A.", "m=\"y\"");
    expect_text("# TYPE a_total counter\na_total{m=\"x\"} 0\na_total{m=\"y\"} 0\n# HELP b_total");
}

Test(metrics, puts_an_observation_in_every_bucket_that_is_not_below_it)
{
    Histogram *histogram = metrics_histogram_of_counts(metrics, "batch", "Sizes.", "s=\"a\"");

    histogram_observe(histogram, 1);
    histogram_observe(histogram, 4);
    histogram_observe(histogram, 5);
    histogram_observe(histogram, 9999);
    histogram_observe(histogram, -1); /* counts nowhere */
    expect_text("batch_bucket{s=\"a\",le=\"1\"} 1\nbatch_bucket{s=\"a\",le=\"2\"} 1\n"
                "batch_bucket{s=\"a\",le=\"4\"} 2\nbatch_bucket{s=\"a\",le=\"8\"} 3\n");
    expect_text("batch_bucket{s=\"a\",le=\"512\"} 3\nbatch_bucket{s=\"a\",le=\"+Inf\"} 4\n"
                "batch_sum{s=\"a\"} 10009\nbatch_count{s=\"a\"} 4\n");
}

Test(metrics, sums_seconds_to_the_microsecond)
{
    Histogram *histogram = metrics_histogram(metrics, "took_seconds", "Time.", "");

    histogram_observe(histogram, 0.0005);
    histogram_observe(histogram, 0.25);
    expect_text("took_seconds_bucket{le=\"0.0005\"} 1\n");
    expect_text("took_seconds_sum 0.2505\ntook_seconds_count 2\n");
}

Test(metrics, does_nothing_without_a_metrics)
{
    counter_add(metrics_counter(NULL, "a", "A.", ""), 1);
    gauge_set(metrics_gauge(NULL, "b", "B.", ""), 1);
    histogram_observe(metrics_histogram(NULL, "c", "C.", ""), 1);
    cr_expect_eq(counter_value(NULL), 0);
    cr_expect_eq(gauge_value(NULL), 0);
    metrics_close(NULL);
}

Test(metrics, refuses_more_series_than_it_holds)
{
    char labels[32];

    for (int i = 0; i < METRICS_MAX; i++) {
        (void)snprintf(labels, sizeof labels, "n=\"%d\"", i);
        cr_assert_not_null(metrics_counter(metrics, "a_total", "A.", labels));
    }
    cr_expect_null(metrics_counter(metrics, "a_total", "A.", "n=\"more\""));
    cr_expect_not_null(metrics_counter(metrics, "a_total", "A.", "n=\"0\""));
}

Test(metrics, leaves_out_whole_what_does_not_fit)
{
    metrics_histogram(metrics, "took_seconds", "Time.", "");
    metrics_counter(metrics, "z_total", "Z.", "");
    size_t whole = metrics_render(metrics, text, sizeof text);

    for (size_t size = 1; size <= whole; size++) {
        memset(text, 'x', sizeof text);
        size_t used = metrics_render(metrics, text, size);
        cr_assert_lt(used, size);
        cr_assert_eq(text[used], '\0');
        cr_assert_eq(text[size], 'x', "nothing beyond the buffer");
        cr_assert(used == 0 || text[used - 1] == '\n');
        cr_assert((strstr(text, "took_seconds_bucket") == NULL) ==
                  (strstr(text, "took_seconds_count") == NULL));
    }
}

Test(metrics, tells_what_the_process_uses)
{
    expect_text("process_cpu_seconds_total 0.");
    expect_text("process_open_fds ");
    double bytes = 0;
    const char *found = strstr(text, "\nprocess_resident_memory_bytes ");
    cr_assert_not_null(found);
    cr_assert_eq(sscanf(found, "%*s %lf", &bytes), 1);
    cr_expect_gt(bytes, 100000);
}
