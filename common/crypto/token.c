/* token.c - base64url and BLAKE2b of libsodium. */
#include "common/crypto/token.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

enum {
    TOKEN_BYTES = 32,
    TOKEN_SYMBOLS = TOKEN_SIZE - 1,
};

bool crypto_init(void)
{
    return sodium_init() >= 0;
}

void token_make(char ret_token[TOKEN_SIZE])
{
    uint8_t bytes[TOKEN_BYTES];

    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(ret_token, TOKEN_SIZE, bytes, sizeof bytes,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof bytes);
}

/* The decoder also refuses stray bits in the last symbol, so a token has one spelling. */
static bool has_form(const char *token)
{
    uint8_t bytes[TOKEN_BYTES];
    const char *end = NULL;
    size_t size = 0;

    if (strnlen(token, TOKEN_SIZE) != TOKEN_SYMBOLS) {
        return false;
    }
    int failed = sodium_base642bin(bytes, sizeof bytes, token, TOKEN_SYMBOLS, NULL, &size, &end,
                                   sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof bytes);
    return failed == 0 && size == TOKEN_BYTES && end == token + TOKEN_SYMBOLS;
}

bool token_hash(const char *token, uint8_t ret_hash[TOKEN_HASH_SIZE])
{
    if (!has_form(token)) {
        return false;
    }
    crypto_generichash(ret_hash, TOKEN_HASH_SIZE, (const uint8_t *)token, TOKEN_SYMBOLS, NULL, 0);
    return true;
}

void token_hash_hex(const uint8_t hash[TOKEN_HASH_SIZE], char ret_hex[TOKEN_HASH_HEX_SIZE])
{
    sodium_bin2hex(ret_hex, TOKEN_HASH_HEX_SIZE, hash, TOKEN_HASH_SIZE);
}

void body_hash(const void *body, size_t size, uint8_t ret_hash[BODY_HASH_SIZE])
{
    assert(body != NULL || size == 0);
    crypto_generichash(ret_hash, BODY_HASH_SIZE, body, size, NULL, 0);
}
