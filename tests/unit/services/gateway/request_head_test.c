#include <criterion/criterion.h>
#include <string.h>

#include "services/gateway/query.h"
#include "services/gateway/request_head.h"

static Arena arena;
static HttpField fields[4];
static HttpRequest request;

static void setup(void)
{
    arena_init(&arena, 4096, 1 << 20);
}

static void teardown(void)
{
    arena_deinit(&arena);
}

TestSuite(request_head, .init = setup, .fini = teardown);

static void add(const char *name, const char *value)
{
    fields[request.field_count++] = (HttpField){
        .name = name, .value = value, .name_size = strlen(name), .value_size = strlen(value)
    };
}

/* A request with up to two fields. */
static const HttpRequest *with(const char *name, const char *value, const char *name2,
                               const char *value2)
{
    request = (HttpRequest){ .host = "shop:8080", .fields = fields, .arena = &arena };
    if (name != NULL) {
        add(name, value);
    }
    if (name2 != NULL) {
        add(name2, value2);
    }
    return &request;
}

Test(request_head, time_out_has_a_default_and_a_maximum)
{
    static const struct {
        const char *value;
        int64_t ms; /* 0: refused */
    } rows[] = { { "1", 1 },  { "30000", 30000 }, { "30001", 30000 }, { "99999999999999", 30000 },
                 { "0", 0 },  { "-1", 0 },        { "1.5", 0 },       { "", 0 },
                 { "05", 0 }, { "5 ", 0 } };
    int64_t ms;

    cr_expect_null(head_timeout(with(NULL, NULL, NULL, NULL), &ms));
    cr_expect_eq(ms, REQUEST_TIMEOUT_MS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *error =
            head_timeout(with("Request-Timeout-Ms", rows[i].value, NULL, NULL), &ms);
        cr_expect_eq(error == NULL, rows[i].ms != 0, "%s", rows[i].value);
        cr_expect(error != NULL || ms == rows[i].ms, "%s", rows[i].value);
    }
}

Test(request_head, key_is_one_to_64_visible_symbols_once)
{
    char longest[66];
    const char *key;

    memset(longest, 'k', 65);
    longest[65] = '\0';
    cr_expect_null(head_key(with(NULL, NULL, NULL, NULL), &key));
    cr_expect_str_eq(key, "");
    cr_expect_not_null(head_key(with("Idempotency-Key", longest, NULL, NULL), &key));
    longest[64] = '\0';
    cr_expect_null(head_key(with("idempotency-key", longest, NULL, NULL), &key));
    cr_expect_str_eq(key, longest);
    cr_expect_not_null(head_key(with("Idempotency-Key", "", NULL, NULL), &key));
    cr_expect_not_null(head_key(with("Idempotency-Key", "a b", NULL, NULL), &key));
    cr_expect_not_null(head_key(with("Idempotency-Key", "\xC3\xA9", NULL, NULL), &key));
    cr_expect_not_null(head_key(with("Idempotency-Key", "a", "Idempotency-Key", "a"), &key));
}

Test(request_head, prefer_wait_is_found_and_bounded)
{
    static const struct {
        const char *value;
        unsigned wait_s;
    } rows[] = { { "wait=5", 5 },
                 { "Wait=31", REQUEST_WAIT_S_MAX },
                 { "respond-async, wait=7", 7 },
                 { "wait=x", 0 },
                 { "wait=", 0 },
                 { "wait", 0 },
                 { "handling=lenient", 0 } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned wait_s = 99;
        head_wait(with("Prefer", rows[i].value, NULL, NULL), &wait_s);
        cr_expect_eq(wait_s, rows[i].wait_s, "%s", rows[i].value);
    }
}

