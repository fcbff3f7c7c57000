#include "common/amqp/confirm_window.h"

#include <assert.h>
#include <string.h>

void confirm_window_reset(ConfirmWindow *window)
{
    memset(window, 0, sizeof *window);
    window->next_tag = 1;
    window->oldest_tag = 1;
}

static ConfirmSlot *slot_of(ConfirmWindow *window, uint64_t tag)
{
    return &window->slots[tag % PUBLISHER_WINDOW];
}

bool confirm_window_has_room(const ConfirmWindow *window, size_t size, size_t pending_max)
{
    return window->pending < pending_max &&
           window->next_tag - window->oldest_tag < PUBLISHER_WINDOW &&
           (window->pending == 0 || window->pending_bytes + size <= PUBLISHER_WINDOW_BYTES);
}

void confirm_window_add(ConfirmWindow *window, PublisherMessage *message)
{
    ConfirmSlot *slot = slot_of(window, window->next_tag);

    assert(slot->message == NULL);
    *slot = (ConfirmSlot){ message, false };
    message->status = status_make(STATUS_UNKNOWN, "CONFIRM_MISSING");
    window->next_tag++;
    window->pending++;
    window->pending_bytes += message->size;
}

PublisherMessage *confirm_window_only(const ConfirmWindow *window)
{
    assert(window->pending == 1);
    return window->slots[window->oldest_tag % PUBLISHER_WINDOW].message;
}

/* One message has its answer. */
static void settle(ConfirmWindow *window, ConfirmSlot *slot, bool acked, ConfirmTally *tally)
{
    PublisherMessage *message = slot->message;

    if (slot->returned) {
        message->status = status_make(STATUS_FAILED_PRECONDITION, "RETURNED");
        tally->returned++;
    } else if (!acked) {
        message->status = status_make(STATUS_RESOURCE_EXHAUSTED, "NACKED");
        tally->nacked++;
    } else {
        message->status = status_ok();
        tally->confirmed++;
    }
    window->pending--;
    window->pending_bytes -= message->size;
    *slot = (ConfirmSlot){ NULL, false };
}

static bool is_open(const ConfirmWindow *window, uint64_t tag)
{
    return tag >= window->oldest_tag && tag < window->next_tag;
}

bool confirm_window_confirm(ConfirmWindow *window, uint64_t tag, bool multiple, bool acked,
                            ConfirmTally *ret_tally)
{
    ConfirmTally tally = { 0 };

    if (!is_open(window, tag)) {
        return false;
    }
    for (uint64_t i = multiple ? window->oldest_tag : tag; i <= tag; i++) {
        ConfirmSlot *slot = slot_of(window, i);
        if (slot->message != NULL) {
            settle(window, slot, acked, &tally);
        }
    }
    while (window->oldest_tag < window->next_tag &&
           slot_of(window, window->oldest_tag)->message == NULL) {
        window->oldest_tag++;
    }
    *ret_tally = tally;
    return true;
}

const PublisherMessage *confirm_window_return(ConfirmWindow *window, uint64_t tag)
{
    ConfirmSlot *slot = slot_of(window, tag);

    if (!is_open(window, tag) || slot->message == NULL) {
        return NULL;
    }
    slot->returned = true;
    return slot->message;
}
