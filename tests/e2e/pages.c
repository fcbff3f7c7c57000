#include "tests/e2e/pages.h"

#include <stdio.h>

enum {
    PAGES_MAX = 50 /* more, and a cursor goes in circles */
};

json_t *pages_walk(Stack *stack, const char *token, const char *list, size_t limit)
{
    json_t *all = json_array();
    char cursor[256] = "";
    bool more = true;

    for (int i = 0; more; i++) {
        HttpReply reply = stack_get(stack, token, "%s&limit=%zu%s%s", list, limit,
                                    cursor[0] == '\0' ? "" : "&cursor=", cursor);
        json_t *items = json_object_get(reply.json, "items");

        expect(i < PAGES_MAX);
        stack_expect_status(reply, 200);
        (void)snprintf(cursor, sizeof cursor, "%s", json_text(reply.json, "nextCursor"));
        more = cursor[0] != '\0';
        expect(more ? json_array_size(items) == limit
                    : json_is_null(json_object_get(reply.json, "nextCursor")));
        expect(json_array_extend(all, items) == 0);
    }
    return all;
}
