#include "services/gateway/query.h"

#include <stdint.h>
#include <string.h>

#include "common/base/text.h"

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* In place. False for a broken escape, or what is not one line of UTF-8. */
static bool decode(char *text)
{
    char *to = text;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '+') {
            *to++ = ' ';
        } else if (*at == '%') {
            int high = hex_value(at[1]);
            int low = high < 0 ? -1 : hex_value(at[2]);
            if (low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            *to++ = (char)(high << 4 | low);
            at += 2;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
    return text_is_line(text, 0, SIZE_MAX);
}

static bool is_name(const char *text)
{
    return *text != '\0' &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")] ==
               '\0';
}

static bool add(Query *query, char *pair)
{
    char *equals = strchr(pair, '=');

    if (equals == NULL || query->count == QUERY_PARAMS_MAX) {
        return false;
    }
    *equals = '\0';
    if (!is_name(pair) || !decode(equals + 1)) {
        return false;
    }
    for (size_t i = 0; i < query->count; i++) {
        if (strcmp(query->params[i].name, pair) == 0) {
            return false;
        }
    }
    query->params[query->count++] = (QueryParam){ pair, equals + 1 };
    return true;
}

Status query_parse(const char *text, Arena *arena, Query *ret_query)
{
    ret_query->count = 0;
    if (*text == '\0') {
        return status_ok();
    }
    char *rest = arena_copy(arena, text, strlen(text));
    if (rest == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    while (rest != NULL) {
        char *pair = strsep(&rest, "&");
        if (*pair != '\0' && !add(ret_query, pair)) {
            return status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
        }
    }
    return status_ok();
}
