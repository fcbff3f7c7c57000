#include "bench/report.h"

#include "common/base/clock.h"
#include "common/base/text.h"

void report_head(FILE *file, const Machine *machine, const char *commit)
{
    char at[TIME_TEXT_SIZE];

    time_to_text(clock_wall_us(clock_system()), at);
    (void)fprintf(
        file,
        "# Bench results\n\n"
        "Made by `./dev bench` on %.10s, commit %s: %ld cores (%s), %ld MiB, Linux %s. There, a\n"
        "system call takes %.2f us, waking a thread %.1f us, and writing and syncing 4 KiB %.0f us:"
        "\nfigures of machines where these differ do not compare. The load generator, all programs"
        "\nand all engines share the cores. Full durability: InnoDB flush at commit = 1, Redis AOF"
        "\neverysec, RabbitMQ quorum queues, persistent and confirmed. One line of one unit per"
        "\norder, paid with `tok_ok`, over 200 products and 50 members.\n\n"
        "Open loop: latency counts from when a request was due. *Completed/s* counts from the"
        " first\n"
        "request until the last order was COMPLETED and every outbox was empty.\n",
        at, commit, machine->cores, machine->model, machine->memory_mib, machine->release,
        machine->syscall_us, machine->wake_us, machine->sync_us);
}

static Status print_memory(void *context, const DbRow *row)
{
    (void)fprintf(context, "MariaDB has a buffer pool of %lld MiB and a log of %lld MiB.\n",
                  (long long)db_row_int(row, 0), (long long)db_row_int(row, 1));
    return status_ok();
}

bool report_engine(FILE *file, Db *db)
{
    return !status_failed(db_query(db,
                                   "SELECT CAST(@@innodb_buffer_pool_size DIV 1048576 AS SIGNED),"
                                   " CAST(@@innodb_log_file_size DIV 1048576 AS SIGNED)",
                                   NULL, 0, print_memory, file));
}

void report_starts(FILE *file, const Processes *processes)
{
    (void)fprintf(file, "\n## Start\n\n| process | start to ready ms |\n|---|---|\n");
    for (size_t i = 0; i < processes->count; i++) {
        if (processes->list[i].ready_ms > 0) {
            (void)fprintf(file, "| %s | %.0f |\n", processes->list[i].name,
                          processes->list[i].ready_ms);
        }
    }
}

bool report_is_clean(const Measurement *measurement)
{
    return measurement->lost == 0 && measurement->drained && measurement->checks.total == 0 &&
           !(measurement->sustained && measurement->drain_s > REPORT_BACKLOG_S);
}

static void checks(FILE *file, const Measurement *measurement)
{
    const InvariantReport *report = &measurement->checks;

    (void)fprintf(file,
                  "\nChecks: oversold %llu, lost %llu, duplicate %llu, charged without order %llu,"
                  " inconsistent %llu%s%s.\n",
                  (unsigned long long)report->violations[INVARIANT_OVERSOLD],
                  (unsigned long long)report->violations[INVARIANT_LOST] + measurement->lost,
                  (unsigned long long)report->violations[INVARIANT_DUPLICATE],
                  (unsigned long long)report->violations[INVARIANT_CHARGED_WITHOUT_ORDER],
                  (unsigned long long)report->violations[INVARIANT_INCONSISTENT],
                  report->total > 0 ? "; first: " : "", report->first);
}

/* A run that was over before the early look has no growth. */
static void sizes(FILE *file, const Process *process)
{
    double early = (double)process->rss_early_kib / 1024;
    double late = (double)process->rss_late_kib / 1024;

    if (early > 0) {
        (void)fprintf(file, "%.1f | %.1f | %+.1f", early, late, late - early);
    } else {
        (void)fprintf(file, "- | %.1f | -", late);
    }
    (void)fprintf(file, " | %.1f |\n", (double)process->rss_max_kib / 1024);
}

static void processes(FILE *file, const Measurement *measurement, double orders)
{
    (void)fprintf(file,
                  "\n| process | CPU us per order | RSS MiB, early | late | growth | highest |\n"
                  "|---|---|---|---|---|---|\n");
    double total = 0;
    for (size_t i = 0; i < measurement->processes->count; i++) {
        const Process *process = &measurement->processes->list[i];
        double us = (double)(process->cpu_us - process->cpu_start) / (orders > 0 ? orders : 1);
        total += us;
        (void)fprintf(file, "| %s | %.1f | ", process->name, us);
        sizes(file, process);
    }
    (void)fprintf(file, "| all | %.1f | | | | |\n", total);
}

void report_measurement(FILE *file, const Measurement *measurement)
{
    const LoadResult *load = measurement->load;
    double created = (double)load->statuses[201];
    double all_s = load->seconds + measurement->drain_s;

    (void)fprintf(file, "\n## %s\n\n", measurement->name);
    (void)fprintf(
        file, "| sent | 201 | other answers | broken | accepted/s | completed/s | p50 ms | p99 ms"
              " | p99.9 ms | max ms | open at the end | drained after s | relay p99 ms |\n"
              "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    (void)fprintf(file, "| %llu | %.0f | %.0f | %llu | %.0f | ", (unsigned long long)load->sent,
                  created, (double)load->answered - created, (unsigned long long)load->lost,
                  created / load->seconds);
    if (measurement->drained) {
        (void)fprintf(file, "%.0f | ", (double)measurement->completed / all_s);
    } else {
        (void)fprintf(file, "not drained | ");
    }
    (void)fprintf(file, "%.2f | %.2f | %.2f | %.2f | %llu | %.2f | <= %.0f |\n",
                  (double)latency_percentile(&load->latency, 50) / 1000,
                  (double)latency_percentile(&load->latency, 99) / 1000,
                  (double)latency_percentile(&load->latency, 99.9) / 1000,
                  (double)load->latency.max_us / 1000, (unsigned long long)measurement->open_end,
                  measurement->drain_s, measurement->relay_p99_ms);
    processes(file, measurement, created);
    checks(file, measurement);
}
