#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "services/gateway/json_read.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof literal - 1                                                                \
    }

typedef struct Text {
    const char *text;
    size_t size;
} Text;

static char wrong[JSON_WRONG_SIZE];

/* Of an exact copy, so that a sanitizer sees what reads beyond it. */
static Status parse(const char *text, size_t size, json_t **ret_root)
{
    char *copy = malloc(size + 1);

    cr_assert_not_null(copy);
    memcpy(copy, text, size);
    copy = realloc(copy, size > 0 ? size : 1);
    cr_assert_not_null(copy);
    Status status = json_read(copy, size, wrong, ret_root);
    free(copy);
    return status;
}

Test(json_read, takes_every_form_of_the_grammar)
{
    static const Text good[] = {
        TEXT("{}"),
        TEXT(" \t\r\n{ } \n"),
        TEXT("{\"a\":0}"),
        TEXT("{\"a\":-1.5e+10}"),
        TEXT("{\"a\":1E-2}"),
        TEXT("{\"a\":10.01}"),
        TEXT("{\"a\":-9223372036854775808}"),
        TEXT("{\"a\":9223372036854775807}"),
        TEXT("{\"a\":true,\"b\":false,\"c\":null}"),
        TEXT("{\"\":\"\"}"),
        TEXT("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"}"),
        TEXT("{\"a\":\"\\ud83d\\ude00\"}"),
        TEXT("{\"a\":\"\xF0\x9F\x98\x80\xED\x9F\xBF\"}"),
        TEXT("{\"a\":\"\x7F\"}"),
        TEXT("{\"a\":{\"b\":[1,[],{}]}}"),
        TEXT("{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}"), /* depth 16 */
        TEXT("{\"[[[[[[[[[[[[[[[[[\":\"\\\"{{{{{{{{{{{{{{{{{{\"}"),
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        json_t *root;
        Status status = parse(good[i].text, good[i].size, &root);
        cr_assert_eq(status.code, STATUS_OK, "%s", good[i].text);
        json_decref(root);
    }
}

/* Each stands for itself and as the value of a member: neither may be taken. */
static const Text bad_values[] = {
    TEXT(""),
    TEXT(" "),
    TEXT("nul"),
    TEXT("nulll"),
    TEXT("True"),
    TEXT("[1,]"),
    TEXT("[,1]"),
    TEXT("[1 2]"),
    TEXT("NaN"),
    TEXT("Infinity"),
    TEXT("-Infinity"),
    TEXT("+1"),
    TEXT("01"),
    TEXT("-01"),
    TEXT("1."),
    TEXT(".5"),
    TEXT("1e"),
    TEXT("1e+"),
    TEXT("1e999"),
    TEXT("9223372036854775808"),
    TEXT("-9223372036854775809"),
    TEXT("111111111111111111111111111111"),
    TEXT("0x10"),
    TEXT("-"),
    TEXT("'a'"),
    TEXT("["),
    TEXT("[1"),
    TEXT("[1]]"),
    TEXT("\"abc"),
    TEXT("\"\\"),
    TEXT("\"\\x\""),
    TEXT("\"\\u12\""),
    TEXT("\"\\u12G4\""),
    TEXT("\"\\u0000\""),
    TEXT("\"a\\u0000b\""),
    TEXT("\"\\ud800\""),
    TEXT("\"\\ud800x\""),
    TEXT("\"\\ud800\\u0041\""),
    TEXT("\"\\udc00\""),
    TEXT("\"\t\""),
    TEXT("\"\n\""),
    TEXT("\"a\0b\""),
    TEXT("\0"),
    TEXT("\"\xFF\""),
    TEXT("\"\xC0\xAF\""),
    TEXT("\"\xED\xA0\x80\""),
    TEXT("\"\xF5\x80\x80\x80\""),
    TEXT("\"\xE2\x82\""),
    TEXT("]"),
    TEXT("}"),
    TEXT(","),
    TEXT(":"),
    TEXT("[\"a\":1]"),
};

static const Text bad[] = {
    TEXT("[]"), /* not an object, though JSON */
    TEXT("[{}]"),
    TEXT("0"),
    TEXT("true"),
    TEXT("null"),
    TEXT("\"a\""),
    TEXT("{\"a\":1,}"),
    TEXT("{,\"a\":1}"),
    TEXT("{\"a\" 1}"),
    TEXT("{a:1}"),
    TEXT("{1:1}"),
    TEXT("{\"a\":}"),
    TEXT("{\"a\"}"),
    TEXT("{\"a\":1 \"b\":2}"),
    TEXT("{\"a\":1,\"a\":1}"),
    TEXT("{\"a\":{\"b\":[{\"c\":1,\"\\u0063\":2}]}}"),
    TEXT("{\"a\\u0000\":1}"),
    TEXT("{\"\xFF\":1}"),
    TEXT("/* */{}"),
    TEXT("{}//"),
    TEXT("\xEF\xBB\xBF{}"),
    TEXT("{}{}"),
    TEXT("{} x"),
    TEXT("{}}"),
    TEXT("]{}"),
    TEXT("{"),
    TEXT("{\"a\":1"),
    TEXT("{}\0"),
    TEXT("{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}"), /* depth 17 */
};

static void expect_bad(const char *text, size_t size)
{
    json_t *root;
    Status status = parse(text, size, &root);

    cr_assert_eq(status.code, STATUS_INVALID_ARGUMENT, "%s", text);
    cr_expect_str_eq(status.name, "BAD_JSON");
}

