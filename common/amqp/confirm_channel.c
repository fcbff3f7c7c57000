/* confirm_channel.c - sends a message, reads what comes back, frame by frame.
 *
 * A message's tag is also its message id, because a returned message has no tag but its
 * id.
 *
 * Until the first confirm on a connection one message is sent alone: under a memory alarm
 * the broker says that it is blocked only after a publish, and every message in the socket
 * then is a duplicate later. */
#include "common/amqp/confirm_channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/runtime/log.h"

enum {
    HEADERS_MAX = 8,
    TAG_TEXT_SIZE = 24,
    LABEL_SIZE = 96,
    WAIT_MS = 1000, /* at most between two looks at the clock */
    FRAMES_HEARD_MAX = 1000,
};

static const char *const outcome_names[CONFIRM_OUTCOME_COUNT] = {
    "confirmed",
    "returned",
    "nacked",
    "lost",
};

static void open_metrics(ConfirmChannel *channel, const char *name, Metrics *metrics)
{
    char labels[LABEL_SIZE];

    (void)snprintf(labels, sizeof labels, "publisher=\"%s\"", name);
    channel->blocked_gauge =
        metrics_gauge(metrics, "publisher_blocked", "1 while the broker takes nothing", labels);
    for (int i = 0; i < CONFIRM_OUTCOME_COUNT; i++) {
        (void)snprintf(labels, sizeof labels, "publisher=\"%s\",outcome=\"%s\"", name,
                       outcome_names[i]);
        channel->outcomes[i] = metrics_counter(metrics, "publisher_messages_total",
                                               "messages by what the broker did", labels);
    }
}

Status confirm_channel_open(ConfirmChannel *channel, const char *url, const char *name,
                            Metrics *metrics)
{
    open_metrics(channel, name, metrics);
    return amqp_link_open(url, &channel->link);
}

void confirm_channel_close(ConfirmChannel *channel)
{
    amqp_link_close(channel->link);
}

static int64_t now_us(void)
{
    return clock_monotonic_us(clock_system());
}

static void set_blocked(ConfirmChannel *channel, bool blocked)
{
    channel->blocked = blocked;
    gauge_set(channel->blocked_gauge, blocked ? 1 : 0);
    atomic_store(&channel->up, channel->confirming && !blocked);
}

/* Forgets what is unconfirmed; those messages keep the status UNKNOWN. */
static void forget_pending(ConfirmChannel *channel)
{
    confirm_window_reset(&channel->window);
    channel->returning = false;
    channel->confirming = false;
    atomic_store(&channel->up, false);
}

static void lose(ConfirmChannel *channel, const char *why)
{
    counter_add(channel->outcomes[CONFIRM_LOST], channel->window.pending);
    forget_pending(channel);
    set_blocked(channel, false);
    amqp_link_lose(channel->link, why);
}

static bool select_confirms(ConfirmChannel *channel)
{
    if (amqp_confirm_select(channel->link->state, AMQP_LINK_CHANNEL) == NULL) {
        lose(channel, "confirm.select");
        return false;
    }
    channel->confirming = true;
    atomic_store(&channel->up, !channel->blocked);
    return true;
}

Status confirm_channel_connect(ConfirmChannel *channel)
{
    bool fresh = channel->link->state == NULL;
    Status status = amqp_link_connect(channel->link);

    if (status_failed(status)) {
        return status;
    }
    if (fresh) {
        forget_pending(channel);
        set_blocked(channel, false);
        channel->proven = false;
        channel->redeclare = false;
    }
    if (channel->redeclare) {
        channel->redeclare = false;
        if (!topology_declare(channel->link->state)) {
            lose(channel, "topology");
        }
    }
    if (channel->link->state == NULL || (!channel->confirming && !select_confirms(channel))) {
        return status_make(STATUS_UNAVAILABLE, "BROKER_DOWN");
    }
    return status_ok();
}

static bool on_confirm(ConfirmChannel *channel, uint64_t tag, bool multiple, bool acked)
{
    ConfirmTally tally;

    if (!confirm_window_confirm(&channel->window, tag, multiple, acked, &tally)) {
        lose(channel, "confirm of an unknown tag");
        return false;
    }
    counter_add(channel->outcomes[CONFIRM_DONE], tally.confirmed);
    counter_add(channel->outcomes[CONFIRM_RETURNED], tally.returned);
    counter_add(channel->outcomes[CONFIRM_NACKED], tally.nacked);
    channel->proven = true;
    channel->progress_us = now_us();
    return true;
}

