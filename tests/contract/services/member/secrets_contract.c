/* secrets_contract.c - cases are plain functions with Criterion's assertions. */
#include "tests/contract/services/member/secrets_contract.h"

#include <criterion/criterion.h>
#include <string.h>

enum {
    MANY = 100 /* tokens */
};

/* Korean, an emoji, and what a hash's text is made of. */
#define ODD "\xed\x95\x9c\xea\xb8\x80 \xf0\x9f\x98\x80 $:,='\\"

static void hash(MemberSecrets *secrets, const char *password, char ret_hash[MEMBER_HASH_SIZE])
{
    memset(ret_hash, 'x', MEMBER_HASH_SIZE);
    cr_assert_eq(secrets->ops->hash(secrets, password, ret_hash).code, STATUS_OK);
    size_t size = strnlen(ret_hash, MEMBER_HASH_SIZE);
    cr_assert(size > 0 && size < MEMBER_HASH_SIZE, "a text of %zu bytes", size);
}

static void knows_a_password_again_by_its_hash_and_no_other(const SecretsSubject *subject)
{
    static const char *const others[] = {
        "", (ODD " "), (" " ODD), "correct horse", "$:,=", "%", "' OR ''='",
    };
    MemberSecrets *secrets = subject->secrets;
    char known[MEMBER_HASH_SIZE];

    hash(secrets, ODD, known);
    cr_expect(secrets->ops->verify(secrets, known, ODD));
    cr_expect(secrets->ops->verify(secrets, known, ODD), "again");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_expect_not(secrets->ops->verify(secrets, known, others[i]), "%s", others[i]);
    }
}

static void hashes_the_same_password_to_another_text_each_time(const SecretsSubject *subject)
{
    MemberSecrets *secrets = subject->secrets;
    char one[MEMBER_HASH_SIZE];
    char other[MEMBER_HASH_SIZE];

    hash(secrets, "correct horse", one);
    hash(secrets, "correct horse", other);
    cr_expect_str_neq(one, other);
    cr_expect(secrets->ops->verify(secrets, one, "correct horse"));
    cr_expect(secrets->ops->verify(secrets, other, "correct horse"));
}

static void tells_the_longest_passwords_apart(const SecretsSubject *subject)
{
    MemberSecrets *secrets = subject->secrets;
    char password[PASSWORD_BYTES_MAX + 1];
    char known[MEMBER_HASH_SIZE];

    memset(password, 'a', PASSWORD_BYTES_MAX);
    password[PASSWORD_BYTES_MAX] = '\0';
    hash(secrets, password, known);
    cr_expect(secrets->ops->verify(secrets, known, password));
    password[PASSWORD_BYTES_MAX - 1] = 'b';
    cr_expect_not(secrets->ops->verify(secrets, known, password), "another last byte");
    password[PASSWORD_BYTES_MAX - 1] = '\0';
    cr_expect_not(secrets->ops->verify(secrets, known, password), "a byte less");
}

static void knows_nobodys_password(const SecretsSubject *subject)
{
    static const char *const passwords[] = { "", "correct horse", ODD };
    MemberSecrets *secrets = subject->secrets;

    for (size_t i = 0; i < sizeof passwords / sizeof passwords[0]; i++) {
        cr_expect_not(secrets->ops->verify(secrets, NULL, passwords[i]), "%s", passwords[i]);
        cr_expect_not(secrets->ops->verify(secrets, "", passwords[i]), "%s", passwords[i]);
        cr_expect_not(secrets->ops->verify(secrets, passwords[i], passwords[i]),
                      "%s is no hash of itself", passwords[i]);
    }
}

static void still_knows_an_old_hash_and_asks_for_a_new_one(const SecretsSubject *subject)
{
    MemberSecrets *secrets = subject->secrets;
    char fresh[MEMBER_HASH_SIZE];

    cr_expect(secrets->ops->needs_rehash(secrets, subject->old_hash));
    cr_expect(secrets->ops->verify(secrets, subject->old_hash, SECRETS_OLD_PASSWORD));
    cr_expect_not(secrets->ops->verify(secrets, subject->old_hash, "correct horsf"));
    hash(secrets, SECRETS_OLD_PASSWORD, fresh);
    cr_expect_not(secrets->ops->needs_rehash(secrets, fresh));
}

static void makes_tokens_and_hashes_unlike_any_other(const SecretsSubject *subject)
{
    static char tokens[MANY][MEMBER_TOKEN_SIZE];
    static uint8_t hashes[MANY][SESSION_HASH_SIZE];
    MemberSecrets *secrets = subject->secrets;

    for (size_t i = 0; i < MANY; i++) {
        memset(tokens[i], 'x', MEMBER_TOKEN_SIZE);
        secrets->ops->make_token(secrets, tokens[i], hashes[i]);
        cr_assert_lt(strnlen(tokens[i], MEMBER_TOKEN_SIZE), MEMBER_TOKEN_SIZE);
        for (size_t k = 0; k < i; k++) {
            cr_assert_str_neq(tokens[i], tokens[k]);
            cr_assert_neq(memcmp(hashes[i], hashes[k], SESSION_HASH_SIZE), 0);
        }
    }
}

const SecretsCase secrets_cases[] = {
    { "knows a password again by its hash, and no other",
      knows_a_password_again_by_its_hash_and_no_other },
    { "hashes the same password to another text each time",
      hashes_the_same_password_to_another_text_each_time },
    { "tells the longest passwords apart", tells_the_longest_passwords_apart },
    { "knows nobody's password", knows_nobodys_password },
    { "still knows an old hash, and asks for a new one",
      still_knows_an_old_hash_and_asks_for_a_new_one },
    { "makes tokens and hashes unlike any other", makes_tokens_and_hashes_unlike_any_other },
};

const size_t secrets_case_count = sizeof secrets_cases / sizeof secrets_cases[0];
