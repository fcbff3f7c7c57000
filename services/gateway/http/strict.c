#include "services/gateway/http/strict.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    HttpMethod method;
} methods[] = {
    { "GET", HTTP_GET },         { "HEAD", HTTP_HEAD },   { "POST", HTTP_POST },
    { "PUT", HTTP_PUT },         { "PATCH", HTTP_PATCH }, { "DELETE", HTTP_DELETE },
    { "OPTIONS", HTTP_OPTIONS }, { "TRACE", HTTP_TRACE }, { "CONNECT", HTTP_CONNECT },
};

static bool is_alnum(char symbol)
{
    return (symbol >= '0' && symbol <= '9') || (symbol >= 'A' && symbol <= 'Z') ||
           (symbol >= 'a' && symbol <= 'z');
}

/* RFC 9110 tchar without the underscore: Content_Length is nobody's friend. */
static bool is_name_symbol(char symbol)
{
    return is_alnum(symbol) || (symbol != '\0' && strchr("!#$%&'*+-.^`|~", symbol) != NULL);
}

static const char *check_method(const StrictHead *head, StrictFacts *facts)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(methods[i].name, head->method) == 0) {
            facts->method = methods[i].method;
            return NULL;
        }
    }
    return "NOT_IMPLEMENTED";
}

static const char *check_field(const HttpField *field)
{
    if (field->name_size == 0) {
        return "BAD_REQUEST";
    }
    for (size_t i = 0; i < field->name_size; i++) {
        if (!is_name_symbol(field->name[i])) {
            return "BAD_REQUEST";
        }
    }
    for (size_t i = 0; i < field->value_size; i++) {
        unsigned char byte = (unsigned char)field->value[i];
        if (byte < 0x20 || byte == 0x7F) {
            return "BAD_REQUEST";
        }
    }
    return NULL;
}

/* See the head of strict.h. Between name and value only a colon and spaces can be. */
static bool lies_whole(const StrictHead *head)
{
    size_t line = strlen(head->method) + 1 + strlen(head->target) + 1 + strlen(head->version) + 2;
    const char *expected = head->field_count > 0 ? head->fields[0].name : NULL;

    for (size_t i = 0; i < head->field_count; i++) {
        const HttpField *field = &head->fields[i];
        if (field->name != expected || field->value < field->name + field->name_size + 1) {
            return false;
        }
        expected = field->value + field->value_size + 2;
    }
    size_t fields = head->field_count > 0 ? (size_t)(expected - head->fields[0].name) : 0;
    return head->size == line + fields + 2;
}

static const char *check_fields(const StrictHead *head)
{
    size_t size = 0;

    if (head->field_count > HTTP_FIELDS_MAX) {
        return "HEADERS_TOO_LARGE";
    }
    for (size_t i = 0; i < head->field_count; i++) {
        size_t field_size = head->fields[i].name_size + head->fields[i].value_size + 4;
        size += field_size;
        if (field_size > HTTP_FIELD_SIZE_MAX || size > HTTP_HEADERS_SIZE_MAX) {
            return "HEADERS_TOO_LARGE";
        }
    }
    for (size_t i = 0; i < head->field_count; i++) {
        const char *error = check_field(&head->fields[i]);
        if (error != NULL) {
            return error;
        }
    }
    return lies_whole(head) ? NULL : "BAD_REQUEST";
}

/* The only field of that name; *ret_count says how many there are. */
static const HttpField *find(const StrictHead *head, const char *name, size_t *ret_count)
{
    const HttpField *found = NULL;
    size_t size = strlen(name);

    *ret_count = 0;
    for (size_t i = 0; i < head->field_count; i++) {
        const HttpField *field = &head->fields[i];
        if (field->name_size == size && strncasecmp(field->name, name, size) == 0) {
            found = field;
            ++*ret_count;
        }
    }
    return found;
}

/* name[:port] or [v6][:port], and nothing else. */
static bool is_host(const char *host)
{
    const char *at = host;

    if (*at == '[') {
        at++;
        size_t size = strspn(at, "0123456789abcdefABCDEF:.");
        if (size == 0 || at[size] != ']') {
            return false;
        }
        at += size + 1;
    } else {
        const char *start = at;
        while (is_alnum(*at) || *at == '-' || *at == '.') {
            at++;
        }
        if (at == start) {
            return false;
        }
    }
    if (*at == ':') {
        size_t digits = strspn(at + 1, "0123456789");
        at += digits > 5 ? 0 : digits + 1;
    }
    return *at == '\0';
}

static const char *check_host(const StrictHead *head, StrictFacts *facts)
{
    size_t count;
    const HttpField *host = find(head, "host", &count);

    facts->host = "";
    if (count == 0 && strcmp(head->version, "HTTP/1.0") == 0) {
        return NULL;
    }
    if (count != 1 || !is_host(host->value)) {
        return "BAD_HOST";
    }
    facts->host = host->value;
    return NULL;
}

