#include "common/amqp/leftovers.h"

#include <stdio.h>

#include "common/runtime/log.h"

enum {
    LABEL_SIZE = 96,
};

Status leftovers_open(Leftovers *leftovers, const char *url, const char *queue, Metrics *metrics)
{
    static const char *const names[VERDICT_COUNT] = { "done", "parked", "retried" };
    char labels[LABEL_SIZE];

    leftovers->queue = queue;
    for (int i = 0; i < VERDICT_COUNT; i++) {
        (void)snprintf(labels, sizeof labels, "queue=\"%s\",verdict=\"%s\"", queue, names[i]);
        leftovers->verdicts[i] = metrics_counter(metrics, "consumer_events_total",
                                                 "events by what became of them", labels);
    }
    return publisher_open(url, queue, metrics, &leftovers->publisher);
}

void leftovers_close(Leftovers *leftovers)
{
    publisher_close(leftovers->publisher);
}

static bool add(Leftovers *leftovers, PublisherMessage *message)
{
    if (message == NULL) {
        log_error("consumer.park_memory", "queue=%s", leftovers->queue);
        return false;
    }
    leftovers->messages[leftovers->count++] = message;
    return true;
}

/* A message that could not be taken apart into events. */
static bool judge_whole(Leftovers *leftovers, ConsumerBatch *batch, const BatchMessage *message)
{
    bool oversized = message->delivery.body == NULL;

    log_warn(oversized ? "consumer.oversized" : "consumer.malformed", "queue=%s size=%zu",
             leftovers->queue, message->delivery.size);
    counter_add(leftovers->verdicts[VERDICT_PARK], 1);
    return oversized ||
           add(leftovers, consumer_batch_whole_message(batch, message, leftovers->queue));
}

static bool judge_event(Leftovers *leftovers, ConsumerBatch *batch, size_t at)
{
    const Event *event = &batch->events[at];
    Verdict verdict = verdict_of(event->status);

    counter_add(leftovers->verdicts[verdict], 1);
    if (verdict == VERDICT_DONE) {
        return true;
    }
    log_warn(verdict == VERDICT_PARK ? "consumer.parked" : "consumer.retried",
             "queue=%s event=%llu code=%s name=%s", leftovers->queue,
             (unsigned long long)event->id.value, status_code_name(event->status.code),
             event->status.name);
    return add(leftovers, consumer_batch_event_message(batch, at, leftovers->queue, verdict));
}

bool leftovers_judge(Leftovers *leftovers, ConsumerBatch *batch, size_t first, size_t end)
{
    leftovers->count = 0;
    for (size_t i = first; i < end; i++) {
        const BatchMessage *message = &batch->messages[i];

        if (message->event_count == 0 && !judge_whole(leftovers, batch, message)) {
            return false;
        }
        for (size_t k = 0; k < message->event_count; k++) {
            if (!judge_event(leftovers, batch, message->first_event + k)) {
                return false;
            }
        }
    }
    return true;
}

bool leftovers_send(Leftovers *leftovers)
{
    size_t left = 0;

    if (leftovers->count == 0) {
        return true;
    }
    publisher_publish(leftovers->publisher, leftovers->messages, leftovers->count);
    for (size_t i = 0; i < leftovers->count; i++) {
        if (status_failed(leftovers->messages[i]->status)) {
            leftovers->messages[left++] = leftovers->messages[i];
        }
    }
    leftovers->count = left;
    if (left > 0) {
        log_warn("consumer.park_failed", "queue=%s name=%s", leftovers->queue,
                 leftovers->messages[0]->status.name);
    }
    return left == 0;
}

void leftovers_idle(Leftovers *leftovers)
{
    publisher_idle(leftovers->publisher);
}
