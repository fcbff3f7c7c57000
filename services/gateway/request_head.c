#include "services/gateway/request_head.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A decimal number without sign or leading zeros; large ones become UINT32_MAX. */
static bool read_number(const char *text, size_t size, uint32_t *ret_number)
{
    uint64_t number = 0;

    if (size == 0 || (size > 1 && text[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(text[i] - '0');
        number = number > UINT32_MAX ? UINT32_MAX : number;
    }
    *ret_number = (uint32_t)number;
    return true;
}

const char *head_timeout(const HttpRequest *request, int64_t *ret_timeout_ms)
{
    size_t count;
    uint32_t ms;
    const HttpField *field = http_field(request, "request-timeout-ms", &count);

    *ret_timeout_ms = REQUEST_TIMEOUT_MS;
    if (count == 0) {
        return NULL;
    }
    if (count > 1 || !read_number(field->value, field->value_size, &ms) || ms == 0) {
        return "VALIDATION";
    }
    *ret_timeout_ms = ms < REQUEST_TIMEOUT_MS_MAX ? ms : REQUEST_TIMEOUT_MS_MAX;
    return NULL;
}

const char *head_key(const HttpRequest *request, const char **ret_key)
{
    size_t count;
    const HttpField *field = http_field(request, "idempotency-key", &count);

    *ret_key = "";
    if (count == 0) {
        return NULL;
    }
    if (count > 1 || field->value_size == 0 || field->value_size > REQUEST_KEY_SIZE_MAX) {
        return "VALIDATION";
    }
    for (size_t i = 0; i < field->value_size; i++) {
        if (field->value[i] <= 0x20 || field->value[i] >= 0x7F) {
            return "VALIDATION";
        }
    }
    *ret_key = field->value;
    return NULL;
}

/* ---- lists parted by commas ---- */

/* The next item without the space around it; false at the end. */
static bool next_item(const char **at, char separator, const char **ret_item, size_t *ret_size)
{
    const char *start = *at;

    while (*start == ' ' || *start == separator) {
        start++;
    }
    if (*start == '\0') {
        return false;
    }
    const char *end = strchr(start, separator);
    end = end == NULL ? start + strlen(start) : end;
    *at = end;
    while (end > start && end[-1] == ' ') {
        end--;
    }
    *ret_item = start;
    *ret_size = (size_t)(end - start);
    return true;
}

void head_wait(const HttpRequest *request, unsigned *ret_wait_s)
{
    const HttpField *field = http_field(request, "prefer", NULL);
    const char *at = field == NULL ? "" : field->value;
    const char *item;
    size_t size;
    uint32_t seconds;

    *ret_wait_s = 0;
    while (next_item(&at, ',', &item, &size)) {
        if (size > 5 && strncasecmp(item, "wait=", 5) == 0 &&
            read_number(item + 5, size - 5, &seconds)) {
            *ret_wait_s = seconds < REQUEST_WAIT_S_MAX ? seconds : REQUEST_WAIT_S_MAX;
        }
    }
}

bool head_accepts_json(const HttpRequest *request)
{
    static const char *const ours[] = { "*/*", "application/*", "application/json",
                                        "application/problem+json" };
    const HttpField *field = http_field(request, "accept", NULL);
    const char *at = field == NULL ? "" : field->value;
    const char *item;
    size_t size;

    if (field == NULL || field->value_size == 0) {
        return true; /* none; several lines are one list, and some item of ours is likely */
    }
    while (next_item(&at, ',', &item, &size)) {
        size_t type = strcspn(item, "; ,");
        for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
            if (type == strlen(ours[i]) && strncasecmp(item, ours[i], type) == 0) {
                return true;
            }
        }
    }
    return false;
}

const char *head_content(const HttpRequest *request)
{
    size_t count;
    const HttpField *type = http_field(request, "content-type", &count);
    const char *at;
    const char *item;
    size_t size;

    if (count != 1) {
        return "UNSUPPORTED_MEDIA_TYPE";
    }
    at = type->value;
    if (!next_item(&at, ';', &item, &size) || size != 16 ||
        strncasecmp(item, "application/json", 16) != 0) {
        return "UNSUPPORTED_MEDIA_TYPE";
    }
    while (next_item(&at, ';', &item, &size)) {
        bool utf8 = (size == 13 && strncasecmp(item, "charset=utf-8", 13) == 0) ||
                    (size == 15 && strncasecmp(item, "charset=\"utf-8\"", 15) == 0);
        if (!utf8) {
            return "UNSUPPORTED_MEDIA_TYPE";
        }
    }
    (void)http_field(request, "content-encoding", &count);
    return count == 0 ? NULL : "UNSUPPORTED_MEDIA_TYPE";
}

/* ---- who asks ---- */

static const char *bearer(const HttpRequest *request, const char **ret_token)
{
    size_t count;
    const HttpField *field = http_field(request, "authorization", &count);

    *ret_token = NULL;
    if (count == 0) {
        return NULL;
    }
    if (count > 1 || strncasecmp(field->value, "bearer ", 7) != 0) {
        return "UNAUTHENTICATED";
    }
    *ret_token = field->value + 7;
    return NULL;
}

/* Looks through all cookies of all fields: a second one of our name is an attack. */
static const char *cookie(const HttpRequest *request, const char **ret_token)
{
    const size_t name_size = sizeof SESSION_COOKIE - 1;
    const char *item;
    size_t size;

    *ret_token = NULL;
    for (size_t i = 0; i < request->field_count; i++) {
        const HttpField *field = &request->fields[i];
        if (field->name_size != 6 || strncasecmp(field->name, "cookie", 6) != 0) {
            continue;
        }
        const char *at = field->value;
        while (next_item(&at, ';', &item, &size)) {
            if (size <= name_size || strncmp(item, SESSION_COOKIE, name_size) != 0 ||
                item[name_size] != '=') {
                continue;
            }
            if (*ret_token != NULL) {
                return "UNAUTHENTICATED";
            }
            *ret_token = arena_copy(request->arena, item + name_size + 1, size - name_size - 1);
            if (*ret_token == NULL) {
                return "OVERLOADED";
            }
        }
    }
    return NULL;
}

const char *head_token(const HttpRequest *request, const char **ret_token, bool *ret_by_cookie)
{
    const char *from_bearer;
    const char *from_cookie;
    const char *error = bearer(request, &from_bearer);

    if (error == NULL) {
        error = cookie(request, &from_cookie);
    }
    if (error != NULL) {
        return error;
    }
    if (from_bearer != NULL && from_cookie != NULL && strcmp(from_bearer, from_cookie) != 0) {
        return "BAD_REQUEST";
    }
    *ret_token = from_bearer != NULL ? from_bearer : from_cookie;
    *ret_by_cookie = from_bearer == NULL && from_cookie != NULL;
    return NULL;
}

bool head_is_same_origin(const HttpRequest *request)
{
    size_t count;
    const HttpField *site = http_field(request, "sec-fetch-site", &count);

    if (count > 0) {
        return count == 1 && (strcasecmp(site->value, "same-origin") == 0 ||
                              strcasecmp(site->value, "none") == 0);
    }
    const HttpField *origin = http_field(request, "origin", &count);
    if (count != 1) {
        return false;
    }
    const char *host = strstr(origin->value, "://");
    return host != NULL && *request->host != '\0' && strcasecmp(host + 3, request->host) == 0;
}

/* ---- versions ---- */

static bool is_strong_etag(const char *text, size_t size)
{
    return size >= 2 && text[0] == '"' && strcspn(text + 1, "\"") == size - 2;
}

const char *head_if_match(const HttpRequest *request, bool *ret_there, uint32_t *ret_version)
{
    size_t count;
    const HttpField *field = http_field(request, "if-match", &count);

    *ret_there = count > 0;
    if (count == 0) {
        return NULL;
    }
    size_t size = field->value_size;
    if (count > 1 || !is_strong_etag(field->value, size)) {
        return "VALIDATION";
    }
    if (!read_number(field->value + 1, size - 2, ret_version) || *ret_version == 0) {
        return "VERSION_MISMATCH";
    }
    return NULL;
}

bool head_none_match_has(const HttpRequest *request, uint32_t version)
{
    char etag[16];
    const char *item;
    size_t size;

    (void)snprintf(etag, sizeof etag, "\"%u\"", version);
    for (size_t i = 0; i < request->field_count; i++) {
        const HttpField *field = &request->fields[i];
        if (field->name_size != 13 || strncasecmp(field->name, "if-none-match", 13) != 0) {
            continue;
        }
        const char *at = field->value;
        while (next_item(&at, ',', &item, &size)) {
            size_t weak = size > 2 && strncmp(item, "W/", 2) == 0 ? 2 : 0;
            if ((size == 1 && *item == '*') ||
                (size - weak == strlen(etag) && strncmp(item + weak, etag, size - weak) == 0)) {
                return true;
            }
        }
    }
    return false;
}

/* ---- trace ---- */

/* Lower-case hex digits, not all zero. */
static bool is_trace_part(const char *text, size_t size)
{
    return strspn(text, "0123456789abcdef") >= size && strspn(text, "0") < size;
}

const char *head_trace_parent(const HttpRequest *request)
{
    const HttpField *field = http_field(request, "traceparent", NULL);

    if (field == NULL || field->value_size != TRACE_PARENT_SIZE - 1) {
        return NULL;
    }
    const char *text = field->value;
    bool fits = strncmp(text, "00-", 3) == 0 && is_trace_part(text + 3, 32) && text[35] == '-' &&
                is_trace_part(text + 36, 16) && text[52] == '-' &&
                strspn(text + 53, "0123456789abcdef") == 2;
    return fits ? text : NULL;
}
