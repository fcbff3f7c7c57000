#include <criterion/criterion.h>
#include <string.h>

#include "services/gateway/http/strict.h"

typedef struct Parsed {
    StrictHead head;
    HttpField fields[80];
    char text[32 * 1024];
} Parsed;

/* Splits a clean head the way the library does: names and values point into the text. */
static const StrictHead *split(const char *text, Parsed *parsed)
{
    char *at = parsed->text;

    strcpy(parsed->text, text);
    parsed->head = (StrictHead){ .fields = parsed->fields, .size = strlen(text) };
    parsed->head.method = at;
    at = strchr(at, ' ');
    *at++ = '\0';
    parsed->head.target = at;
    at = strchr(at, ' ');
    *at++ = '\0';
    parsed->head.version = at;
    at = strstr(at, "\r\n");
    *at = '\0';
    at += 2;
    while (*at != '\r') {
        HttpField *field = &parsed->fields[parsed->head.field_count++];
        field->name = at;
        at = strchr(at, ':');
        *at = '\0';
        field->name_size = strlen(field->name);
        at++;
        at += strspn(at, " ");
        field->value = at;
        at = strstr(at, "\r\n");
        *at = '\0';
        field->value_size = strlen(field->value);
        at += 2;
    }
    return &parsed->head;
}

static const char *check(const char *text, StrictFacts *ret_facts)
{
    static Parsed parsed;

    return strict_check(split(text, &parsed), ret_facts);
}

#define HOST "Host: shop.example:8080\r\n"

