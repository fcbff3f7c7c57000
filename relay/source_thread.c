#include "relay/source_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/amqp/publisher.h"
#include "common/mysql/db.h"
#include "common/rpc/wake.h"
#include "common/runtime/log.h"
#include "relay/amqp_sink.h"
#include "relay/lease.h"
#include "relay/mysql_outbox.h"
#include "relay/relay.h"

enum {
    POLL_MS = 1000, /* the fallback if a nudge is lost */
    BACKOFF_MIN_MS = 50,
    BACKOFF_MAX_MS = 1000,
    LABEL_SIZE = 64,
    NS_PER_MS = 1000 * 1000,
    NS_PER_S = 1000 * 1000 * 1000,
};

struct SourceThread {
    SourceOptions options;
    Db *db;
    Publisher *publisher;
    WakeSubscriber *wake;
    Lease lease;
    MysqlOutbox outbox;
    AmqpSink sink;
    Relay relay;
    Gauge *pending;
    Gauge *lag_seconds;
    Gauge *leads_gauge;
    _Atomic bool ready;
    _Atomic bool leads;

    pthread_t thread;
    bool started;
    bool synced;          /* lock and changed are there */
    pthread_mutex_t lock; /* guards the two below */
    pthread_cond_t changed;
    bool nudged;
    bool closing;
};

static void open_metrics(SourceThread *source)
{
    Metrics *metrics = source->options.metrics;
    char labels[LABEL_SIZE];

    (void)snprintf(labels, sizeof labels, "schema=\"%s\"", source->options.name);
    source->pending =
        metrics_gauge(metrics, "outbox_pending", "rows that wait, counted up to 10000", labels);
    source->lag_seconds =
        metrics_gauge(metrics, "outbox_lag_seconds", "age of the oldest waiting row", labels);
    source->leads_gauge =
        metrics_gauge(metrics, "relay_leads", "1 while this relay has the lease", labels);
    source->relay.metrics = (RelayMetrics){
        .published = metrics_counter(metrics, "relay_published_total",
                                     "Events that the broker has confirmed.", labels),
        .returned = metrics_counter(metrics, "relay_returned_total",
                                    "rows whose queue does not exist; they stay", labels),
        .nacked = metrics_counter(metrics, "relay_nacked_total",
                                  "rows whose queue is full; they stay", labels),
        .delay_seconds = metrics_histogram(metrics, "relay_delay_seconds",
                                           "from an event's birth to its confirm", labels),
    };
}

static bool is_closing(SourceThread *source)
{
    pthread_mutex_lock(&source->lock);
    bool closing = source->closing;
    pthread_mutex_unlock(&source->lock);
    return closing;
}

/* Waits for the end, for a nudge if `nudges` counts, or for the time to pass. */
static void wait_ms(SourceThread *source, int64_t timeout_ms, bool nudges)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(timeout_ms / 1000);
    until.tv_nsec += (long)(timeout_ms % 1000) * NS_PER_MS;
    if (until.tv_nsec >= NS_PER_S) {
        until.tv_sec++;
        until.tv_nsec -= NS_PER_S;
    }
    pthread_mutex_lock(&source->lock);
    while (!source->closing && !(nudges && source->nudged) &&
           pthread_cond_timedwait(&source->changed, &source->lock, &until) == 0) {
    }
    source->nudged = source->nudged && !nudges;
    pthread_mutex_unlock(&source->lock);
}

/* Until there is something to do, and enough has gathered. */
static void rest(SourceThread *source)
{
    int64_t left_us = source->relay.pace.due_us - clock_monotonic_us(source->options.clock);

    if (left_us > 0) {
        wait_ms(source, left_us / US_PER_MS + 1, false);
    }
    wait_ms(source, POLL_MS, true);
}

static void on_nudge(void *context, const OrderId *orders, size_t count)
{
    SourceThread *source = context;

    (void)orders;
    (void)count;
    pthread_mutex_lock(&source->lock);
    source->nudged = true;
    pthread_cond_signal(&source->changed);
    pthread_mutex_unlock(&source->lock);
}

static void set_leads(SourceThread *source, bool leads)
{
    atomic_store(&source->leads, leads);
    gauge_set(source->leads_gauge, leads ? 1 : 0);
}

static void measure_backlog(SourceThread *source)
{
    uint64_t count = 0;
    EventId lowest = { 0 };
    double lag = 0;

    if (status_failed(mysql_outbox_backlog(&source->outbox, &count, &lowest))) {
        return;
    }
    if (count > 0) {
        lag = (double)(clock_wall_us(source->options.clock) - id_time_us(lowest.value)) /
              (double)US_PER_S;
    }
    gauge_set(source->pending, (double)count);
    gauge_set(source->lag_seconds, lag > 0 ? lag : 0);
}

