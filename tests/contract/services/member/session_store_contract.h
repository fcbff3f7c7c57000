/* session_store_contract.h - what every SessionStore must keep, whatever may make it forget.
 * The cases run against the fake (unit tests rest on it) and against Redis. */
#ifndef JUMUN_TESTS_CONTRACT_SERVICES_MEMBER_SESSION_STORE_CONTRACT_H
#define JUMUN_TESTS_CONTRACT_SERVICES_MEMBER_SESSION_STORE_CONTRACT_H

#include "services/member/app/member_ports.h"

typedef struct SessionStoreCase {
    const char *name;
    void (*run)(SessionStore *store); /* the store is empty */
} SessionStoreCase;

extern const SessionStoreCase session_store_cases[];
extern const size_t session_store_case_count;

#endif
