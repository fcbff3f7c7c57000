/* mysql_member_store_test.c - the adapter against MariaDB. One program, one schema. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/member/adapters/mysql_member_store.h"
#include "services/member/service.h"
#include "tests/contract/services/member/member_store_contract.h"
#include "tests/integration/services/member/member_schema.h"

enum {
    SKIPPED = 77
};

static char url[MEMBER_SCHEMA_URL_SIZE];
static Db *db;
static MysqlMemberStore store;

static void setup(void)
{
    member_schema_open(url);
    cr_assert_eq(db_open(url, &db).code, STATUS_OK);
    mysql_member_store_init(&store, db);
}

static void teardown(void)
{
    db_close(db);
    member_schema_close(url);
}

TestSuite(mysql_member_store, .init = setup, .fini = teardown);
TestSuite(admin, .init = setup, .fini = teardown);

Test(mysql_member_store, keeps_the_contract)
{
    for (size_t i = 0; i < member_store_case_count; i++) {
        cr_log_info("%s", member_store_cases[i].name);
        cr_assert_eq(db_connect(db).code, STATUS_OK);
        member_schema_clear(db);
        member_store_cases[i].run(&store.base);
    }
}

Test(mysql_member_store, refuses_a_schema_that_it_does_not_know_until_it_does)
{
    Member member;

    cr_assert_eq(db_connect(db).code, STATUS_OK);
    cr_assert_eq(db_run_script(db, "RENAME TABLE schema_migration TO hidden;").code, STATUS_OK);
    cr_expect_neq(mysql_member_store_check(&store).code, STATUS_OK);
    cr_expect_neq(store.base.ops->find_by_login(&store.base, "anna.lee", &member).code,
                  STATUS_NOT_FOUND);
    cr_assert_eq(db_run_script(db, "RENAME TABLE hidden TO schema_migration;").code, STATUS_OK);
    cr_expect_eq(mysql_member_store_check(&store).code, STATUS_OK);
    cr_expect_eq(store.base.ops->find_by_login(&store.base, "anna.lee", &member).code,
                 STATUS_NOT_FOUND);
}

static void kill_connection(void)
{
    Db *other = NULL;

    cr_assert_eq(db_open(url, &other).code, STATUS_OK);
    cr_assert_eq(db_connect(other).code, STATUS_OK);
    cr_assert_eq(db_run_script(other,
                               "SET @victim = (SELECT id FROM information_schema.processlist "
                               "WHERE db = DATABASE() AND id <> CONNECTION_ID() LIMIT 1);"
                               "EXECUTE IMMEDIATE CONCAT('KILL ', @victim);")
                     .code,
                 STATUS_OK);
    db_close(other);
}

Test(mysql_member_store, finds_again_over_a_new_connection_when_the_old_one_was_killed)
{
    Member member;

    cr_assert_eq(mysql_member_store_check(&store).code, STATUS_OK);
    kill_connection();
    Status status = store.base.ops->find_by_login(&store.base, "anna.lee", &member);
    cr_expect_eq(status.code, STATUS_NOT_FOUND, "%s", status.name);
}

static StatusCode create_admin_of(IdSource *ids, const char *password, const char **ret_reason)
{
    return member_create_admin(db, ids, "admin", password, "Operator", ret_reason).code;
}

Test(admin, is_created_once_and_then_reset)
{
    IdSource ids;
    Member first;
    Member second;
    const char *reason = NULL;

    id_source_init(&ids, clock_system(), 192);
    cr_expect_eq(create_admin_of(&ids, "short", &reason), STATUS_INVALID_ARGUMENT);
    cr_expect_not_null(reason);
    cr_assert_eq(create_admin_of(&ids, "an admin's one", NULL), STATUS_OK);
    cr_assert_eq(store.base.ops->find_by_login(&store.base, "admin", &first).code, STATUS_OK);
    cr_expect_eq(first.role, MEMBER_ROLE_ADMIN);
    cr_assert_eq(create_admin_of(&ids, "another of them", NULL), STATUS_OK);
    cr_assert_eq(store.base.ops->find_by_login(&store.base, "admin", &second).code, STATUS_OK);
    cr_expect_eq(second.id.value, first.id.value);
    cr_expect_str_neq(second.password_hash, first.password_hash);
    cr_expect_gt(second.sessions_valid_after_us, first.sessions_valid_after_us);
}

int main(int argc, char **argv)
{
    if (getenv("JUMUN_TEST_MYSQL_URL") == NULL) {
        puts("SKIPPED: JUMUN_TEST_MYSQL_URL is not set");
        return SKIPPED;
    }
    struct criterion_test_set *tests = criterion_initialize();
    int failed = 0;
    if (criterion_handle_args(argc, argv, true)) {
        failed = !criterion_run_all_tests(tests);
    }
    criterion_finalize(tests);
    return failed;
}
