/* password_test.c - Argon2id and the work done for accounts that do not exist. */
#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#include "common/crypto/password.h"
#include "common/crypto/token.h"

static void setup(void)
{
    cr_assert(crypto_init());
}

TestSuite(password, .init = setup);

Test(password, is_known_again_by_its_hash_and_no_other_is)
{
    char hash[PASSWORD_HASH_SIZE];
    char again[PASSWORD_HASH_SIZE];

    cr_assert_eq(password_hash("correct horse", hash).code, STATUS_OK);
    cr_assert_eq(password_hash("correct horse", again).code, STATUS_OK);
    cr_expect_str_neq(hash, again, "salted");
    cr_expect(password_verify(hash, "correct horse"));
    cr_expect_not(password_verify(hash, "correct horsf"));
    cr_expect_not(password_verify(hash, ""));
    cr_expect_not(password_verify("", "correct horse"));
    cr_expect_not(password_verify("$argon2id$rubbish", "correct horse"));
}

Test(password, is_hashed_with_owasps_parameters_and_asks_for_rehash_after_others)
{
    char hash[PASSWORD_HASH_SIZE];

    cr_assert_eq(password_hash("correct horse", hash).code, STATUS_OK);
    cr_expect_eq(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0, "%s", hash);
    cr_expect_not(password_needs_rehash(hash));
    cr_expect(password_needs_rehash("$argon2id$v=19$m=8192,t=2,p=1$MTIzNDU2Nzg5MDEyMzQ1Ng$"
                                    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"));
    cr_expect(password_needs_rehash("$argon2i$v=19$m=19456,t=2,p=1$MTIzNDU2Nzg5MDEyMzQ1Ng$"
                                    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"));
}

static double cpu_of_verify(const char *hash)
{
    clock_t begin = clock();

    (void)password_verify(hash, "correct horse");
    return (double)(clock() - begin);
}

Test(password, costs_an_unknown_account_as_much_as_a_known_one)
{
    char hash[PASSWORD_HASH_SIZE];
    double known = 0;
    double unknown = 0;

    cr_assert_eq(password_hash("another", hash).code, STATUS_OK);
    for (int i = 0; i < 8; i++) {
        known += cpu_of_verify(hash);
        unknown += cpu_of_verify(NULL);
    }
    /* CPU time, and wide bounds: a missing or malformed dummy costs next to nothing. */
    cr_expect_gt(unknown, known * 0.5);
    cr_expect_lt(unknown, known * 2);
    cr_expect_not(password_verify(NULL, ""));
}
