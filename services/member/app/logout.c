/* logout.c - one insert for all, then Redis session by session. */
#include "services/member/app/logout.h"

#include <assert.h>

void log_out(MemberApp *app, Logout *const *items, size_t count)
{
    const uint8_t *sessions[LOGOUT_MAX];

    assert(count > 0 && count <= LOGOUT_MAX);
    for (size_t i = 0; i < count; i++) {
        sessions[i] = items[i]->session;
    }
    Status status =
        app->store->ops->append_ended(app->store, sessions, count, clock_wall_us(app->clock));
    if (status.code == STATUS_UNKNOWN) {
        /* Saying it twice is the same: let the caller say it again. */
        status = status_make(STATUS_UNAVAILABLE, "UNAVAILABLE");
    }
    for (size_t i = 0; i < count; i++) {
        items[i]->status = status;
        if (!status_failed(status)) {
            (void)app->sessions->ops->end(app->sessions, items[i]->member, items[i]->session);
        }
    }
}