Test(request_head, content_must_be_plain_json)
{
    static const struct {
        const char *value;
        bool good;
    } rows[] = { { "application/json", true },
                 { "Application/JSON; charset=UTF-8", true },
                 { "application/json;charset=\"utf-8\"", true },
                 { "application/json; charset=utf-16", false },
                 { "application/json; boundary=x", false },
                 { "text/plain", false },
                 { "application/x-www-form-urlencoded", false },
                 { "application/jsonx", false },
                 { "", false } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(head_content(with("Content-Type", rows[i].value, NULL, NULL)) == NULL,
                     rows[i].good, "%s", rows[i].value);
    }
    cr_expect_not_null(head_content(with(NULL, NULL, NULL, NULL)));
    cr_expect_not_null(
        head_content(with("Content-Type", "application/json", "Content-Type", "application/json")));
    cr_expect_not_null(
        head_content(with("Content-Type", "application/json", "Content-Encoding", "gzip")));
}

Test(request_head, accept_must_admit_json)
{
    static const struct {
        const char *value;
        bool good;
    } rows[] = { { "*/*", true },
                 { "application/json", true },
                 { "application/*", true },
                 { "text/html, application/json;q=0.9", true },
                 { "text/xml", false },
                 { "text/html,image/png", false },
                 { "", true } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(head_accepts_json(with("Accept", rows[i].value, NULL, NULL)), rows[i].good,
                     "%s", rows[i].value);
    }
    cr_expect(head_accepts_json(with(NULL, NULL, NULL, NULL)));
}