static const char *check_length(const HttpField *length, StrictFacts *facts)
{
    size_t value = 0;

    if (length->value_size == 0) {
        return "BAD_FRAMING";
    }
    for (size_t i = 0; i < length->value_size; i++) {
        char digit = length->value[i];
        if (digit < '0' || digit > '9') {
            return "BAD_FRAMING";
        }
        if (value <= HTTP_BODY_SIZE_MAX) {
            value = value * 10 + (size_t)(digit - '0');
        }
    }
    if (value > HTTP_BODY_SIZE_MAX) {
        return "BODY_TOO_LARGE";
    }
    facts->content_length = value;
    return NULL;
}

static const char *check_coding(const StrictHead *head, const HttpField *coding)
{
    static const char *const known[] = { "gzip", "x-gzip", "deflate", "compress", "br" };

    if (strcmp(head->version, "HTTP/1.1") != 0) {
        return "BAD_FRAMING";
    }
    if (strcasecmp(coding->value, "chunked") == 0) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcasecmp(coding->value, known[i]) == 0) {
            return "NOT_IMPLEMENTED";
        }
    }
    return "BAD_FRAMING";
}

static bool may_have_body(HttpMethod method)
{
    return method == HTTP_POST || method == HTTP_PUT || method == HTTP_PATCH;
}

/* Where the body ends must be said once, in one way, and plainly. */
static const char *check_framing(const StrictHead *head, StrictFacts *facts)
{
    size_t length_count;
    size_t coding_count;
    size_t expect_count;
    const HttpField *length = find(head, "content-length", &length_count);
    const HttpField *coding = find(head, "transfer-encoding", &coding_count);
    const HttpField *expect = find(head, "expect", &expect_count);
    const char *error = NULL;

    facts->content_length = 0;
    facts->chunked = coding_count > 0;
    if (length_count + coding_count > 1) {
        return "BAD_FRAMING";
    }
    if (length_count == 1) {
        error = check_length(length, facts);
    } else if (coding_count == 1) {
        error = check_coding(head, coding);
    }
    if (error != NULL) {
        return error;
    }
    if ((facts->content_length > 0 || facts->chunked) && !may_have_body(facts->method)) {
        return "BAD_FRAMING";
    }
    if (expect_count > 1 || (expect_count == 1 && strcasecmp(expect->value, "100-continue") != 0)) {
        return "EXPECTATION_FAILED";
    }
    return NULL;
}

static bool is_path_symbol(char symbol)
{
    return is_alnum(symbol) || (symbol != '\0' && strchr("-._~!$&'()*+,;=:@/", symbol) != NULL);
}

/* One spelling a resource: no empty or dot segments, nothing escaped (no path of ours
 * needs it), nothing that another server would read differently. */
static bool is_canonical(const char *path, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!is_path_symbol(path[i])) {
            return false;
        }
        if (path[i] != '/') {
            continue;
        }
        const char *segment = path + i + 1;
        size_t length = 0;
        while (i + 1 + length < size && segment[length] != '/') {
            length++;
        }
        bool last = i + 1 + length == size;
        if ((length == 0 && !last) || (length == 1 && segment[0] == '.') ||
            (length == 2 && segment[0] == '.' && segment[1] == '.')) {
            return false;
        }
    }
    return true;
}

static const char *check_target(const StrictHead *head, StrictFacts *facts)
{
    const char *path = head->target;

    if (strlen(path) > HTTP_TARGET_SIZE_MAX) {
        return "TARGET_TOO_LONG";
    }
    if (strcmp(path, "*") == 0 && facts->method == HTTP_OPTIONS) {
        facts->path = path;
        facts->path_size = 1;
        facts->query = "";
        return NULL;
    }
    if (strncasecmp(path, "http://", 7) == 0) { /* the absolute form, of this host only */
        size_t size = strlen(facts->host);
        if (size == 0 || strncasecmp(path + 7, facts->host, size) != 0 || path[7 + size] != '/') {
            return "BAD_HOST";
        }
        path += 7 + size;
    }
    if (*path != '/') {
        return "BAD_PATH";
    }
    size_t size = strcspn(path, "?");
    if (!is_canonical(path, size)) {
        return "BAD_PATH";
    }
    for (const char *at = path + size; *at != '\0'; at++) {
        if ((unsigned char)*at <= 0x20 || (unsigned char)*at >= 0x7F || *at == '#') {
            return "BAD_PATH";
        }
    }
    facts->path = path;
    facts->path_size = size;
    facts->query = path[size] == '?' ? path + size + 1 : "";
    return NULL;
}

const char *strict_check(const StrictHead *head, StrictFacts *ret_facts)
{
    *ret_facts = (StrictFacts){ .method = HTTP_GET, .path = "", .query = "", .host = "" };
    const char *error = check_method(head, ret_facts);

    if (error == NULL && strlen(head->target) > HTTP_TARGET_SIZE_MAX) {
        error = "TARGET_TOO_LONG";
    }
    if (error == NULL) {
        error = check_fields(head);
    }
    if (error == NULL) {
        error = check_host(head, ret_facts);
    }
    if (error == NULL) {
        error = check_framing(head, ret_facts);
    }
    if (error == NULL) {
        error = check_target(head, ret_facts);
    }
    return error;
}
