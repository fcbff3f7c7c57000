/* token.h - session tokens: 256 random bits, of which only a hash is stored. */
#ifndef JUMUN_COMMON_CRYPTO_TOKEN_H
#define JUMUN_COMMON_CRYPTO_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TOKEN_SIZE = 44,      /* 43 symbols of base64url and a NUL */
    TOKEN_HASH_SIZE = 32, /* BLAKE2b-256 of the 43 symbols */
    TOKEN_HASH_HEX_SIZE = 65,
    BODY_HASH_SIZE = 16, /* BLAKE2b-128 */
};

/* Must be called once before anything else in common/crypto. False: no randomness. */
bool crypto_init(void);

void token_make(char ret_token[TOKEN_SIZE]);

/* False, and nothing written, if the text has not the form of a token. */
bool token_hash(const char *token, uint8_t ret_hash[TOKEN_HASH_SIZE]);

/* Lower-case hex; also how a session is named in Redis ("sess:" and this). */
void token_hash_hex(const uint8_t hash[TOKEN_HASH_SIZE], char ret_hex[TOKEN_HASH_HEX_SIZE]);

/* What tells one request body from another, for request keys. */
void body_hash(const void *body, size_t size, uint8_t ret_hash[BODY_HASH_SIZE]);

#endif