Test(request_head, token_comes_from_a_bearer_or_the_only_cookie)
{
    static const struct {
        const char *name;
        const char *value;
        const char *name2;
        const char *value2;
        const char *token;
        const char *error;
        bool by_cookie;
    } rows[] = {
        { NULL, NULL, NULL, NULL, NULL, NULL, false },
        { "Authorization", "Bearer abc", NULL, NULL, "abc", NULL, false },
        { "Authorization", "bearer abc", NULL, NULL, "abc", NULL, false },
        { "Authorization", "Basic abc", NULL, NULL, NULL, "UNAUTHENTICATED", false },
        { "Authorization", "Bearer a", "Authorization", "Bearer a", NULL, "UNAUTHENTICATED",
          false },
        { "Cookie", "a=b; jumun_session=abc; c=d", NULL, NULL, "abc", NULL, true },
        { "Cookie", "xjumun_session=abc; jumun_sessio=1", NULL, NULL, NULL, NULL, false },
        { "Cookie", "jumun_session=a; jumun_session=a", NULL, NULL, NULL, "UNAUTHENTICATED",
          false },
        { "Cookie", "jumun_session=a", "Cookie", "jumun_session=b", NULL, "UNAUTHENTICATED",
          false },
        { "Cookie", "jumun_session=a", "Authorization", "Bearer a", "a", NULL, false },
        { "Cookie", "jumun_session=a", "Authorization", "Bearer b", NULL, "BAD_REQUEST", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *token = NULL;
        bool by_cookie = false;
        const char *error = head_token(
            with(rows[i].name, rows[i].value, rows[i].name2, rows[i].value2), &token, &by_cookie);
        cr_assert_eq(error == NULL, rows[i].error == NULL, "row %zu", i);
        if (error != NULL) {
            cr_expect_str_eq(error, rows[i].error, "row %zu", i);
            continue;
        }
        cr_expect_eq(token == NULL, rows[i].token == NULL, "row %zu", i);
        cr_expect(token == NULL || strcmp(token, rows[i].token) == 0, "row %zu", i);
        cr_expect_eq(by_cookie, rows[i].by_cookie, "row %zu", i);
    }
}

Test(request_head, other_sites_are_told_by_fetch_metadata_or_origin)
{
    static const struct {
        const char *name;
        const char *value;
        const char *name2;
        const char *value2;
        bool same;
    } rows[] = {
        { NULL, NULL, NULL, NULL, false },
        { "Sec-Fetch-Site", "same-origin", NULL, NULL, true },
        { "Sec-Fetch-Site", "none", NULL, NULL, true },
        { "Sec-Fetch-Site", "same-site", NULL, NULL, false },
        { "Sec-Fetch-Site", "cross-site", "Origin", "http://shop:8080", false },
        { "Origin", "http://shop:8080", NULL, NULL, true },
        { "Origin", "http://shop:8080.evil", NULL, NULL, false },
        { "Origin", "null", NULL, NULL, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(
            head_is_same_origin(with(rows[i].name, rows[i].value, rows[i].name2, rows[i].value2)),
            rows[i].same, "row %zu", i);
    }
}

Test(request_head, if_match_takes_one_strong_version)
{
    static const struct {
        const char *value;
        const char *error;
    } rows[] = { { "\"7\"", NULL },
                 { "7", "VALIDATION" },
                 { "W/\"7\"", "VALIDATION" },
                 { "\"0\"", "VERSION_MISMATCH" },
                 { "\"07\"", "VERSION_MISMATCH" },
                 { "\"\"", "VERSION_MISMATCH" },
                 { "\"a\"", "VERSION_MISMATCH" },
                 { "", "VALIDATION" },
                 { "\"", "VALIDATION" },
                 { "\"7", "VALIDATION" },
                 { "7\"", "VALIDATION" },
                 { "*", "VALIDATION" },
                 { "\"7\", \"8\"", "VALIDATION" } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool there = false;
        uint32_t version = 0;
        const char *error =
            head_if_match(with("If-Match", rows[i].value, NULL, NULL), &there, &version);
        cr_expect(there);
        cr_assert_eq(error == NULL, rows[i].error == NULL, "%s", rows[i].value);
        cr_expect(error == NULL ? version == 7 : strcmp(error, rows[i].error) == 0);
    }
}

Test(request_head, none_match_finds_the_version_in_a_list)
{
    cr_expect(head_none_match_has(with("If-None-Match", "\"1\", W/\"7\"", NULL, NULL), 7));
    cr_expect(head_none_match_has(with("If-None-Match", "\"7\"", NULL, NULL), 7));
    cr_expect(head_none_match_has(with("If-None-Match", "*", NULL, NULL), 7));
    cr_expect_not(head_none_match_has(with("If-None-Match", "\"70\"", NULL, NULL), 7));
    cr_expect_not(head_none_match_has(with("If-None-Match", "7", NULL, NULL), 7));
    cr_expect_not(head_none_match_has(with(NULL, NULL, NULL, NULL), 7));
}

Test(request_head, trace_parent_is_taken_only_if_valid)
{
    static const char good[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    static const char *const bad[] = {
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319cb7ad6b7169203331--01",
    };

    cr_expect_str_eq(head_trace_parent(with("traceparent", good, NULL, NULL)), good);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_null(head_trace_parent(with("traceparent", bad[i], NULL, NULL)), "%s", bad[i]);
    }
    cr_expect_null(head_trace_parent(with("traceparent", good, "traceparent", good)));
}

Test(request_head, query_is_decoded_strictly)
{
    static const char *const bad[] = { "a",        "a=1&a=2", "=1",    "a[]=1", "a=%",
                                       "a=%4",     "a=%zz",   "a=%00", "a=%0A", "a=%C3",
                                       "a=%c0%af", "a-b=1",   "%61=1" };
    Query query;

    cr_assert_eq(query_parse("q=caf%C3%A9+x%26&limit=5&empty=", &arena, &query).code, STATUS_OK);
    cr_assert_eq(query.count, 3);
    cr_expect_str_eq(query.params[0].name, "q");
    cr_expect_str_eq(query.params[0].value, "caf\xC3\xA9 x&");
    cr_expect_str_eq(query.params[2].value, "");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_eq(query_parse(bad[i], &arena, &query).code, STATUS_INVALID_ARGUMENT, "%s",
                     bad[i]);
    }
    cr_expect_eq(query_parse("a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1&q=1",
                             &arena, &query)
                     .code,
                 STATUS_INVALID_ARGUMENT);
}
