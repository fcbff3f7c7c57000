/* member_store_contract.h - what every MemberStore must keep. The cases run against the
 * fake (unit tests rest on it) and against MariaDB. */
#ifndef JUMUN_TESTS_CONTRACT_SERVICES_MEMBER_MEMBER_STORE_CONTRACT_H
#define JUMUN_TESTS_CONTRACT_SERVICES_MEMBER_MEMBER_STORE_CONTRACT_H

#include "services/member/app/member_ports.h"

typedef struct MemberStoreCase {
    const char *name;
    void (*run)(MemberStore *store); /* the store is empty */
} MemberStoreCase;

extern const MemberStoreCase member_store_cases[];
extern const size_t member_store_case_count;

#endif
