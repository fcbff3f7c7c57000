/* service.c - start, wait for a signal, stop. The operations port is opened first and
 * closed last, so that a slow start or a long drain can be watched. */
#include "common/service/service.h"

#include <assert.h>
#include <ctype.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/runtime/log.h"
#include "common/service/admin.h"

enum {
    VARIABLE_MAX = 64,
    READY_SOON_MS = 1000, /* so long every 5 ms is looked whether it is ready */
};

/* Any free port: a program started by hand needs no setting for it. */
#define OPS_ADDRESS_STANDARD "127.0.0.1:0"

typedef struct Process {
    const Service *service;
    pthread_mutex_t lock; /* guards `open`: it may not be closed while asked for readiness */
    void *open;           /* NULL: not ready */
    int64_t began_us;
    Gauge *ready_after; /* 0 until it was first ready */
} Process;

static bool is_ready(void *context)
{
    Process *process = context;

    pthread_mutex_lock(&process->lock);
    bool ready = process->open != NULL && process->service->ready(process->open);
    pthread_mutex_unlock(&process->lock);
    return ready;
}

static void set_open(Process *process, void *open)
{
    pthread_mutex_lock(&process->lock);
    process->open = open;
    pthread_mutex_unlock(&process->lock);
}

static bool parse_level(const char *text, LogLevel *ret_level)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_level = (LogLevel)i;
            return true;
        }
    }
    return false;
}

/* False, with a line that says why, if JUMUN_LOG_LEVEL is none. */
static bool open_log(const Service *service)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment */
    const char *text = getenv("JUMUN_LOG_LEVEL");
    LogLevel level = LOG_INFO;

    bool good = text == NULL || parse_level(text, &level);
    log_open(service->name, level);
    if (!good) {
        log_write(LOG_ERROR, "config.invalid", "name=%s reason=%s", "JUMUN_LOG_LEVEL",
                  "must be debug, info, warn or error");
    }
    return good;
}

static const char *ops_address(const Service *service)
{
    char variable[VARIABLE_MAX];

    (void)snprintf(variable, sizeof variable, "JUMUN_%s_OPS_ADDRESS", service->name);
    for (char *at = variable; *at != '\0'; at++) {
        *at = (char)toupper((unsigned char)*at);
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment */
    const char *address = getenv(variable);
    return address == NULL ? OPS_ADDRESS_STANDARD : address;
}

/* Signals are waited for by the main thread alone; threads inherit the mask. */
static void block_signals(sigset_t *ret_stop)
{
    sigemptyset(ret_stop);
    sigaddset(ret_stop, SIGTERM);
    sigaddset(ret_stop, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)pthread_sigmask(SIG_BLOCK, ret_stop, NULL);
}

static int64_t now_us(void)
{
    return clock_monotonic_us(clock_system());
}

/* Looks until the service is ready, and says how long that took. The number of the signal
 * if one came first, else 0. */
static int await_ready(Process *process, const sigset_t *stop)
{
    while (!is_ready(process)) {
        /* Soon at first, to tell how long it took; an engine may be away for hours. */
        bool soon = now_us() - process->began_us < READY_SOON_MS * US_PER_MS;
        struct timespec pause = { .tv_nsec = (soon ? 5 : 100) * 1000000L };
        int number = sigtimedwait(stop, NULL, &pause);
        if (number > 0) {
            return number;
        }
    }
    int64_t took_us = now_us() - process->began_us;
    gauge_set(process->ready_after, (double)took_us / (double)US_PER_S);
    log_info("service.ready", "ready_ms=%lld", (long long)(took_us / US_PER_MS));
    return 0;
}

/* From here on a signal has its default effect: it ends the process. */
static void wait_for_signal(Process *process, const sigset_t *stop)
{
    int number = await_ready(process, stop);

    while (number == 0 && sigwait(stop, &number) != 0) {
    }
    log_info("service.stopping", "signal=%s", number == SIGINT ? "SIGINT" : "SIGTERM");
    (void)pthread_sigmask(SIG_UNBLOCK, stop, NULL);
}

/* Opens, waits, closes. */
static int run(Process *process, const ServiceHost *host, const sigset_t *stop)
{
    int64_t began_us = now_us();
    void *open = NULL;

    Status status = process->service->open(host, &open);
    if (status_failed(status)) {
        log_error("service.cannot_start", "code=%s name=%s", status_code_name(status.code),
                  status.name);
        return 1;
    }
    set_open(process, open);
    log_info("service.started", "took_ms=%lld", (long long)((now_us() - began_us) / US_PER_MS));
    wait_for_signal(process, stop);

    began_us = now_us();
    set_open(process, NULL);
    process->service->close(open);
    log_info("service.stopped", "took_ms=%lld", (long long)((now_us() - began_us) / US_PER_MS));
    return 0;
}

int service_main(const Service *service)
{
    Process process = { .service = service,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .began_us = now_us() };
    Admin *admin = NULL;
    sigset_t stop;
    int code = 1;

    block_signals(&stop);
    if (!open_log(service)) {
        return 1;
    }
    Metrics *metrics = metrics_open();
    if (metrics == NULL) {
        return 1;
    }
    process.ready_after =
        metrics_gauge(metrics, "ready_after_seconds",
                      "From the process's start until it was first ready; 0: not yet", "");
    Status status = admin_open(&(AdminOptions){ .address = ops_address(service),
                                                .metrics = metrics,
                                                .ready = is_ready,
                                                .context = &process },
                               &admin);
    if (!status_failed(status)) {
        code = run(&process, &(ServiceHost){ .clock = clock_system(), .metrics = metrics }, &stop);
    }
    admin_close(admin);
    metrics_close(metrics);
    return code;
}