static bool is_named(Status status, const char *name)
{
    return status.code == STATUS_FAILED_PRECONDITION && strcmp(status.name, name) == 0;
}

/* One turn of the leader. */
static Status lead(SourceThread *source, bool *ret_more)
{
    Status status;

    if (relay_sweep_due(&source->relay)) {
        measure_backlog(source); /* above all when nothing can be published */
    }
    if (!publisher_is_up(source->publisher)) {
        return status_make(STATUS_UNAVAILABLE, "BROKER_DOWN");
    }
    status = relay_step(&source->relay, ret_more);
    if (is_named(status, "LEASE_LOST")) {
        source->lease.held = false;
    }
    return status;
}

static void *source_main(void *context)
{
    SourceThread *source = context;
    int64_t backoff_ms = BACKOFF_MIN_MS;

    while (!is_closing(source)) {
        bool more = false;
        Status status = lease_keep(&source->lease, source->db);
        bool stands_by = is_named(status, "LEASE_TAKEN");

        publisher_idle(source->publisher);
        if (!status_failed(status)) {
            status = lead(source, &more);
        }
        set_leads(source, source->lease.held);
        atomic_store(&source->ready, (stands_by || (source->lease.held && db_is_up(source->db))) &&
                                         publisher_is_up(source->publisher));
        if (stands_by) {
            wait_ms(source, POLL_MS, false);
        } else if (status_failed(status)) {
            log_warn("relay.step_failed", "schema=%s code=%s name=%s", source->options.name,
                     status_code_name(status.code), status.name);
            wait_ms(source, backoff_ms, false);
            backoff_ms = backoff_ms * 2 < BACKOFF_MAX_MS ? backoff_ms * 2 : BACKOFF_MAX_MS;
        } else {
            backoff_ms = BACKOFF_MIN_MS;
            if (!more) {
                rest(source);
            }
        }
    }
    lease_release(&source->lease, source->db);
    return NULL;
}

static bool init_sync(SourceThread *source)
{
    pthread_condattr_t attributes;

    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    source->synced = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                     pthread_cond_init(&source->changed, &attributes) == 0 &&
                     pthread_mutex_init(&source->lock, NULL) == 0;
    pthread_condattr_destroy(&attributes);
    return source->synced;
}

static Status open_connections(SourceThread *source)
{
    const SourceOptions *options = &source->options;
    Status status = db_open(options->db_url, &source->db);

    if (!status_failed(status)) {
        status =
            publisher_open(options->bus_url, options->name, options->metrics, &source->publisher);
    }
    if (!status_failed(status) && options->wake_urls[0] != '\0') {
        status = wake_subscriber_open(options->wake_urls, on_nudge, source, &source->wake);
    }
    return status;
}

Status source_thread_open(const SourceOptions *options, SourceThread **ret_thread)
{
    SourceThread *source = calloc(1, sizeof *source);
    Status status;

    if (source == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    source->options = *options;
    status = init_sync(source) ? open_connections(source)
                               : status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    lease_init(&source->lease, options->clock);
    mysql_outbox_init(&source->outbox, source->db, &source->lease);
    amqp_sink_init(&source->sink, source->publisher);
    relay_init(&source->relay, &source->outbox.source, &source->sink.sink, options->clock);
    open_metrics(source);
    if (!status_failed(status) && pthread_create(&source->thread, NULL, source_main, source) != 0) {
        status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    if (status_failed(status)) {
        source_thread_close(source);
        return status;
    }
    source->started = true;
    *ret_thread = source;
    return status_ok();
}

bool source_thread_is_ready(const SourceThread *thread)
{
    return atomic_load(&thread->ready);
}

bool source_thread_leads(const SourceThread *thread)
{
    return atomic_load(&thread->leads);
}

void source_thread_close(SourceThread *thread)
{
    if (thread == NULL) {
        return;
    }
    wake_subscriber_close(thread->wake);
    if (thread->started) {
        pthread_mutex_lock(&thread->lock);
        thread->closing = true;
        pthread_cond_signal(&thread->changed);
        pthread_mutex_unlock(&thread->lock);
        pthread_join(thread->thread, NULL);
    }
    publisher_close(thread->publisher);
    db_close(thread->db);
    amqp_sink_deinit(&thread->sink);
    mysql_outbox_deinit(&thread->outbox);
    if (thread->synced) {
        pthread_cond_destroy(&thread->changed);
        pthread_mutex_destroy(&thread->lock);
    }
    free(thread);
}
