/* confirm_channel.h - a connection that publishes in confirm mode, and what the broker says
 * on it: confirmed, returned, blocked, closed. Internal.
 *
 * Belongs to one thread, but for `up`. Where a function says that the connection is lost,
 * that is logged, and what was unconfirmed keeps the status UNKNOWN (CONFIRM_MISSING);
 * confirm_channel_connect makes the next connection.
 *
 * When the broker closes the channel over something we sent, all that is unconfirmed has
 * to be sent again: its status is UNKNOWN then too, and `careful` is set. */
#ifndef JUMUN_COMMON_AMQP_CONFIRM_CHANNEL_H
#define JUMUN_COMMON_AMQP_CONFIRM_CHANNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/amqp/amqp_link.h"
#include "common/amqp/confirm_window.h"
#include "common/runtime/metrics.h"

typedef enum ConfirmOutcome {
    CONFIRM_DONE,
    CONFIRM_RETURNED,
    CONFIRM_NACKED,
    CONFIRM_LOST,
    CONFIRM_OUTCOME_COUNT,
} ConfirmOutcome;

typedef struct ConfirmChannel {
    AmqpLink *link;
    _Atomic bool up; /* connected and not blocked; any thread may read it */
    bool confirming; /* the channel is in confirm mode */
    bool blocked;    /* the broker takes nothing now */
    bool proven;     /* it has confirmed something on this connection */
    bool careful;    /* one at a time, to find what closed the channel; the sender clears it */
    bool redeclare;  /* a queue of the topology is missing */
    bool returning;  /* the header of a returned message comes next */

    ConfirmWindow window;
    int64_t progress_us; /* when something was last confirmed, or sent to an idle broker */

    Gauge *blocked_gauge;
    Counter *outcomes[CONFIRM_OUTCOME_COUNT];
} ConfirmChannel;

/* In zeroed memory of the caller's; `name` labels its metrics. INVALID_ARGUMENT (CONFIG) if
 * url is malformed. Does not connect. May be closed after a failure. */
Status confirm_channel_open(ConfirmChannel *channel, const char *url, const char *name,
                            Metrics *metrics);

void confirm_channel_close(ConfirmChannel *channel);

/* Connects, selects confirms and declares what is missing, if not done already. May block
 * for seconds. UNAVAILABLE (BROKER_DOWN). */
Status confirm_channel_connect(ConfirmChannel *channel);

/* False while the broker is blocked or the window takes no message of that size. */
bool confirm_channel_may_send(const ConfirmChannel *channel, const PublisherMessage *message);

/* Sends one that may be sent; the window has it now. False: the connection is lost. */
bool confirm_channel_send(ConfirmChannel *channel, PublisherMessage *message);

/* Handles what the broker has said, without waiting. False: the connection is lost. */
bool confirm_channel_hear(ConfirmChannel *channel);

/* Waits up to 1 s for the broker to say something while messages are pending, and handles
 * it. False: the connection is lost; that nothing was confirmed for PUBLISHER_CONFIRM_S
 * counts as this. */
bool confirm_channel_wait(ConfirmChannel *channel);

#endif
