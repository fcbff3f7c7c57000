/* confirm_window.h - the messages between publish and confirm, found by their tags.
 * Internal, pure.
 *
 * Tags count from 1 on each channel. The broker confirms in any order, one tag or all up
 * to one; a return comes before the confirm of the same message, which is then no success. */
#ifndef JUMUN_COMMON_AMQP_CONFIRM_WINDOW_H
#define JUMUN_COMMON_AMQP_CONFIRM_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/amqp/publisher.h"

typedef struct ConfirmSlot {
    PublisherMessage *message; /* NULL: settled */
    bool returned;
} ConfirmSlot;

typedef struct ConfirmWindow {
    uint64_t next_tag;
    uint64_t oldest_tag; /* all below are settled */
    size_t pending;
    size_t pending_bytes;
    ConfirmSlot slots[PUBLISHER_WINDOW]; /* by tag, modulo */
} ConfirmWindow;

/* How many messages one confirm has settled, by outcome. */
typedef struct ConfirmTally {
    size_t confirmed;
    size_t returned;
    size_t nacked;
} ConfirmTally;

/* Forgets what is pending; those messages keep their status. Tags start at 1 again. */
void confirm_window_reset(ConfirmWindow *window);

/* True if a message of that size may be sent while at most pending_max are pending. One
 * alone always may. */
bool confirm_window_has_room(const ConfirmWindow *window, size_t size, size_t pending_max);

/* The message has next_tag. Its status is UNKNOWN (CONFIRM_MISSING) from now on. */
void confirm_window_add(ConfirmWindow *window, PublisherMessage *message);

/* The only pending message; there must be exactly one. */
PublisherMessage *confirm_window_only(const ConfirmWindow *window);

/* Settles one message or all up to the tag. False for a tag that is not pending. */
bool confirm_window_confirm(ConfirmWindow *window, uint64_t tag, bool multiple, bool acked,
                            ConfirmTally *ret_tally);

/* Remembers that the broker has returned the message; its confirm comes later. NULL for
 * a tag that is not pending, else the message. */
const PublisherMessage *confirm_window_return(ConfirmWindow *window, uint64_t tag);

#endif
