/* secrets_contract.h - what every MemberSecrets must keep. The cases run against the fake
 * (unit tests rest on it) and against libsodium. */
#ifndef JUMUN_TESTS_CONTRACT_SERVICES_MEMBER_SECRETS_CONTRACT_H
#define JUMUN_TESTS_CONTRACT_SERVICES_MEMBER_SECRETS_CONTRACT_H

#include "services/member/app/member_ports.h"

/* The password of old_hash. */
#define SECRETS_OLD_PASSWORD "correct horse"

typedef struct SecretsSubject {
    MemberSecrets *secrets;
    const char *old_hash; /* made with other parameters than today's */
} SecretsSubject;

typedef struct SecretsCase {
    const char *name;
    void (*run)(const SecretsSubject *subject);
} SecretsCase;

extern const SecretsCase secrets_cases[];
extern const size_t secrets_case_count;

#endif
