/* fake_sessions_test.c - the fakes of what Redis keeps keep the contracts that the unit
 * tests rely on. */
#include <criterion/criterion.h>

#include "tests/contract/services/member/login_throttle_contract.h"
#include "tests/contract/services/member/session_store_contract.h"
#include "tests/support/fake_member.h"

Test(session_store_contract, is_kept_by_the_fake)
{
    static FakeMember fake;

    for (size_t i = 0; i < session_store_case_count; i++) {
        cr_log_info("%s", session_store_cases[i].name);
        fake_member_init(&fake);
        session_store_cases[i].run(&fake.sessions.base);
    }
}

Test(login_throttle_contract, is_kept_by_the_fake)
{
    static FakeMember fake;

    for (size_t i = 0; i < login_throttle_case_count; i++) {
        cr_log_info("%s", login_throttle_cases[i].name);
        fake_member_init(&fake);
        login_throttle_cases[i].run(&fake.throttle.base);
    }
}
