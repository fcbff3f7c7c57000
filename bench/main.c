/* main.c - jumun-bench: puts load on a running jumun and says what it did.
 *
 * Scenarios: one client alone (POST, and POST until COMPLETED), a sustained rate, a
 * burst, as fast as it goes; and, only when named, a soak of ten minutes that shows what
 * grows. After each the backlog is drained and the databases are checked. Exit code 1 if a
 * check fails. */
#include <argp.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/relay_delay.h"
#include "bench/report.h"
#include "bench/scene.h"
#include "common/runtime/log.h"

enum {
    DRAIN_S = 120,
    CONNECTIONS = 256,
    CONNECTIONS_BURST = 1000 /* an open loop whose requests may wait for seconds */
};

typedef struct Options {
    const char *var;
    const char *out; /* NULL: standard output */
    const char *commit;
    const char *only; /* NULL: all scenarios */
    double rate;
    double seconds; /* 0: the scenario's own */
} Options;

typedef struct Scenario {
    const char *name;  /* for --only */
    const char *title; /* for the report; %.0f is the rate, and then the seconds */
    unsigned connections;
    double rate; /* 0: closed loop; -1: the option's */
    double seconds;
    uint64_t count_max;
    bool wait;
    bool adjustable; /* the option --seconds is for it */
    bool by_name;    /* not among all scenarios */
} Scenario;

static const Scenario scenarios[] = {
    { .name = "single",
      .title = "One client alone, POST /orders",
      .connections = 1,
      .seconds = 20,
      .count_max = 500 },
    { .name = "settled",
      .title = "One client alone, POST /orders until COMPLETED (Prefer: wait)",
      .connections = 1,
      .seconds = 30,
      .count_max = 300,
      .wait = true },
    { .name = "gentle",
      .title = "Gentle, open loop at %.0f orders/s",
      .connections = CONNECTIONS,
      .rate = 1000,
      .seconds = 10 },
    { .name = "sustained",
      .title = "Sustained, open loop at %.0f orders/s",
      .connections = CONNECTIONS,
      .rate = -1,
      .seconds = 20,
      .adjustable = true },
    { .name = "burst",
      .title = "Burst, open loop at %.0f orders/s for %.0f s",
      .connections = CONNECTIONS_BURST,
      .rate = 20000,
      .seconds = 5 },
    { .name = "fastest",
      .title = "As fast as it goes, closed loop, 256 connections",
      .connections = CONNECTIONS,
      .seconds = 20,
      .adjustable = true },
    { .name = "soak",
      .title = "Soak, open loop at %.0f orders/s for %.0f s",
      .connections = CONNECTIONS,
      .rate = -1,
      .seconds = 600,
      .adjustable = true,
      .by_name = true },
};

/* Samples taken while the load runs. */
typedef struct Watch {
    Scene *scene;
    double next_look_s;
    double early_s;
    bool early_seen;
} Watch;

static size_t write_request(void *context, uint64_t n, char *buffer)
{
    return scene_request(((Watch *)context)->scene, n, buffer);
}

static void on_answer(void *context, uint64_t n, int http_status, const char *body)
{
    scene_answer(((Watch *)context)->scene, n, http_status, body);
}

static void on_tick(void *context, double elapsed_s)
{
    Watch *watch = context;

    if (elapsed_s >= watch->next_look_s) {
        processes_look(&watch->scene->processes);
        watch->next_look_s = elapsed_s + 1;
    }
    if (!watch->early_seen && elapsed_s >= watch->early_s) {
        watch->early_seen = true;
        processes_note_early(&watch->scene->processes);
    }
}

