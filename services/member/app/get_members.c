/* get_members.c - one call of the store. */
#include "services/member/app/get_members.h"

#include <assert.h>

void get_members(MemberApp *app, GetMember *const *items, size_t count)
{
    MemberQuery *queries[GET_MEMBERS_MAX];

    assert(count > 0 && count <= GET_MEMBERS_MAX);
    for (size_t i = 0; i < count; i++) {
        queries[i] = &items[i]->query;
    }
    Status status = app->store->ops->find(app->store, queries, count);
    for (size_t i = 0; i < count; i++) {
        GetMember *item = items[i];

        item->status = status;
        if (!status_failed(status) && !item->query.found) {
            item->status = status_make(STATUS_NOT_FOUND, "MEMBER_NOT_FOUND");
        }
        if (!status_failed(item->status)) {
            item->session_over =
                item->query.session != NULL &&
                (item->query.session_ended ||
                 member_session_is_over(&item->query.member, item->session_created_at_us));
        }
    }
}
