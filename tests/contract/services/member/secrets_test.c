/* secrets_test.c - the fake that the unit tests rely on and the adapter over libsodium keep
 * the same contract; and what the adapter alone must: others know its tokens. */
#include <criterion/criterion.h>
#include <string.h>

#include "common/crypto/token.h"
#include "services/member/adapters/sodium_secrets.h"
#include "tests/contract/services/member/secrets_contract.h"
#include "tests/support/fake_member.h"

/* By crypto_pwhash_str with 8 MiB. */
static const char old_hash[] = "$argon2id$v=19$m=8192,t=2,p=1$u/WHjIOGyByl2WJ42SRseA$"
                               "0vCGQgarOfmuBC+zb6xjwAzDbzd/Vk8WGjWrovE4IHY";

static void setup(void)
{
    cr_assert(crypto_init());
}

TestSuite(sodium_secrets, .init = setup);

Test(secrets_contract, is_kept_by_the_fake)
{
    static FakeMember fake;
    const SecretsSubject subject = { &fake.secrets.base, "0:77:" SECRETS_OLD_PASSWORD };

    for (size_t i = 0; i < secrets_case_count; i++) {
        cr_log_info("%s", secrets_cases[i].name);
        fake_member_init(&fake);
        secrets_cases[i].run(&subject);
    }
}

Test(sodium_secrets, keep_the_contract)
{
    const SecretsSubject subject = { sodium_secrets(), old_hash };

    for (size_t i = 0; i < secrets_case_count; i++) {
        cr_log_info("%s", secrets_cases[i].name);
        secrets_cases[i].run(&subject);
    }
}

/* The gateway looks a session up by the hash of what the client shows. */
Test(sodium_secrets, make_tokens_that_others_find_by_the_same_hash)
{
    MemberSecrets *secrets = sodium_secrets();
    char token[MEMBER_TOKEN_SIZE];
    uint8_t hash[SESSION_HASH_SIZE];
    uint8_t shown[TOKEN_HASH_SIZE];

    secrets->ops->make_token(secrets, token, hash);
    cr_assert(token_hash(token, shown));
    cr_expect_arr_eq(hash, shown, sizeof shown);
    cr_expect_eq(memmem(hash, sizeof hash, token, 16), NULL, "the token is not in it");
}
