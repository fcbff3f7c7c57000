#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "services/gateway/json_parse.h"

static Arena arena;

static void setup(void)
{
    arena_init(&arena, 4096, 1 << 20);
}

static void teardown(void)
{
    arena_deinit(&arena);
}

TestSuite(json_parse, .init = setup, .fini = teardown);

static Status parse(const char *text, size_t size, const JsonNode **ret_root)
{
    char *copy = arena_copy(&arena, text, size);
    Status status = json_parse(copy, size, &arena, ret_root);
    return status;
}

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof literal - 1                                                                \
    }

typedef struct Text {
    const char *text;
    size_t size;
} Text;

Test(json_parse, takes_every_form_of_the_grammar)
{
    static const Text good[] = {
        TEXT("{}"),
        TEXT("[]"),
        TEXT(" \t\r\n{ } \n"),
        TEXT("0"),
        TEXT("-0"),
        TEXT("-1.5e+10"),
        TEXT("1E-2"),
        TEXT("10.01"),
        TEXT("true"),
        TEXT("false"),
        TEXT("null"),
        TEXT("\"\""),
        TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\""),
        TEXT("\"\\ud83d\\ude00\""),
        TEXT("\"\xF0\x9F\x98\x80\xED\x9F\xBF\""),
        TEXT("\"\x7F\""),
        TEXT("{\"a\":{\"b\":[1,[],{}]}}"),
        TEXT("[1,2,3]"),
        TEXT("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"),
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const JsonNode *root;
        cr_expect_eq(parse(good[i].text, good[i].size, &root).code, STATUS_OK, "%s", good[i].text);
    }
}

Test(json_parse, refuses_what_is_not_in_the_grammar)
{
    static const Text bad[] = {
        TEXT(""),
        TEXT(" "),
        TEXT("nul"),
        TEXT("nulll"),
        TEXT("True"),
        TEXT("{\"a\":1,}"),
        TEXT("[1,]"),
        TEXT("[,1]"),
        TEXT("[1 2]"),
        TEXT("{\"a\" 1}"),
        TEXT("{a:1}"),
        TEXT("{1:1}"),
        TEXT("{\"a\":}"),
        TEXT("{\"a\"}"),
        TEXT("/* */{}"),
        TEXT("{}//"),
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
        TEXT("0x10"),
        TEXT("-"),
        TEXT("'a'"),
        TEXT("\xEF\xBB\xBF{}"),
        TEXT("{}{}"),
        TEXT("{} x"),
        TEXT("[1]]"),
        TEXT("{"),
        TEXT("["),
        TEXT("[1"),
        TEXT("{\"a\":1"),
        TEXT("\"abc"),
        TEXT("\"\\"),
        TEXT("\"\\x\""),
        TEXT("\"\\u12\""),
        TEXT("\"\\u12G4\""),
        TEXT("\"\\u0000\""),
        TEXT("\"\\ud800\""),
        TEXT("\"\\ud800x\""),
        TEXT("\"\\ud800\\u0041\""),
        TEXT("\"\\udc00\""),
        TEXT("\"\t\""),
        TEXT("\"\n\""),
        TEXT("\"a\0b\""),
        TEXT("\0"),
        TEXT("{}\0"),
        TEXT("\"\xFF\""),
        TEXT("\"\xC0\xAF\""),
        TEXT("\"\xED\xA0\x80\""),
        TEXT("\"\xF5\x80\x80\x80\""),
        TEXT("\"\xE2\x82\""),
        TEXT("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"), /* depth 17 */
        TEXT("]"),
        TEXT("}"),
        TEXT(","),
        TEXT(":"),
        TEXT("{\"a\":1 \"b\":2}"),
        TEXT("[\"a\":1]"),
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const JsonNode *root;
        Status status = parse(bad[i].text, bad[i].size, &root);
        cr_expect_eq(status.code, STATUS_INVALID_ARGUMENT, "%s", bad[i].text);
        cr_expect_str_eq(status.name, "BAD_JSON");
    }
}

Test(json_parse, decodes_text_in_names_and_values)
{
    const JsonNode *root;
    static const char text[] = "{\"q\\u0074y\": \"\\u00e9\\ud83d\\ude00\\n\"}";

    cr_assert_eq(parse(text, sizeof text - 1, &root).code, STATUS_OK);
    cr_expect_eq(root->count, 1);
    cr_expect_str_eq(root->child->name, "qty");
    cr_expect_str_eq(root->child->text, "\xC3\xA9\xF0\x9F\x98\x80\n");
    cr_expect_eq(root->child->size, 7);
}

Test(json_parse, survives_a_hundred_thousand_brackets)
{
    static char text[100001];
    const JsonNode *root;

    memset(text, '[', 100000);
    cr_expect_eq(json_parse(text, 100000, &arena, &root).code, STATUS_INVALID_ARGUMENT);
}

Test(json_parse, counts_tokens_and_string_bytes_exactly)
{
    static char text[8 * 1024];
    const JsonNode *root;

    for (size_t extra = 0; extra < 2; extra++) {
        size_t size = 0;
        text[size++] = '[';
        for (size_t i = 0; i < JSON_TOKENS_MAX - 2 + extra; i++) {
            text[size++] = '1';
            text[size++] = ',';
        }
        text[size - 1] = ']';
        cr_expect_eq(parse(text, size, &root).code,
                     extra == 0 ? STATUS_OK : STATUS_INVALID_ARGUMENT);
        size = 0;
        text[size++] = '"';
        memset(text + size, 'x', JSON_STRING_SIZE_MAX + extra);
        size += JSON_STRING_SIZE_MAX + extra;
        text[size++] = '"';
        cr_expect_eq(parse(text, size, &root).code,
                     extra == 0 ? STATUS_OK : STATUS_INVALID_ARGUMENT);
    }
}

Test(json_parse, is_refused_when_cut_anywhere)
{
    static const char text[] = "{\"a\":[1,-2.5e3,{\"b\":\"\\u00e9x\"}],\"c\":null,\"d\":true}";

    for (size_t size = 0; size < sizeof text - 1; size++) {
        const JsonNode *root;
        cr_expect_eq(parse(text, size, &root).code, STATUS_INVALID_ARGUMENT, "%zu", size);
    }
}