Test(json_read, refuses_what_is_not_an_object_or_not_in_the_grammar)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect_bad(bad[i].text, bad[i].size);
    }
    for (size_t i = 0; i < sizeof bad_values / sizeof bad_values[0]; i++) {
        char text[64] = "{\"a\":";
        memcpy(text + 5, bad_values[i].text, bad_values[i].size);
        text[5 + bad_values[i].size] = '}';
        expect_bad(bad_values[i].text, bad_values[i].size);
        expect_bad(text, bad_values[i].size + 6);
    }
}

Test(json_read, says_what_is_wrong_and_where)
{
    static const struct {
        const char *text;
        const char *wrong;
    } rows[] = {
        { "", "it ends too early, at byte 0" },
        { "5", "this is not JSON, or not in UTF-8, at byte 1" },
        { "[]", "it must be an object" },
        { "{\"a\":", "it ends too early, at byte 5" },
        { "{} {}", "something comes after it, at byte 4" },
        { "{\"a\":1,\"a\":2}", "a name comes twice in an object, at byte 10" },
        { "{\"a\":9223372036854775808}", "a number is too large, at byte 24" },
        { "{\"a\":1e999}", "a number is too large, at byte 10" },
        { "{\"a\":\"\xFF\"}", "this is not JSON, or not in UTF-8, at byte 6" },
        { "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", "it nests too deep, or holds too much" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_bad(rows[i].text, strlen(rows[i].text));
        cr_expect_str_eq(wrong, rows[i].wrong, "%s is said to be: %s", rows[i].text, wrong);
    }
}

Test(json_read, decodes_text_in_names_and_values)
{
    json_t *root;
    static const char text[] = "{\"q\\u0074y\": \"\\u00e9\\ud83d\\ude00\\n\"}";

    cr_assert_eq(parse(text, sizeof text - 1, &root).code, STATUS_OK);
    cr_expect_str_eq(json_string_value(json_object_get(root, "qty")), "\xC3\xA9\xF0\x9F\x98\x80\n");
    json_decref(root);
}

/* On a stack that recursion into them would not fit on. */
static void *read_brackets(void *context)
{
    static char text[100001];
    static const char *const units[] = { "[", "{\"a\":", "[{\"a\":" };
    size_t *refused = context;

    for (size_t i = 0; i < 3; i++) {
        size_t unit = strlen(units[i]);
        size_t size = 0;
        for (; size + unit < sizeof text; size += unit) {
            memcpy(text + size, units[i], unit);
        }
        json_t *root;
        *refused += json_read(text, size, wrong, &root).code == STATUS_INVALID_ARGUMENT;
    }
    return NULL;
}

Test(json_read, refuses_a_hundred_thousand_brackets_on_a_small_stack)
{
    pthread_attr_t attributes;
    pthread_t thread;
    size_t refused = 0;

    pthread_attr_init(&attributes);
    cr_assert_eq(pthread_attr_setstacksize(&attributes, 64 * 1024), 0);
    cr_assert_eq(pthread_create(&thread, &attributes, read_brackets, &refused), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    cr_expect_eq(refused, 3);
}

/* {"a":[x,x,...]} is three tokens and one for each element. */
Test(json_read, counts_tokens_exactly_whatever_they_are)
{
    static const char *const elements[] = { "1,",          "\"x\\\\\",", "null ,",
                                            "\n-1.5e3\t,", "[],",        "{ }," };
    static char text[16 * 1024];

    for (size_t i = 0; i < 2 * sizeof elements / sizeof elements[0]; i++) {
        const char *element = elements[i / 2];
        size_t extra = i % 2;
        size_t size = 0;
        memcpy(text, "{\"a\":[", 6);
        size += 6;
        for (size_t n = 0; n < JSON_TOKENS_MAX - 3 + extra; n++) {
            memcpy(text + size, element, strlen(element));
            size += strlen(element);
        }
        memcpy(text + size - 1, "]}", 2);
        size++;
        json_t *root = NULL;
        cr_expect_eq(parse(text, size, &root).code,
                     extra == 0 ? STATUS_OK : STATUS_INVALID_ARGUMENT, "%s", element);
        json_decref(root);
    }
}

Test(json_read, is_refused_when_cut_anywhere)
{
    static const char text[] = "{\"a\":[1,-2.5e3,{\"b\":\"\\u00e9x\"}],\"c\":null,\"d\":true}";

    for (size_t size = 0; size < sizeof text - 1; size++) {
        expect_bad(text, size);
    }
}

static size_t allocations_left;

static void *allocate(size_t size)
{
    if (allocations_left == 0) {
        return NULL;
    }
    allocations_left--;
    return malloc(size);
}

Test(json_read, fails_cleanly_whichever_allocation_fails)
{
    static const char text[] = "{\"lines\":[{\"a\":1,\"b\":\"x\"},{\"c\":[true,-2.5]}],\"d\":{}}";
    Status status = { .code = STATUS_INTERNAL };
    size_t most = 0;
    size_t exhausted = 0;

    json_set_alloc_funcs(allocate, free);
    for (; status.code != STATUS_OK && most < 1000; most++) {
        json_t *root = NULL;
        allocations_left = most;
        status = json_read(text, sizeof text - 1, wrong, &root);
        exhausted += status.code == STATUS_RESOURCE_EXHAUSTED;
        cr_assert(status.code == STATUS_OK || root == NULL);
        json_decref(root);
    }
    cr_expect_eq(status.code, STATUS_OK);
    cr_expect_gt(most, 10);
    cr_expect_gt(exhausted, 0);
}
