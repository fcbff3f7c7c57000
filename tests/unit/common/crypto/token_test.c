/* token_test.c - the form of tokens and of the names of sessions. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/token.h"

enum {
    TOKENS = 20000
};

static void setup(void)
{
    cr_assert(crypto_init());
}

TestSuite(token, .init = setup);

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

Test(token, is_43_url_safe_symbols_and_never_the_same)
{
    static char tokens[TOKENS][TOKEN_SIZE];

    for (size_t i = 0; i < TOKENS; i++) {
        token_make(tokens[i]);
        cr_assert_eq(strlen(tokens[i]), 43);
        cr_assert_eq(strspn(tokens[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-_"),
                     43);
    }
    qsort(tokens, TOKENS, TOKEN_SIZE, compare);
    for (size_t i = 1; i < TOKENS; i++) {
        cr_assert_str_neq(tokens[i - 1], tokens[i]);
    }
}

Test(token, hash_is_the_same_for_the_same_token_only)
{
    char token[TOKEN_SIZE];
    uint8_t hash[TOKEN_HASH_SIZE];
    uint8_t again[TOKEN_HASH_SIZE];

    token_make(token);
    cr_assert(token_hash(token, hash));
    cr_assert(token_hash(token, again));
    cr_expect_arr_eq(hash, again, TOKEN_HASH_SIZE);
    token[0] = token[0] == 'A' ? 'B' : 'A';
    cr_assert(token_hash(token, again));
    cr_expect_arr_neq(hash, again, TOKEN_HASH_SIZE);
}

Test(token, of_another_form_has_no_hash_and_none_is_written)
{
    static const char *const bad[] = {
        "",
        "A",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",   /* 42 */
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 44 */
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+A",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA A",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", /* stray bits: a second spelling */
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\xc3\xa9",
    };
    static const uint8_t untouched[TOKEN_HASH_SIZE] = { 9, 9, 9 };
    uint8_t hash[TOKEN_HASH_SIZE];

    memcpy(hash, untouched, sizeof hash);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(token_hash(bad[i], hash), "%s", bad[i]);
        cr_expect_arr_eq(hash, untouched, sizeof hash, "%s", bad[i]);
    }
    cr_expect(token_hash("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", hash));
}

Test(token, hash_is_named_in_lower_case_hex)
{
    uint8_t hash[TOKEN_HASH_SIZE] = { 0x00, 0xAB, 0xCD };
    char hex[TOKEN_HASH_HEX_SIZE];

    token_hash_hex(hash, hex);
    cr_expect_eq(strlen(hex), 64);
    cr_expect_eq(strncmp(hex, "00abcd00", 8), 0);
}

Test(token, body_hash_tells_bodies_apart_and_takes_an_empty_one)
{
    uint8_t empty[BODY_HASH_SIZE];
    uint8_t one[BODY_HASH_SIZE];
    uint8_t other[BODY_HASH_SIZE];

    body_hash(NULL, 0, empty);
    body_hash("{\"a\":1}", 7, one);
    body_hash("{\"a\":2}", 7, other);
    cr_expect_arr_neq(empty, one, BODY_HASH_SIZE);
    cr_expect_arr_neq(one, other, BODY_HASH_SIZE);
    body_hash("{\"a\":1}", 7, other);
    cr_expect_arr_eq(one, other, BODY_HASH_SIZE);
}
