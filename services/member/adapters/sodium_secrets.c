/* sodium_secrets.c - the port in terms of common/crypto. */
#include "services/member/adapters/sodium_secrets.h"

#include <assert.h>

#include "common/crypto/password.h"
#include "common/crypto/token.h"

static_assert((int)MEMBER_HASH_SIZE == (int)PASSWORD_HASH_SIZE, "hashes fit");
static_assert((int)MEMBER_TOKEN_SIZE == (int)TOKEN_SIZE, "tokens fit");

static Status hash(MemberSecrets *secrets, const char *password, char ret_hash[MEMBER_HASH_SIZE])
{
    (void)secrets;
    return password_hash(password, ret_hash);
}

static bool verify(MemberSecrets *secrets, const char *stored, const char *password)
{
    (void)secrets;
    return password_verify(stored, password);
}

static bool needs_rehash(MemberSecrets *secrets, const char *stored)
{
    (void)secrets;
    return password_needs_rehash(stored);
}

static void make_token(MemberSecrets *secrets, char ret_token[MEMBER_TOKEN_SIZE],
                       uint8_t ret_hash[SESSION_HASH_SIZE])
{
    (void)secrets;
    token_make(ret_token);
    bool formed = token_hash(ret_token, ret_hash);
    assert(formed);
    (void)formed;
}

static const MemberSecretsOps ops = {
    .hash = hash,
    .verify = verify,
    .needs_rehash = needs_rehash,
    .make_token = make_token,
};

static MemberSecrets secrets_of_all = { .ops = &ops };

MemberSecrets *sodium_secrets(void)
{
    return &secrets_of_all;
}
