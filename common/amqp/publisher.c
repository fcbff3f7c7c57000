/* publisher.c - sends what the window takes, reads what the broker says about it.
 *
 * A message's tag is also its message id, because a returned message has no tag but its
 * id.
 *
 * Until the first confirm on a connection one message is sent alone: under a memory
 * alarm the broker says that it is blocked only after a publish, and every message in
 * the socket then is a duplicate later. */
#include "common/amqp/publisher.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/amqp_link.h"
#include "common/amqp/confirm_window.h"
#include "common/base/clock.h"
#include "common/runtime/log.h"

enum {
    HEADERS_MAX = 8,
    TAG_TEXT_SIZE = 24,
    LABEL_SIZE = 96,
    SERVE_MS = 1000, /* at most between two looks at the clock */
    FRAMES_IDLE_MAX = 1000,
};

typedef enum Outcome {
    OUTCOME_CONFIRMED,
    OUTCOME_RETURNED,
    OUTCOME_NACKED,
    OUTCOME_LOST,
    OUTCOME_COUNT,
} Outcome;

static const char *const outcome_names[OUTCOME_COUNT] = {
    "confirmed",
    "returned",
    "nacked",
    "lost",
};

struct Publisher {
    AmqpLink *link;
    _Atomic bool up;
    bool confirming; /* the channel is in confirm mode */
    bool blocked;    /* the broker takes nothing now */
    bool proven;     /* it has confirmed something on this connection */
    bool careful;    /* something closed the channel: one at a time, to find it */
    bool redeclare;  /* a queue of the topology is missing */
    bool returning;  /* the header of a returned message comes next */

    ConfirmWindow window;
    int64_t progress_us; /* when something was last confirmed, or sent to an idle broker */

    Gauge *blocked_gauge;
    Counter *outcomes[OUTCOME_COUNT];
};

static void open_metrics(Publisher *publisher, const char *name, Metrics *metrics)
{
    char labels[LABEL_SIZE];

    (void)snprintf(labels, sizeof labels, "publisher=\"%s\"", name);
    publisher->blocked_gauge =
        metrics_gauge(metrics, "publisher_blocked", "1 while the broker takes nothing", labels);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        (void)snprintf(labels, sizeof labels, "publisher=\"%s\",outcome=\"%s\"", name,
                       outcome_names[i]);
        publisher->outcomes[i] = metrics_counter(metrics, "publisher_messages_total",
                                                 "messages by what the broker did", labels);
    }
}

