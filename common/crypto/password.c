/* password.c - Argon2id of libsodium with fixed parameters. */
#include "common/crypto/password.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

/* OWASP, password storage: m = 19 MiB, t = 2, p = 1. */
enum {
    PASSES = 2,
    MEMORY_BYTES = 19456 * 1024,
};

static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_STRBYTES, "a hash must fit");

/* What an unknown account is measured against, with the parameters above. Its answer is
 * not used: that nobody knows its password does not matter. */
static const char dummy_hash[] = "$argon2id$v=19$m=19456,t=2,p=1$MTIzNDU2Nzg5MDEyMzQ1Ng$"
                                 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

Status password_hash(const char *password, char ret_hash[PASSWORD_HASH_SIZE])
{
    char hash[crypto_pwhash_STRBYTES];

    if (crypto_pwhash_str_alg(hash, password, strlen(password), PASSES, MEMORY_BYTES,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    memcpy(ret_hash, hash, sizeof hash);
    return status_ok();
}

bool password_verify(const char *hash, const char *password)
{
    bool known = hash != NULL;
    const char *against = known ? hash : dummy_hash;
    bool same = crypto_pwhash_str_verify(against, password, strlen(password)) == 0;

    return known && same;
}

bool password_needs_rehash(const char *hash)
{
    /* libsodium compares the numbers, not which Argon2 it is. */
    return strncmp(hash, crypto_pwhash_argon2id_STRPREFIX,
                   strlen(crypto_pwhash_argon2id_STRPREFIX)) != 0 ||
           crypto_pwhash_str_needs_rehash(hash, PASSES, MEMORY_BYTES) != 0;
}
