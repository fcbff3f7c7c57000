/* consumer.c - collect, run, park, acknowledge; and what to do when that fails.
 *
 *     no connection --connect, subscribe--> collecting --in time or full--> running
 *                                               ^                               |
 *                                               '------ parked, acked ----------'
 *
 * After each subscription the prefetch is 1 until a message has been handled that was
 * not delivered twice before: a message that kills the process would otherwise use up
 * the deliveries of all that were prefetched behind it. */
#include "common/amqp/consumer.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/amqp/consumer_batch.h"
#include "common/amqp/leftovers.h"
#include "common/runtime/log.h"
#include "common/runtime/pace.h"

enum {
    IDLE_WAIT_MS = 5000, /* then heartbeats are served */
    OUTAGE_WAIT_MIN_MS = 100,
    OUTAGE_WAIT_MAX_MS = 5000,
    LABEL_SIZE = 96,
};

struct Consumer {
    ConsumerOptions options;
    AmqpLink *link;
    pthread_t thread;
    bool started;
    int wake_fd; /* readable once closing */
    _Atomic bool closing;
    _Atomic bool up;

    bool subscribed;
    unsigned prefetch;
    Pace pace;
    ConsumerBatch batch;
    Event *run[EVENT_RUN_MAX];
    Leftovers leftovers;

    Histogram *batch_events;
    Histogram *run_seconds;
};

static bool is_closing(const Consumer *consumer)
{
    return atomic_load(&consumer->closing);
}

/* Sleeps unless the consumer is closed meanwhile. */
static void wait_ms(const Consumer *consumer, int timeout_ms)
{
    struct pollfd fd = { .fd = consumer->wake_fd, .events = POLLIN };

    poll(&fd, 1, timeout_ms);
}

static void set_subscribed(Consumer *consumer, bool subscribed)
{
    consumer->subscribed = subscribed;
    atomic_store(&consumer->up, subscribed);
}

static void lose(Consumer *consumer, const char *why)
{
    set_subscribed(consumer, false);
    amqp_link_lose(consumer->link, why);
}

static bool subscribe(Consumer *consumer, unsigned prefetch)
{
    amqp_connection_state_t state = consumer->link->state;
    amqp_bytes_t queue = amqp_cstring_bytes(consumer->options.queue);
    amqp_bytes_t tag = amqp_cstring_bytes("jumun");

    if (consumer->subscribed && amqp_basic_cancel(state, AMQP_LINK_CHANNEL, tag) == NULL) {
        lose(consumer, "basic.cancel");
        return false;
    }
    if (amqp_basic_qos(state, AMQP_LINK_CHANNEL, 0, (uint16_t)prefetch, 0) == NULL ||
        amqp_basic_consume(state, AMQP_LINK_CHANNEL, queue, tag, 0, 0, 0, amqp_empty_table) ==
            NULL) {
        lose(consumer, "basic.consume");
        return false;
    }
    consumer->prefetch = prefetch;
    set_subscribed(consumer, true);
    return true;
}

/* Until when a batch is open that has its first message now. (Counted from the last, a
 * steady trickle would keep it open until it is full.) */
static int64_t end_of_batch(const Consumer *consumer, int64_t now_us)
{
    int64_t end_us = now_us + CONSUMER_IDLE_MS * US_PER_MS;

    return consumer->pace.due_us > end_us ? consumer->pace.due_us : end_us;
}

static int ms_until(int64_t until_us, int64_t now_us)
{
    return until_us > now_us ? (int)((until_us - now_us + US_PER_MS - 1) / US_PER_MS) : 0;
}

/* Takes what is there: up to a full batch, or what came in time. False: the link is lost,
 * and what was taken will be delivered again. */
static bool collect(Consumer *consumer)
{
    ConsumerBatch *batch = &consumer->batch;
    const Clock *clock = consumer->options.clock;
    int timeout_ms = IDLE_WAIT_MS;
    int64_t end_us = 0;

    consumer_batch_reset(batch);
    while (consumer_batch_has_room(batch) && batch->message_count < consumer->prefetch) {
        Delivery delivery;
        DeliveryResult result =
            delivery_read(consumer->link, &batch->arena, timeout_ms, consumer->wake_fd, &delivery);

        if (result == DELIVERY_LOST) {
            set_subscribed(consumer, false);
            return false;
        }
        if (result == DELIVERY_NONE) {
            return true;
        }
        int64_t now_us = clock_monotonic_us(clock);
        if (batch->message_count == 0) {
            end_us = end_of_batch(consumer, now_us);
        }
        consumer_batch_add(batch, &delivery);
        timeout_ms = ms_until(end_us, now_us);
    }
    return true;
}