Status publisher_open(const char *url, const char *name, Metrics *metrics,
                      Publisher **ret_publisher)
{
    Publisher *publisher = calloc(1, sizeof *publisher);
    Status status;

    if (publisher == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    status = amqp_link_open(url, &publisher->link);
    if (status_failed(status)) {
        publisher_close(publisher);
        return status;
    }
    open_metrics(publisher, name, metrics);
    *ret_publisher = publisher;
    return status_ok();
}

void publisher_close(Publisher *publisher)
{
    if (publisher == NULL) {
        return;
    }
    amqp_link_close(publisher->link);
    free(publisher);
}

bool publisher_is_up(const Publisher *publisher)
{
    return atomic_load(&publisher->up);
}

static int64_t now_us(void)
{
    return clock_monotonic_us(clock_system());
}

static void set_blocked(Publisher *publisher, bool blocked)
{
    publisher->blocked = blocked;
    gauge_set(publisher->blocked_gauge, blocked ? 1 : 0);
    atomic_store(&publisher->up, publisher->confirming && !blocked);
}

/* Forgets what is unconfirmed; those messages keep the status UNKNOWN. */
static void forget_pending(Publisher *publisher)
{
    confirm_window_reset(&publisher->window);
    publisher->returning = false;
    publisher->confirming = false;
    atomic_store(&publisher->up, false);
}

static void lose(Publisher *publisher, const char *why)
{
    counter_add(publisher->outcomes[OUTCOME_LOST], publisher->window.pending);
    forget_pending(publisher);
    set_blocked(publisher, false);
    amqp_link_lose(publisher->link, why);
}

static bool select_confirms(Publisher *publisher)
{
    if (amqp_confirm_select(publisher->link->state, AMQP_LINK_CHANNEL) == NULL) {
        lose(publisher, "confirm.select");
        return false;
    }
    publisher->confirming = true;
    atomic_store(&publisher->up, !publisher->blocked);
    return true;
}

static Status connect_if_down(Publisher *publisher)
{
    bool fresh = publisher->link->state == NULL;
    Status status = amqp_link_connect(publisher->link);

    if (status_failed(status)) {
        return status;
    }
    if (fresh) {
        forget_pending(publisher);
        set_blocked(publisher, false);
        publisher->proven = false;
        publisher->redeclare = false;
    }
    if (publisher->redeclare) {
        publisher->redeclare = false;
        if (!topology_declare(publisher->link->state)) {
            lose(publisher, "topology");
        }
    }
    if (publisher->link->state == NULL || (!publisher->confirming && !select_confirms(publisher))) {
        return status_make(STATUS_UNAVAILABLE, "BROKER_DOWN");
    }
    return status_ok();
}

static bool on_confirm(Publisher *publisher, uint64_t tag, bool multiple, bool acked)
{
    ConfirmTally tally;

    if (!confirm_window_confirm(&publisher->window, tag, multiple, acked, &tally)) {
        lose(publisher, "confirm of an unknown tag");
        return false;
    }
    counter_add(publisher->outcomes[OUTCOME_CONFIRMED], tally.confirmed);
    counter_add(publisher->outcomes[OUTCOME_RETURNED], tally.returned);
    counter_add(publisher->outcomes[OUTCOME_NACKED], tally.nacked);
    publisher->proven = true;
    publisher->progress_us = now_us();
    return true;
}

/* The header of a returned message: its id names the slot. */
static bool on_returned(Publisher *publisher, const amqp_basic_properties_t *properties)
{
    char text[TAG_TEXT_SIZE];
    size_t size = properties->message_id.len;
    const PublisherMessage *message;
    uint64_t tag = 0;

    publisher->returning = false;
    if ((properties->_flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0 && size < sizeof text) {
        memcpy(text, properties->message_id.bytes, size);
        text[size] = '\0';
        tag = strtoull(text, NULL, 10);
    }
    message = confirm_window_return(&publisher->window, tag);
    if (message == NULL) {
        lose(publisher, "return of an unknown message");
        return false;
    }
    publisher->redeclare = publisher->redeclare || topology_has(message->queue);
    return true;
}

/* The broker does not like something we sent, and everything after it vanished. All that
 * is unconfirmed goes again, one at a time; what closes the channel then is to blame. */
static bool on_channel_close(Publisher *publisher, const amqp_channel_close_t *close)
{
    log_warn("publisher.channel_closed", "code=%u reason=%.*s", (unsigned)close->reply_code,
             (int)close->reply_text.len, (const char *)close->reply_text.bytes);
    if (publisher->careful && publisher->window.pending == 1) {
        confirm_window_only(&publisher->window)->status =
            status_make(STATUS_FAILED_PRECONDITION, "REFUSED");
    }
    publisher->careful = true;
    forget_pending(publisher);
    if (!amqp_link_reopen_channel(publisher->link)) {
        lose(publisher, "channel");
        return false;
    }
    return select_confirms(publisher);
}

static bool on_method(Publisher *publisher, const amqp_method_t *method)
{
    switch (method->id) {
    case AMQP_BASIC_ACK_METHOD: {
        const amqp_basic_ack_t *ack = method->decoded;
        return on_confirm(publisher, ack->delivery_tag, ack->multiple, true);
    }
    case AMQP_BASIC_NACK_METHOD: {
        const amqp_basic_nack_t *nack = method->decoded;
        return on_confirm(publisher, nack->delivery_tag, nack->multiple, false);
    }
    case AMQP_BASIC_RETURN_METHOD:
        publisher->returning = true;
        return true;
    case AMQP_CONNECTION_BLOCKED_METHOD:
        log_warn("publisher.blocked", "host=%s", publisher->link->info.host);
        set_blocked(publisher, true);
        return true;
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
        set_blocked(publisher, false);
        publisher->progress_us = now_us();
        return true;
    case AMQP_CHANNEL_CLOSE_METHOD:
        return on_channel_close(publisher, method->decoded);
    case AMQP_CONNECTION_CLOSE_METHOD:
        lose(publisher, "closed by the broker");
        return false;
    default:
        return true;
    }
}

/* Handles one frame, waiting for it at most timeout_ms. ret_more tells whether there was
 * one. False: the connection is lost. */
static bool serve(Publisher *publisher, int timeout_ms, bool *ret_more)
{
    amqp_frame_t frame;
    int result = amqp_link_read(publisher->link, timeout_ms, -1, &frame);

    *ret_more = result == AMQP_STATUS_OK;
    if (result == AMQP_STATUS_TIMEOUT) {
        return true;
    }
    if (result != AMQP_STATUS_OK) {
        lose(publisher, amqp_error_string2(result));
        return false;
    }
    if (frame.frame_type == AMQP_FRAME_METHOD) {
        return on_method(publisher, &frame.payload.method);
    }
    if (frame.frame_type == AMQP_FRAME_HEADER && publisher->returning) {
        return on_returned(publisher, frame.payload.properties.decoded);
    }
    return true; /* the body of a returned message */
}

static bool may_send(const Publisher *publisher, const PublisherMessage *message)
{
    size_t pending_max = publisher->careful || !publisher->proven ? 1 : PUBLISHER_WINDOW;

    return !publisher->blocked &&
           confirm_window_has_room(&publisher->window, message->size, pending_max);
}

static int publish(Publisher *publisher, const PublisherMessage *message)
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
    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)publisher->window.next_tag);
    properties.message_id = amqp_cstring_bytes(id);
    return amqp_basic_publish(publisher->link->state, AMQP_LINK_CHANNEL, amqp_empty_bytes,
                              amqp_cstring_bytes(message->queue), 1, 0, &properties,
                              (amqp_bytes_t){ message->size, body.out });
}

