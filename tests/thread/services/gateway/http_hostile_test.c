/* Hostile and slow clients on raw sockets against a real loop with a tiny handler. Each
 * row is sent whole and byte by byte; it gets exactly the answer of the table, or a bare
 * close, and then a good request on a new connection still gets 200. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "services/gateway/http/http.h"

enum {
    ANSWER_SIZE_MAX = 64 * 1024,
    LARGE_SIZE = 64 << 20, /* more than two sockets hold */
    CLOSED = 0,            /* expected: no answer at all */
    LIB = 1000,            /* plus a status: the library may answer instead, or just close */
};

static Http *http;
static char last_error[64];
static char large[LARGE_SIZE];

static void on_large_request(void *context, HttpRequest *request)
{
    (void)context;
    http_answer(http, request->handle,
                &(HttpAnswer){ .status = 200, .body = large, .body_size = sizeof large });
}

static void on_request(void *context, HttpRequest *request)
{
    if (strcmp(request->path, "/large") == 0) {
        on_large_request(context, request);
        return;
    }
    char *body = arena_alloc(request->arena, 16 * 1024);
    assert(body != NULL);
    int size = snprintf(body, 16 * 1024, "%d %s ?%s %zu", (int)request->method, request->path,
                        request->query, request->body_size);
    http_answer(http, request->handle,
                &(HttpAnswer){ .status = 200, .body = body, .body_size = (size_t)size });
}

static void on_refuse(void *context, HttpRequest *request, const char *error)
{
    static const struct {
        const char *error;
        unsigned status;
    } table[] = {
        { "BAD_FRAMING", 400 },       { "BAD_REQUEST", 400 },        { "BAD_HOST", 400 },
        { "BAD_PATH", 400 },          { "BODY_TOO_LARGE", 413 },     { "TARGET_TOO_LONG", 414 },
        { "HEADERS_TOO_LARGE", 431 }, { "EXPECTATION_FAILED", 417 }, { "NOT_IMPLEMENTED", 501 },
        { "UNAVAILABLE", 503 },
    };
    unsigned status = 0;

    (void)context;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].error, error) == 0) {
            status = table[i].status;
        }
    }
    assert(status != 0);
    (void)snprintf(last_error, sizeof last_error, "%s", error);
    http_answer(http, request->handle, &(HttpAnswer){ .status = status });
}

static void open_http(void)
{
    Status status = http_open(
        &(HttpOptions){
            .address = "127.0.0.1:0",
            .loops = 1,
            .connections_max = 64,
            .connections_per_address_max = 64,
            .first_ms = 1000,
            .keep_ms = 600,
            .headers_ms = 600,
            .body_ms = 600,
            .answer_ms = 5000,
            .stall_s = 3,
            .handler = on_request,
            .refuse = on_refuse,
        },
        &http);
    assert(!status_failed(status));
}