/* Lists the events of the span that can be run at all. */
static size_t list_runnable(Consumer *consumer, size_t first, size_t end)
{
    ConsumerBatch *batch = &consumer->batch;
    size_t count = 0;

    for (size_t i = first; i < end; i++) {
        const BatchMessage *message = &batch->messages[i];
        for (size_t k = 0; k < message->event_count; k++) {
            Event *event = &batch->events[message->first_event + k];
            if (!status_failed(event->status)) {
                consumer->run[count++] = event;
            }
        }
    }
    return count;
}

static bool is_outage(Event *const *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!status_is_outage(events[i]->status)) {
            return false;
        }
    }
    return true;
}

/* While we wait for something else, the broker must not think that we are dead. */
static void serve_heartbeats(Consumer *consumer)
{
    leftovers_idle(&consumer->leftovers);
    if (consumer->link->state != NULL && !amqp_link_heartbeat(consumer->link)) {
        lose(consumer, "heartbeat");
    }
}

/* Waits longer each time, up to a limit. */
static void back_off(Consumer *consumer, int *wait)
{
    wait_ms(consumer, *wait);
    *wait = *wait * 2 < OUTAGE_WAIT_MAX_MS ? *wait * 2 : OUTAGE_WAIT_MAX_MS;
    serve_heartbeats(consumer);
}

/* Calls the EventRun, again and again while the store is down. False: closed meanwhile,
 * or the link was lost: all will be delivered again. */
static bool run(Consumer *consumer, size_t count)
{
    const Clock *clock = consumer->options.clock;
    int wait = OUTAGE_WAIT_MIN_MS;

    for (;;) {
        int64_t start_us = clock_monotonic_us(clock);

        pace_batch(&consumer->pace, start_us, count);
        consumer->options.run(consumer->options.context, consumer->run, count);
        histogram_observe(consumer->run_seconds,
                          (double)(clock_monotonic_us(clock) - start_us) / (double)US_PER_S);
        if (!is_outage(consumer->run, count)) {
            return true;
        }
        log_warn("consumer.outage", "queue=%s events=%zu code=%s name=%s", consumer->options.queue,
                 count, status_code_name(consumer->run[0]->status.code),
                 consumer->run[0]->status.name);
        back_off(consumer, &wait);
        if (is_closing(consumer) || consumer->link->state == NULL) {
            return false;
        }
    }
}

/* False: closed meanwhile. */
static bool send_leftovers(Consumer *consumer)
{
    int wait = OUTAGE_WAIT_MIN_MS;

    while (!leftovers_send(&consumer->leftovers)) {
        back_off(consumer, &wait);
        if (is_closing(consumer)) {
            return false;
        }
    }
    return true;
}

static bool acknowledge(Consumer *consumer, uint64_t tag)
{
    return amqp_basic_ack(consumer->link->state, AMQP_LINK_CHANNEL, tag, 1) == AMQP_STATUS_OK;
}

/* Refuses a message whose body was not kept; the broker moves it to <queue>.dead. */
static bool refuse(Consumer *consumer, uint64_t tag)
{
    return amqp_basic_reject(consumer->link->state, AMQP_LINK_CHANNEL, tag, 0) == AMQP_STATUS_OK;
}

/* Sends elsewhere what must go there, then acknowledges the span. An oversized message must
 * not be acknowledged with the others: it is refused alone, after those before it. */