static bool send_one(Publisher *publisher, PublisherMessage *message)
{
    int result = publish(publisher, message);

    if (publisher->window.pending == 0) {
        publisher->progress_us = now_us();
    }
    confirm_window_add(&publisher->window, message);
    if (result != AMQP_STATUS_OK) {
        lose(publisher, amqp_error_string2(result));
        return false;
    }
    return true;
}

/* Not sent yet, or sent on a channel that was closed before the answer. */
static bool is_unsettled(const PublisherMessage *message)
{
    return message->status.code == STATUS_UNAVAILABLE || message->status.code == STATUS_UNKNOWN;
}

/* Sends from *at what the window takes. False: the connection is lost. */
static bool fill_window(Publisher *publisher, PublisherMessage *const *messages, size_t count,
                        size_t *at)
{
    while (*at < count) {
        if (is_unsettled(messages[*at])) {
            if (!may_send(publisher, messages[*at])) {
                return true;
            }
            if (!send_one(publisher, messages[*at])) {
                return false;
            }
        }
        (*at)++;
    }
    return true;
}

/* Waits for news about what is pending. False: the connection is lost. */
static bool wait_for_news(Publisher *publisher)
{
    bool more;

    if (!serve(publisher, SERVE_MS, &more)) {
        return false;
    }
    while (more && publisher->window.pending > 0) {
        if (!serve(publisher, 0, &more)) {
            return false;
        }
    }
    if (publisher->window.pending > 0 &&
        now_us() - publisher->progress_us > PUBLISHER_CONFIRM_S * US_PER_S) {
        lose(publisher, "no confirm");
        return false;
    }
    return true;
}

static void publish_all(Publisher *publisher, PublisherMessage *const *messages, size_t count)
{
    size_t at = 0;

    publisher->careful = false;
    for (;;) {
        bool was_careful = publisher->careful;

        if (!fill_window(publisher, messages, count, &at)) {
            return;
        }
        if (publisher->window.pending == 0) {
            return; /* all have their answer, or the broker is blocked */
        }
        if (!wait_for_news(publisher)) {
            return;
        }
        if (publisher->careful && !was_careful) {
            at = 0; /* the channel was closed: what has no answer goes again */
        }
    }
}

Status publisher_publish(Publisher *publisher, PublisherMessage *const *messages, size_t count)
{
    Status first = status_ok();
    Status status = connect_if_down(publisher);
    bool more = true;

    for (size_t i = 0; i < count; i++) {
        messages[i]->status = status_make(STATUS_UNAVAILABLE, "BROKER_DOWN");
    }
    /* What came while nobody was here: blocked, unblocked, closed. */
    while (!status_failed(status) && more) {
        if (!serve(publisher, 0, &more)) {
            status = status_make(STATUS_UNAVAILABLE, "BROKER_DOWN");
        }
    }
    if (!status_failed(status)) {
        publish_all(publisher, messages, count);
    }
    for (size_t i = 0; i < count && !status_failed(first); i++) {
        first = messages[i]->status;
    }
    return first;
}

void publisher_idle(Publisher *publisher)
{
    bool more = true;

    if (status_failed(connect_if_down(publisher))) {
        return;
    }
    for (int i = 0; i < FRAMES_IDLE_MAX && more; i++) {
        if (!serve(publisher, 0, &more)) {
            return;
        }
    }
}
