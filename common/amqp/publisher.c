/* publisher.c - sends what the window takes, and goes on until each message has its answer. */
#include "common/amqp/publisher.h"

#include <stdlib.h>

#include "common/amqp/confirm_channel.h"

struct Publisher {
    ConfirmChannel channel;
};

Status publisher_open(const char *url, const char *name, Metrics *metrics,
                      Publisher **ret_publisher)
{
    Publisher *publisher = calloc(1, sizeof *publisher);
    Status status;

    if (publisher == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    status = confirm_channel_open(&publisher->channel, url, name, metrics);
    if (status_failed(status)) {
        publisher_close(publisher);
        return status;
    }
    *ret_publisher = publisher;
    return status_ok();
}

void publisher_close(Publisher *publisher)
{
    if (publisher == NULL) {
        return;
    }
    confirm_channel_close(&publisher->channel);
    free(publisher);
}

bool publisher_is_up(const Publisher *publisher)
{
    return atomic_load(&publisher->channel.up);
}

/* Not sent yet, or sent on a channel that was closed before the answer. */
static bool is_unsettled(const PublisherMessage *message)
{
    return message->status.code == STATUS_UNAVAILABLE || message->status.code == STATUS_UNKNOWN;
}

/* Sends from *at what the window takes. False: the connection is lost. */
static bool fill_window(ConfirmChannel *channel, PublisherMessage *const *messages, size_t count,
                        size_t *at)
{
    while (*at < count) {
        if (is_unsettled(messages[*at])) {
            if (!confirm_channel_may_send(channel, messages[*at])) {
                return true;
            }
            if (!confirm_channel_send(channel, messages[*at])) {
                return false;
            }
        }
        (*at)++;
    }
    return true;
}

static void publish_all(ConfirmChannel *channel, PublisherMessage *const *messages, size_t count)
{
    size_t at = 0;

    channel->careful = false;
    for (;;) {
        bool was_careful = channel->careful;

        if (!fill_window(channel, messages, count, &at)) {
            return;
        }
        if (channel->window.pending == 0) {
            return; /* all have their answer, or the broker is blocked */
        }
        if (!confirm_channel_wait(channel)) {
            return;
        }
        if (channel->careful && !was_careful) {
            at = 0; /* the channel was closed: what has no answer goes again */
        }
    }
}

Status publisher_publish(Publisher *publisher, PublisherMessage *const *messages, size_t count)
{
    ConfirmChannel *channel = &publisher->channel;
    Status first = status_ok();

    for (size_t i = 0; i < count; i++) {
        messages[i]->status = status_make(STATUS_UNAVAILABLE, "BROKER_DOWN");
    }
    /* First what came while nobody was here: blocked, unblocked, closed. */
    if (!status_failed(confirm_channel_connect(channel)) && confirm_channel_hear(channel)) {
        publish_all(channel, messages, count);
    }
    for (size_t i = 0; i < count && !status_failed(first); i++) {
        first = messages[i]->status;
    }
    return first;
}

void publisher_idle(Publisher *publisher)
{
    if (!status_failed(confirm_channel_connect(&publisher->channel))) {
        (void)confirm_channel_hear(&publisher->channel);
    }
}