static bool settle(Consumer *consumer, size_t first, size_t end)
{
    ConsumerBatch *batch = &consumer->batch;
    bool sent = true;
    uint64_t last_tag = 0;

    if (!leftovers_judge(&consumer->leftovers, batch, first, end) || !send_leftovers(consumer) ||
        consumer->link->state == NULL) {
        return false;
    }
    for (size_t i = first; i < end && sent; i++) {
        const Delivery *delivery = &batch->messages[i].delivery;
        if (delivery->body != NULL) {
            last_tag = delivery->tag;
        } else {
            sent = last_tag == 0 || acknowledge(consumer, last_tag);
            last_tag = 0;
            sent = sent && refuse(consumer, delivery->tag);
        }
    }
    return sent && (last_tag == 0 || acknowledge(consumer, last_tag));
}

/* Handles what was collected. False: nothing more can be said on this connection. */
static bool handle(Consumer *consumer)
{
    ConsumerBatch *batch = &consumer->batch;
    bool suspect = false;
    size_t first = 0;

    while (first < batch->message_count) {
        size_t end = consumer_batch_span(batch, first);
        size_t count = list_runnable(consumer, first, end);

        if (count > 0) {
            histogram_observe(consumer->batch_events, (double)count);
            if (!run(consumer, count)) {
                return false;
            }
        }
        if (!settle(consumer, first, end)) {
            return false;
        }
        suspect = batch->messages[first].delivery.delivered_before >= DELIVERED_BEFORE_MAX;
        first = end;
    }
    if (batch->message_count > 0 && !suspect && consumer->prefetch == 1) {
        return subscribe(consumer, CONSUMER_PREFETCH);
    }
    return true;
}

static void *consumer_main(void *context)
{
    Consumer *consumer = context;

    while (!is_closing(consumer)) {
        if (status_failed(amqp_link_connect(consumer->link))) {
            wait_ms(consumer, AMQP_LINK_BACKOFF_MIN_MS);
            continue;
        }
        if (!consumer->subscribed && !subscribe(consumer, 1)) {
            continue;
        }
        if (!collect(consumer)) {
            continue;
        }
        if (consumer->batch.message_count == 0) {
            serve_heartbeats(consumer);
        } else if (!handle(consumer)) {
            lose(consumer, "not acknowledged");
        }
    }
    set_subscribed(consumer, false);
    return NULL;
}

static void open_metrics(Consumer *consumer)
{
    Metrics *metrics = consumer->options.metrics;
    char labels[LABEL_SIZE];

    (void)snprintf(labels, sizeof labels, "queue=\"%s\"", consumer->options.queue);
    consumer->batch_events = metrics_histogram_of_counts(metrics, "consumer_batch_events",
                                                         "events handled in one call", labels);
    consumer->run_seconds = metrics_histogram(metrics, "consumer_run_seconds",
                                              "time of one call, with its waits", labels);
}

Status consumer_open(const ConsumerOptions *options, Consumer **ret_consumer)
{
    Consumer *consumer = calloc(1, sizeof *consumer);
    Status status;

    if (consumer == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    consumer->options = *options;
    consumer->pace.limit_us = CONSUMER_PACE_MS * US_PER_MS;
    consumer_batch_init(&consumer->batch);
    open_metrics(consumer);
    consumer->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    status = amqp_link_open(options->url, &consumer->link);
    if (!status_failed(status)) {
        status =
            leftovers_open(&consumer->leftovers, options->url, options->queue, options->metrics);
    }
    if (!status_failed(status) &&
        (consumer->wake_fd < 0 ||
         pthread_create(&consumer->thread, NULL, consumer_main, consumer) != 0)) {
        status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    if (status_failed(status)) {
        consumer_close(consumer);
        return status;
    }
    consumer->started = true;
    *ret_consumer = consumer;
    return status_ok();
}

bool consumer_is_up(const Consumer *consumer)
{
    return atomic_load(&consumer->up);
}

void consumer_close(Consumer *consumer)
{
    uint64_t one = 1;

    if (consumer == NULL) {
        return;
    }
    atomic_store(&consumer->closing, true);
    if (consumer->started) {
        if (write(consumer->wake_fd, &one, sizeof one) < 0) {
            log_error("consumer.wake_failed", "queue=%s", consumer->options.queue);
        }
        pthread_join(consumer->thread, NULL);
    }
    if (consumer->wake_fd >= 0) {
        close(consumer->wake_fd);
    }
    leftovers_close(&consumer->leftovers);
    amqp_link_close(consumer->link);
    consumer_batch_deinit(&consumer->batch);
    free(consumer);
}