static int dial(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    struct timeval patience = { .tv_sec = 8 };
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)http_port(http)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    assert(fd >= 0);
    assert(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
    assert(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    assert(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

/* Reads until the other side closes. */
static size_t read_all(int fd, char answer[ANSWER_SIZE_MAX])
{
    size_t size = 0;

    for (;;) {
        ssize_t got = recv(fd, answer + size, ANSWER_SIZE_MAX - 1 - size, 0);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            (void)fprintf(stderr, "the server neither answers nor closes\n");
            abort();
        }
        if (got <= 0) {
            break;
        }
        size += (size_t)got;
    }
    answer[size] = '\0';
    return size;
}

static unsigned count_answers(const char *answer)
{
    unsigned count = 0;

    for (const char *at = answer; (at = strstr(at, "HTTP/1.1 ")) != NULL; at++) {
        count++;
    }
    return count;
}

static void send_text(int fd, const char *text, size_t size, size_t slice)
{
    for (size_t at = 0; at < size; at += slice) {
        size_t piece = size - at < slice ? size - at : slice;
        if (send(fd, text + at, piece, MSG_NOSIGNAL) != (ssize_t)piece) {
            return; /* closed in our face: what it said is still to be read */
        }
    }
}

/* Sends, then half-closes, unless the row is about a request that never ends. */
static unsigned exchange(const char *text, size_t size, size_t slice, char *answer)
{
    int fd = dial();

    send_text(fd, text, size, slice);
    (void)shutdown(fd, SHUT_WR);
    (void)read_all(fd, answer);
    (void)close(fd);
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (unsigned)atoi(answer + 9) : CLOSED;
}

static void expect_canary(const char *after)
{
    static const char good[] = "GET /canary HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    static char answer[ANSWER_SIZE_MAX];

    if (exchange(good, sizeof good - 1, sizeof good, answer) != 200) {
        (void)fprintf(stderr, "no good answer after: %s\n", after);
        abort();
    }
}

typedef struct Row {
    const char *name;
    const char *text;
    size_t size; /* 0: strlen */
    unsigned status;
    const char *error; /* of our own refusal; NULL: whatever */
} Row;

#define POST "POST /o HTTP/1.1\r\nHost: h\r\n"
#define GET  "GET /o HTTP/1.1\r\nHost: h\r\n"
#define END  "Connection: close\r\n\r\n"

#define GET_LARGE "GET /large HTTP/1.1\r\nHost: h\r\n\r\n"

/* reliability.md 5.4, rows 1-20, as far as framing and heads go. */
static const Row rows[] = {
    { "plain GET", GET END, 0, 200, NULL },
    { "plain POST", POST "Content-Length: 2\r\n" END "{}", 0, 200, NULL },
    { "chunked POST", POST "Transfer-Encoding: chunked\r\n" END "2\r\n{}\r\n0\r\n\r\n", 0, 200,
      NULL },
    { "no space after the colon", "GET /o HTTP/1.1\r\nHost:h\r\n" END, 0, 200, NULL },
    { "empty value", GET "X-Empty: \r\nX-Void:\r\n" END, 0, 200, NULL },
    { "two spaces before the value", GET "X-Wide:   a\r\n" END, 0, 200, NULL },
    { "HTTP/1.0 without Host", "GET /o HTTP/1.0\r\n\r\n", 0, 200, NULL },
    { "absolute form of our host", "GET http://h/o HTTP/1.1\r\nHost: h\r\n" END, 0, 200, NULL },
    { "length and coding", POST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 0, 400,
      "BAD_FRAMING" },
    { "coding and length", POST "transfer-ENCODING: chunked\r\ncontent-length: 2\r\n\r\n{}", 0, 400,
      "BAD_FRAMING" },
    { "two lengths", POST "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 0, 400,
      "BAD_FRAMING" },
    { "two equal lengths", POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 0, 400,
      "BAD_FRAMING" },
    { "list of lengths", POST "Content-Length: 2, 2\r\n\r\n{}", 0, LIB + 400, "BAD_FRAMING" },
    { "length with plus", POST "Content-Length: +2\r\n\r\n{}", 0, LIB + 400, "BAD_FRAMING" },
    { "negative length", POST "Content-Length: -1\r\n\r\n{}", 0, LIB + 400, "BAD_FRAMING" },
    { "length 5_0", POST "Content-Length: 5_0\r\n\r\n{}", 0, LIB + 400, "BAD_FRAMING" },
    { "hexadecimal length", POST "Content-Length: 0x5\r\n\r\n{}", 0, LIB + 400, "BAD_FRAMING" },
    { "length with a space", POST "Content-Length: 5 5\r\n\r\n{}", 0, LIB + 400, "BAD_FRAMING" },
    { "empty length", POST "Content-Length: \r\n\r\n{}", 0, LIB + 400, "BAD_FRAMING" },
    { "length 2^63", POST "Content-Length: 9223372036854775808\r\n\r\n{}", 0, LIB + 413,
      "BODY_TOO_LARGE" },
    { "length 2^64", POST "Content-Length: 18446744073709551616\r\n\r\n{}", 0, LIB + 413,
      "BODY_TOO_LARGE" },
    { "length of 40 digits",
      POST "Content-Length: 1111111111222222222233333333334444444444\r\n\r\n{}", 0, LIB + 413,
      "BODY_TOO_LARGE" },
    { "10 GB announced", POST "Content-Length: 10000000000\r\n\r\n{}", 0, 413, "BODY_TOO_LARGE" },
    { "64 KiB and one announced", POST "Content-Length: 65537\r\n\r\n{}", 0, 413,
      "BODY_TOO_LARGE" },
    { "chunked twice", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 0, 400,
      "BAD_FRAMING" },
    { "xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 0, 400, "BAD_FRAMING" },
    { "chunked;q=1", POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 0, 400,
      "BAD_FRAMING" },
    { "VT chunked", POST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", 0, 400, "BAD_REQUEST" },
    { "identity", POST "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", 0, 400, "BAD_FRAMING" },
    { "gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0, 400,
      "BAD_FRAMING" },
    { "gzip coding", POST "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 0, 501, "NOT_IMPLEMENTED" },
    { "two codings",
      POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400,
      "BAD_FRAMING" },
    { "coding in HTTP/1.0",
      "POST /o HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400,
      "BAD_FRAMING" },
    { "chunk size 0x2", POST "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", 0,
      LIB + 400, NULL },
    { "chunk size +2", POST "Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n", 0, LIB + 400,
      NULL },
    { "chunk size G", POST "Transfer-Encoding: chunked\r\n\r\nG\r\n{}\r\n0\r\n\r\n", 0, LIB + 400,
      NULL },
    { "chunk size of 17 digits",
      POST "Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\n{}\r\n0\r\n\r\n", 0, LIB + 400,
      NULL },
    { "chunk data without its end", POST "Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n", 0,
      LIB + 400, NULL },
    { "GET whose body is a second request",
      GET "Content-Length: 45\r\n\r\nGET /second HTTP/1.1\r\nHost: h\r\nX-Pad: 123\r\n\r\n", 0, 400,
      "BAD_FRAMING" },
    { "bare LF after a field", "GET /o HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 0, 400, "BAD_REQUEST" },
    { "bare LF everywhere", "GET /o HTTP/1.1\nHost: h\n\n", 0, 400, "BAD_REQUEST" },
    { "bare CR in a value", GET "X: a\rb\r\n\r\n", 0, LIB + 400, NULL },
    { "NUL in a value", GET "X: a\0b\r\n\r\n", sizeof(GET "X: a\0b\r\n\r\n") - 1, LIB + 400, NULL },
    { "NUL in a value, its byte won back by a missing space", GET "X:a\0b\r\nY:c\r\n\r\n",
      sizeof(GET "X:a\0b\r\nY:c\r\n\r\n") - 1, LIB + 400, NULL },
    { "NUL in the target", "GET /o\0x HTTP/1.1\r\nHost: h\r\n\r\n",
      sizeof("GET /o\0x HTTP/1.1\r\nHost: h\r\n\r\n") - 1, LIB + 400, NULL },
    { "0x01 in a value", GET "X: a\x01\r\n\r\n", 0, LIB + 400, NULL },
    { "0x7F in a value", GET "X: a\x7F\r\n\r\n", 0, LIB + 400, NULL },
    { "space before the colon", GET "X : a\r\n\r\n", 0, LIB + 400, NULL },
    { "leading space", "GET /o HTTP/1.1\r\n Host: h\r\n\r\n", 0, LIB + 400, NULL },
    { "folded line", GET "X: a\r\n b\r\n\r\n", 0, LIB + 400, NULL },
    { "empty name", GET ": a\r\n\r\n", 0, LIB + 400, NULL },
    { "empty name first", "GET /o HTTP/1.1\r\n: a\r\nHost: h\r\n\r\n", 0, LIB + 400, NULL },
    { "parentheses in a name", GET "X(): a\r\n\r\n", 0, LIB + 400, NULL },
    { "0x80 in a name", GET "X\x80: a\r\n\r\n", 0, LIB + 400, NULL },
    { "Content_Length", POST "Content_Length: 5\r\n\r\n", 0, 400, "BAD_REQUEST" },
    { "X_Member_Id", GET "X_Member_Id: 5\r\n\r\n", 0, 400, "BAD_REQUEST" },
    { "no Host", "GET /o HTTP/1.1\r\n\r\n", 0, LIB + 400, NULL },
    { "two Hosts", GET "Host: h\r\n\r\n", 0, 400, "BAD_HOST" },
    { "Host a b", "GET /o HTTP/1.1\r\nHost: a b\r\n\r\n", 0, 400, "BAD_HOST" },
    { "Host a@b", "GET /o HTTP/1.1\r\nHost: a@b\r\n\r\n", 0, 400, "BAD_HOST" },
    { "Host with a path", "GET /o HTTP/1.1\r\nHost: h/x\r\n\r\n", 0, 400, "BAD_HOST" },
    { "absolute form of another host", "GET http://evil/o HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400,
      "BAD_HOST" },
    { "lower case method", "get /o HTTP/1.1\r\nHost: h\r\n\r\n", 0, 501, "NOT_IMPLEMENTED" },
    { "method G=\"", "G=\" /o HTTP/1.1\r\nHost: h\r\n\r\n", 0, LIB + 501, NULL },
    { "HTTP/2.0", "GET /o HTTP/2.0\r\nHost: h\r\n\r\n", 0, LIB + 505, NULL },
    { "HTTP/1.10", "GET /o HTTP/1.10\r\nHost: h\r\n\r\n", 0, LIB + 400, NULL },
    { "http/1.1", "GET /o http/1.1\r\nHost: h\r\n\r\n", 0, LIB + 400, NULL },
    { "no version", "GET /o\r\n\r\n", 0, LIB + 400, NULL },
    { "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, LIB + 505, NULL },
    { "TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15, LIB + 400, NULL },
    { "upgrade to h2c is ignored", GET "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n" END,
      0, 200, NULL },
    { "expect something else", POST "Expect: x\r\nContent-Length: 2\r\n\r\n{}", 0, 417,
      "EXPECTATION_FAILED" },
    { "/../admin", "GET /../admin HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, "BAD_PATH" },
    { "%2e%2e", "GET /%2e%2e/ HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, "BAD_PATH" },
    { "//admin", "GET //admin HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, "BAD_PATH" },
    { "%00", "GET /admin%00 HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, "BAD_PATH" },
    { "backslash", "GET /a\\b HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, "BAD_PATH" },
    { "fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, "BAD_PATH" },
    { "space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 0, LIB + 400, NULL },
    { "two spaces in the request line", "GET  /a HTTP/1.1\r\nHost: h\r\n\r\n", 0, LIB + 400, NULL },
};

static void check_row(const Row *row, size_t slice)
{
    static char answer[ANSWER_SIZE_MAX];
    size_t size = row->size > 0 ? row->size : strlen(row->text);

    last_error[0] = '\0';
    unsigned status = exchange(row->text, size, slice > 0 ? slice : size, answer);
    unsigned expected = row->status >= LIB ? row->status - LIB : row->status;
    bool by_library = row->status >= LIB && last_error[0] == '\0';
    bool fits = status == expected;
    if (row->status >= LIB) { /* a refusal of any kind, never a success */
        fits = fits || status == CLOSED || (status >= 400 && status < 600);
    }
    if (!by_library && row->error != NULL && strcmp(last_error, row->error) != 0) {
        fits = false;
    }
    if (!by_library && count_answers(answer) > 1) {
        fits = false;
    }
    if (strstr(answer, "/second") != NULL || !fits) {
        (void)fprintf(stderr, "%s (slice %zu): got %u %s, expected %u %s\n%s\n", row->name, slice,
                      status, last_error, expected, row->error ? row->error : "", answer);
        abort();
    }
    expect_canary(row->name);
}

static void every_row_gets_its_answer(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_row(&rows[i], 0);
        check_row(&rows[i], 1);
    }
}

/* A head of that many fields, each `width` bytes in all, after GET and Host. */
static size_t build_head(char *text, size_t fields, size_t width)
{
    size_t size = (size_t)sprintf(text, "GET /o HTTP/1.1\r\nHost: h\r\nConnection: close\r\n");

    for (size_t i = 0; i < fields; i++) {
        size += (size_t)sprintf(text + size, "X%02zu: %0*d\r\n", i, (int)(width - 7), 0);
    }
    return size + (size_t)sprintf(text + size, "\r\n");
}

static void expect_status(const char *name, const char *text, size_t size, unsigned expected)
{
    static char answer[ANSWER_SIZE_MAX];
    unsigned status = exchange(text, size, size, answer);

    if (status != expected) {
        (void)fprintf(stderr, "%s: got %u, expected %u\n", name, status, expected);
        abort();
    }
    expect_canary(name);
}

static void limits_hold_exactly_where_they_say(void)
{
    static char text[256 * 1024];

    expect_status("64 fields", text, build_head(text, 62, 20), 200);
    expect_status("65 fields", text, build_head(text, 63, 20), 431);
    expect_status("15 KiB of fields", text, build_head(text, 15, 1024), 200);
    expect_status("17 KiB of fields", text, build_head(text, 17, 1024), 431);
    expect_status("a field of 8 KiB", text, build_head(text, 1, 8 * 1024), 200);
    expect_status("a field of 8 KiB and one", text, build_head(text, 1, 8 * 1024 + 1), 431);
    for (size_t extra = 0; extra < 2; extra++) {
        size_t size = (size_t)sprintf(text, "GET /%0*d HTTP/1.1\r\nHost: h\r\n%s",
                                      (int)(HTTP_TARGET_SIZE_MAX - 1 + extra), 0, END);
        expect_status("target", text, size, extra == 0 ? 200 : 414);
        size =
            (size_t)sprintf(text, POST "Content-Length: %zu\r\n" END, HTTP_BODY_SIZE_MAX + extra);
        memset(text + size, 'x', HTTP_BODY_SIZE_MAX + extra);
        expect_status("body", text, size + HTTP_BODY_SIZE_MAX + extra, extra == 0 ? 200 : 413);
        size = (size_t)sprintf(text, POST "Transfer-Encoding: chunked\r\n" END "%zx\r\n",
                               HTTP_BODY_SIZE_MAX + extra);
        memset(text + size, 'x', HTTP_BODY_SIZE_MAX + extra);
        size += HTTP_BODY_SIZE_MAX + extra;
        size += (size_t)sprintf(text + size, "\r\n0\r\n\r\n");
        expect_status("chunked body", text, size, extra == 0 ? 200 : 413);
    }
}

static void pipelined_requests_are_answered_in_order(void)
{
    static char answer[ANSWER_SIZE_MAX];
    static const char text[] = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
                               "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"
                               "GET /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

    (void)exchange(text, sizeof text - 1, sizeof text, answer);
    assert(count_answers(answer) == 3);
    const char *a = strstr(answer, "0 /a");
    const char *b = strstr(answer, "2 /b ? 2");
    const char *c = strstr(answer, "0 /c");
    assert(a != NULL && b > a && c > b);
}

/* Sends a byte every 50 ms, well within any inactivity time-out, until the server ends it. */
static void drip(const char *start, char byte, const char *expected)
{
    static char answer[ANSWER_SIZE_MAX];
    int fd = dial();
    int64_t began_us = clock_monotonic_us(clock_system());

    send_text(fd, start, strlen(start), strlen(start));
    for (;;) {
        struct pollfd readable = { .fd = fd, .events = POLLIN };
        if (poll(&readable, 1, 50) > 0) {
            break;
        }
        assert(clock_monotonic_us(clock_system()) - began_us < 5 * US_PER_S);
        send_text(fd, &byte, 1, 1);
    }
    (void)read_all(fd, answer);
    (void)close(fd);
    assert(strncmp(answer, expected, strlen(expected)) == 0);
    expect_canary("a dripping client");
}

static void dripping_clients_meet_an_absolute_deadline(void)
{
    drip(GET "X: ", 'a', "HTTP/1.1 408 ");
    drip(POST "Content-Length: 1000\r\n\r\n", 'a', "HTTP/1.1 408 ");
    drip("GET /", 'a', "");
    drip("", 'A', "");
}

static void silent_kept_connection_is_closed(void)
{
    static char answer[ANSWER_SIZE_MAX];
    int fd = dial();

    send_text(fd, GET "\r\n", strlen(GET "\r\n"), 999);
    (void)read_all(fd, answer); /* ends by keep_ms */
    assert(count_answers(answer) == 1);
    (void)close(fd);
}

static void clients_that_leave_at_once_do_no_harm(void)
{
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };

    for (int i = 0; i < 200; i++) {
        int fd = dial();
        send_text(fd, GET "\r\n", (size_t)(i % 30), 30);
        if (i % 2 == 0) {
            (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        }
        (void)close(fd);
    }
    expect_canary("clients that leave at once");
}

/* Room for one connection, which stays open however long nothing is read or written. */
static void who_does_not_take_its_answer_makes_room_for_the_next(void)
{
    Status status = http_open(
        &(HttpOptions){
            .address = "127.0.0.1:0",
            .loops = 1,
            .connections_max = 1,
            .connections_per_address_max = 2,
            .first_ms = 60000,
            .keep_ms = 60000,
            .headers_ms = 60000,
            .body_ms = 60000,
            .answer_ms = 100,
            .handler = on_request,
            .refuse = on_refuse,
        },
        &http);
    assert(!status_failed(status));
    int fd = dial();
    send_text(fd, GET_LARGE, strlen(GET_LARGE), strlen(GET_LARGE));
    expect_canary("an answer that is not taken");
    (void)close(fd);
    http_close(http);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    open_http();
    every_row_gets_its_answer();
    limits_hold_exactly_where_they_say();
    pipelined_requests_are_answered_in_order();
    dripping_clients_meet_an_absolute_deadline();
    silent_kept_connection_is_closed();
    clients_that_leave_at_once_do_no_harm();
    assert(http_drain(http, 1000));
    http_close(http);
    who_does_not_take_its_answer_makes_room_for_the_next();
    return 0;
}