/* The header of a returned message: its id names the slot. */
static bool on_returned(ConfirmChannel *channel, const amqp_basic_properties_t *properties)
{
    char text[TAG_TEXT_SIZE];
    size_t size = properties->message_id.len;
    const PublisherMessage *message;
    uint64_t tag = 0;

    channel->returning = false;
    if ((properties->_flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0 && size < sizeof text) {
        memcpy(text, properties->message_id.bytes, size);
        text[size] = '\0';
        tag = strtoull(text, NULL, 10);
    }
    message = confirm_window_return(&channel->window, tag);
    if (message == NULL) {
        lose(channel, "return of an unknown message");
        return false;
    }
    channel->redeclare = channel->redeclare || topology_has(message->queue);
    return true;
}

/* The broker does not like something we sent, and everything after it vanished. All that
 * is unconfirmed goes again, one at a time; what closes the channel then is to blame. */
static bool on_channel_close(ConfirmChannel *channel, const amqp_channel_close_t *close)
{
    log_warn("publisher.channel_closed", "code=%u reason=%.*s", (unsigned)close->reply_code,
             (int)close->reply_text.len, (const char *)close->reply_text.bytes);
    if (channel->careful && channel->window.pending == 1) {
        confirm_window_only(&channel->window)->status =
            status_make(STATUS_FAILED_PRECONDITION, "REFUSED");
    }
    channel->careful = true;
    forget_pending(channel);
    if (!amqp_link_reopen_channel(channel->link)) {
        lose(channel, "channel");
        return false;
    }
    return select_confirms(channel);
}

static bool on_method(ConfirmChannel *channel, const amqp_method_t *method)
{
    switch (method->id) {
    case AMQP_BASIC_ACK_METHOD: {
        const amqp_basic_ack_t *ack = method->decoded;
        return on_confirm(channel, ack->delivery_tag, ack->multiple, true);
    }
    case AMQP_BASIC_NACK_METHOD: {
        const amqp_basic_nack_t *nack = method->decoded;
        return on_confirm(channel, nack->delivery_tag, nack->multiple, false);
    }
    case AMQP_BASIC_RETURN_METHOD:
        channel->returning = true;
        return true;
    case AMQP_CONNECTION_BLOCKED_METHOD:
        log_warn("publisher.blocked", "host=%s", channel->link->info.host);
        set_blocked(channel, true);
        return true;
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
        set_blocked(channel, false);
        channel->progress_us = now_us();
        return true;
    case AMQP_CHANNEL_CLOSE_METHOD:
        return on_channel_close(channel, method->decoded);
    case AMQP_CONNECTION_CLOSE_METHOD:
        lose(channel, "closed by the broker");
        return false;
    default:
        return true;
    }
}

/* Handles one frame, waiting for it at most timeout_ms. ret_more tells whether there was
 * one. False: the connection is lost. */
static bool serve(ConfirmChannel *channel, int timeout_ms, bool *ret_more)
{
    amqp_frame_t frame;
    int result = amqp_link_read(channel->link, timeout_ms, -1, &frame);

    *ret_more = result == AMQP_STATUS_OK;
    if (result == AMQP_STATUS_TIMEOUT) {
        return true;
    }
    if (result != AMQP_STATUS_OK) {
        lose(channel, amqp_error_string2(result));
        return false;
    }
    if (frame.frame_type == AMQP_FRAME_METHOD) {
        return on_method(channel, &frame.payload.method);
    }
    if (frame.frame_type == AMQP_FRAME_HEADER && channel->returning) {
        return on_returned(channel, frame.payload.properties.decoded);
    }
    return true; /* the body of a returned message */
}

bool confirm_channel_may_send(const ConfirmChannel *channel, const PublisherMessage *message)
{
    size_t pending_max = channel->careful || !channel->proven ? 1 : PUBLISHER_WINDOW;

    return !channel->blocked &&
           confirm_window_has_room(&channel->window, message->size, pending_max);
}

static int publish(ConfirmChannel *channel, const PublisherMessage *message)
{
    amqp_table_entry_t entries[HEADERS_MAX];
    char id[TAG_TEXT_SIZE];
    size_t count = message->header_count < HEADERS_MAX ? message->header_count : HEADERS_MAX;
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                  AMQP_BASIC_CONTENT_TYPE_FLAG | (count > 0 ? AMQP_BASIC_HEADERS_FLAG : 0),
        .delivery_mode = AMQP_DELIVERY_PERSISTENT,
        .content_type = amqp_cstring_bytes("application/x-protobuf"),
        .headers = { .num_entries = (int)count, .entries = entries },
    };
    /* rabbitmq-c's type is not const, yet it only reads. */
    union {
        const void *in;
        void *out;
    } body = { .in = message->body };

    for (size_t i = 0; i < count; i++) {
        entries[i] = (amqp_table_entry_t){
            .key = amqp_cstring_bytes(message->headers[2 * i]),
            .value = { .kind = AMQP_FIELD_KIND_UTF8,
                       .value.bytes = amqp_cstring_bytes(message->headers[2 * i + 1]) },
        };
    }
    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)channel->window.next_tag);
    properties.message_id = amqp_cstring_bytes(id);
    return amqp_basic_publish(channel->link->state, AMQP_LINK_CHANNEL, amqp_empty_bytes,
                              amqp_cstring_bytes(message->queue), 1, 0, &properties,
                              (amqp_bytes_t){ message->size, body.out });
}

bool confirm_channel_send(ConfirmChannel *channel, PublisherMessage *message)
{
    int result = publish(channel, message);

    if (channel->window.pending == 0) {
        channel->progress_us = now_us();
    }
    confirm_window_add(&channel->window, message);
    if (result != AMQP_STATUS_OK) {
        lose(channel, amqp_error_string2(result));
        return false;
    }
    return true;
}

bool confirm_channel_hear(ConfirmChannel *channel)
{
    bool more = true;

    for (int i = 0; i < FRAMES_HEARD_MAX && more; i++) {
        if (!serve(channel, 0, &more)) {
            return false;
        }
    }
    return true;
}

bool confirm_channel_wait(ConfirmChannel *channel)
{
    bool more;

    if (!serve(channel, WAIT_MS, &more)) {
        return false;
    }
    while (more && channel->window.pending > 0) {
        if (!serve(channel, 0, &more)) {
            return false;
        }
    }
    if (channel->window.pending > 0 &&
        now_us() - channel->progress_us > PUBLISHER_CONFIRM_S * US_PER_S) {
        lose(channel, "no confirm");
        return false;
    }
    return true;
}
