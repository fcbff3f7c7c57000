/* fake_store_test.c - the fake keeps the contract that the unit tests rely on. */
#include <criterion/criterion.h>

#include "tests/contract/services/member/member_store_contract.h"
#include "tests/support/fake_member.h"

Test(member_store_contract, is_kept_by_the_fake)
{
    static FakeStore store;

    for (size_t i = 0; i < member_store_case_count; i++) {
        cr_log_info("%s", member_store_cases[i].name);
        fake_store_init(&store);
        member_store_cases[i].run(&store.base);
    }
}