Test(strict, lets_plain_requests_in)
{
    static const struct {
        const char *text;
        const char *path;
        const char *query;
        size_t length;
        bool chunked;
    } rows[] = {
        { "GET / HTTP/1.1\r\n" HOST "\r\n", "/", "", 0, false },
        { "GET /a/b-c~d._!$&'()*+,;=:@ HTTP/1.1\r\n" HOST "\r\n", "/a/b-c~d._!$&'()*+,;=:@", "", 0,
          false },
        { "GET /a?b=c?d&e=%20/ HTTP/1.1\r\n" HOST "\r\n", "/a", "b=c?d&e=%20/", 0, false },
        { "GET /a/ HTTP/1.1\r\n" HOST "\r\n", "/a/", "", 0, false },
        { "HEAD /a HTTP/1.0\r\n\r\n", "/a", "", 0, false },
        { "GET http://SHOP.example:8080/a?x=1 HTTP/1.1\r\n" HOST "\r\n", "/a", "x=1", 0, false },
        { "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "*", "", 0, false },
        { "POST /a HTTP/1.1\r\n" HOST "Content-Length: 65536\r\n\r\n", "/a", "", 65536, false },
        { "PATCH /a HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n", "/a", "", 0, true },
        { "GET /a HTTP/1.1\r\nhost:[::1]:80\r\nContent-Length: 0\r\n\r\n", "/a", "", 0, false },
        { "POST /a HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n", "/a", "",
          1, false },
        { "GET /a HTTP/1.1\r\n" HOST "X-A:\r\nX-B: \xC3\xA9  z\r\n\r\n", "/a", "", 0, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        StrictFacts facts;
        const char *error = check(rows[i].text, &facts);
        cr_assert_null(error, "%s: %s", rows[i].text, error);
        cr_expect_eq(facts.path_size, strlen(rows[i].path), "%s", rows[i].text);
        cr_expect_eq(strncmp(facts.path, rows[i].path, facts.path_size), 0, "%s", rows[i].text);
        cr_expect_str_eq(facts.query, rows[i].query);
        cr_expect_eq(facts.content_length, rows[i].length);
        cr_expect_eq(facts.chunked, rows[i].chunked);
    }
}

Test(strict, refuses_with_the_right_name)
{
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        { "get / HTTP/1.1\r\n" HOST "\r\n", "NOT_IMPLEMENTED" },
        { "FOO / HTTP/1.1\r\n" HOST "\r\n", "NOT_IMPLEMENTED" },
        { "GET / HTTP/1.1\r\n\r\n", "BAD_HOST" },
        { "GET / HTTP/1.1\r\n" HOST HOST "\r\n", "BAD_HOST" },
        { "GET / HTTP/1.1\r\nHost: \r\n\r\n", "BAD_HOST" },
        { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "BAD_HOST" },
        { "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "BAD_HOST" },
        { "GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", "BAD_HOST" },
        { "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "BAD_HOST" },
        { "GET http://other/ HTTP/1.1\r\n" HOST "\r\n", "BAD_HOST" },
        { "GET http://shop.example:8080.evil/ HTTP/1.1\r\n" HOST "\r\n", "BAD_HOST" },
        { "GET https://shop.example/ HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET a HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET * HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET /.. HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET /a/../b HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET /./a HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET //a HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET /a// HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET /%2e%2e/ HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET /%2F HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET /%zz HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET /a\\b HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET /a#b HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET /\xC3\xA9 HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET /a?b#c HTTP/1.1\r\n" HOST "\r\n", "BAD_PATH" },
        { "GET /a HTTP/1.1\r\n" HOST "X_Y: 1\r\n\r\n", "BAD_REQUEST" },
        { "GET /a HTTP/1.1\r\n" HOST "X Y: 1\r\n\r\n", "BAD_REQUEST" },
        { "GET /a HTTP/1.1\r\n" HOST "X(): 1\r\n\r\n", "BAD_REQUEST" },
        { "GET /a HTTP/1.1\r\n" HOST "X\x80: 1\r\n\r\n", "BAD_REQUEST" },
        { "GET /a HTTP/1.1\r\n" HOST "X: a\tb\r\n\r\n", "BAD_REQUEST" },
        { "GET /a HTTP/1.1\r\n" HOST "X: a\x1F\r\n\r\n", "BAD_REQUEST" },
        { "GET /a HTTP/1.1\r\n" HOST "X: a\x7F\r\n\r\n", "BAD_REQUEST" },
        { "GET /a HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n", "BAD_FRAMING" },
        { "DELETE /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", "BAD_FRAMING" },
        { "POST /a HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n", "BODY_TOO_LARGE" },
        { "POST /a HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999999\r\n\r\n",
          "BODY_TOO_LARGE" },
        { "POST /a HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n", "BAD_FRAMING" },
        { "POST /a HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n", "BAD_FRAMING" },
        { "POST /a HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
          "BAD_FRAMING" },
        { "POST /a HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          "BAD_FRAMING" },
        { "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n",
          "BAD_FRAMING" },
        { "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: br\r\n\r\n", "NOT_IMPLEMENTED" },
        { "POST /a HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", "BAD_FRAMING" },
        { "POST /a HTTP/1.1\r\n" HOST "Expect: more\r\nContent-Length: 1\r\n\r\n",
          "EXPECTATION_FAILED" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        StrictFacts facts;
        const char *error = check(rows[i].text, &facts);
        cr_assert_not_null(error, "%s", rows[i].text);
        cr_expect_str_eq(error, rows[i].error, "%s", rows[i].text);
    }
}

Test(strict, sees_what_the_parser_hides)
{
    static Parsed parsed;
    StrictFacts facts;
    static const char text[] = "GET /a HTTP/1.1\r\n" HOST "X: abc\r\nY: d\r\n\r\n";

    split(text, &parsed);
    cr_assert_null(strict_check(&parsed.head, &facts));
    parsed.fields[1].value_size = 1; /* cut by a NUL */
    cr_expect_str_eq(strict_check(&parsed.head, &facts), "BAD_REQUEST");
    parsed.fields[1].value_size = 3;
    parsed.head.size++; /* a byte nobody accounts for: at the end, or in the request line */
    cr_expect_str_eq(strict_check(&parsed.head, &facts), "BAD_REQUEST");
    parsed.head.size--;
    parsed.fields[1] = parsed.fields[2]; /* a nameless line was dropped */
    parsed.head.field_count = 2;
    cr_expect_str_eq(strict_check(&parsed.head, &facts), "BAD_REQUEST");
}

Test(strict, a_byte_gained_does_not_make_up_for_a_byte_hidden)
{
    static Parsed parsed;
    StrictFacts facts;

    /* "X:ab" is a byte shorter than usual, and the NUL behind the a hides one. */
    split("GET /a HTTP/1.1\r\n" HOST "X:abc\r\nY: d\r\n\r\n", &parsed);
    parsed.fields[1].value_size = 2;
    cr_expect_str_eq(strict_check(&parsed.head, &facts), "BAD_REQUEST");
}