static Status measure(Scene *scene, const Options *options, const Scenario *scenario,
                      Measurement *measurement, LoadResult *load)
{
    static char title[128];
    bool adjusted = scenario->adjustable && options->seconds > 0;
    double seconds = adjusted ? options->seconds : scenario->seconds;
    double rate = scenario->rate < 0 ? options->rate : scenario->rate;
    Watch watch = { .scene = scene, .early_s = seconds / 10 };
    RelayDelay before = { .bucket_count = 0 };
    RelayDelay after = { .bucket_count = 0 };
    uint64_t outbox;

    scene_begin(scene, scenario->wait);
    processes_start(&scene->processes);
    (void)relay_delay_read(scene->relay, &before);
    Status status = load_run(&(LoadOptions){ .host = "127.0.0.1",
                                             .port = scene->port,
                                             .connections = scenario->connections,
                                             .rate = rate,
                                             .seconds = seconds,
                                             .count_max = scenario->count_max,
                                             .request = write_request,
                                             .answer = on_answer,
                                             .context = &watch,
                                             .tick = on_tick },
                             load);
    if (status_failed(status)) {
        return status;
    }
    processes_note_late(&scene->processes);
    (void)invariants_count_open(scene->db, &measurement->open_end, &outbox);
    measurement->drained = !status_failed(scene_drain(scene, DRAIN_S, &measurement->drain_s));
    processes_look(&scene->processes);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(title, sizeof title, scenario->title, rate, seconds);
#pragma GCC diagnostic pop
    measurement->name = title;
    measurement->load = load;
    measurement->processes = &scene->processes;
    (void)relay_delay_read(scene->relay, &after);
    measurement->relay_p99_ms = relay_delay_percentile_ms(&before, &after, 99);
    measurement->sustained = scenario->rate < 0;
    status = scene_count(scene, &measurement->completed, &measurement->lost);
    if (!status_failed(status)) {
        status = invariants_check(scene->db, measurement->drained, &measurement->checks);
    }
    return status;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    Options *options = state->input;

    switch (key) {
    case 'v':
        options->var = arg;
        return 0;
    case 'o':
        options->out = arg;
        return 0;
    case 'c':
        options->commit = arg;
        return 0;
    case 'n':
        options->only = arg;
        return 0;
    case 'r':
        options->rate = strtod(arg, NULL);
        return options->rate > 0 ? 0 : EINVAL;
    case 's':
        options->seconds = strtod(arg, NULL);
        return options->seconds > 0 ? 0 : EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool is_wanted(const Scenario *scenario, const char *only)
{
    return only == NULL ? !scenario->by_name : strcmp(only, scenario->name) == 0;
}

static int run_all(Scene *scene, const Options *options, FILE *file)
{
    static LoadResult load;
    Machine machine;
    int code = 0;

    if (status_failed(machine_measure(options->var, &machine))) {
        (void)fprintf(stderr, "bench: no thread, pipe or file in %s to measure with\n",
                      options->var);
        return 1;
    }
    report_head(file, &machine, options->commit);
    if (!report_engine(file, scene->db)) {
        (void)fprintf(stderr, "bench: MariaDB does not tell its settings\n");
        return 1;
    }
    report_starts(file, &scene->processes);
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        Measurement measurement = { .drained = false };
        if (!is_wanted(&scenarios[i], options->only)) {
            continue;
        }
        Status status = measure(scene, options, &scenarios[i], &measurement, &load);
        if (status_failed(status)) {
            (void)fprintf(stderr, "bench: %s: %s\n", scenarios[i].name, status.name);
            return 1;
        }
        report_measurement(file, &measurement);
        (void)fflush(file);
        code |= report_is_clean(&measurement) ? 0 : 1;
    }
    return code;
}

int main(int argc, char **argv)
{
    static const struct argp_option rows[] = {
        { "var", 'v', "DIR", 0, "the instance to load (default ./var)", 0 },
        { "out", 'o', "FILE", 0, "where the report goes (default standard output)", 0 },
        { "commit", 'c', "NAME", 0, "the commit named in the report", 0 },
        { "only", 'n', "SCENARIO", 0, "single, settled, gentle, sustained, burst, fastest or soak",
          0 },
        { "rate", 'r', "N", 0, "orders per second of `sustained` and `soak` (default 8000)", 0 },
        { "seconds", 's', "S", 0, "length of `sustained`, `fastest` (default 20) and `soak` (600)",
          0 },
        { 0 },
    };
    static const struct argp argp = { rows, parse, NULL, "Puts load on a running jumun.",
                                      NULL, NULL,  NULL };
    Options options = { .var = "var", .commit = "unknown", .rate = 8000 };
    static Scene scene;
    char path[4096];

    log_open("bench", LOG_WARN);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads yet */
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0) {
        return 2;
    }
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    path[size < 0 ? 0 : size] = '\0';
    FILE *file = options.out == NULL ? stdout : fopen(options.out, "we");
    if (file == NULL) {
        (void)fprintf(stderr, "bench: %s cannot be written\n", options.out);
        return 1;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): it works on our path alone */
    Status status = scene_open(&scene, dirname(path), options.var);
    int code = status_failed(status) ? 1 : run_all(&scene, &options, file);
    scene_close(&scene);
    if (file != stdout && fclose(file) != 0) {
        code = 1;
    }
    return code;
}
