/* mysql_member_store_test.c - the adapter against MariaDB. One program, one schema. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/token.h"
#include "services/member/adapters/mysql_member_store.h"
#include "services/member/adapters/redis_login_throttle.h"
#include "services/member/adapters/redis_session_store.h"
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

Test(redis_login_throttle, counts_forgets_and_is_forgotten_after_an_hour)
{
    RedisLoginThrottle throttle;
    LoginFailures failures = { 9, 9 };
    const RedisReply *replies;
    size_t count;
    Redis *redis = NULL;

    cr_assert_eq(redis_open(getenv("JUMUN_TEST_REDIS_URL"), 5000, &redis).code, STATUS_OK);
    redis_login_throttle_init(&throttle, redis);
    LoginThrottle *port = &throttle.base;
    cr_assert_eq(port->ops->clear(port, "jumun.test").code, STATUS_OK);
    cr_assert_eq(port->ops->find(port, "jumun.test", &failures).code, STATUS_OK);
    cr_expect(failures.count == 0 && failures.last_at_us == 0);
    cr_assert_eq(port->ops->add_failure(port, "jumun.test", 1000).code, STATUS_OK);
    cr_assert_eq(port->ops->add_failure(port, "jumun.test", 2000).code, STATUS_OK);
    cr_assert_eq(port->ops->find(port, "jumun.test", &failures).code, STATUS_OK);
    cr_expect(failures.count == 2 && failures.last_at_us == 2000);
    redis_append(redis, 2, (const char *[]){ "TTL", "throttle:jumun.test" }, NULL);
    cr_assert_eq(redis_run(redis, &replies, &count).code, STATUS_OK);
    cr_expect(replies[0].integer > 3500 && replies[0].integer <= 3600);
    cr_assert_eq(port->ops->clear(port, "jumun.test").code, STATUS_OK);
    cr_assert_eq(port->ops->find(port, "jumun.test", &failures).code, STATUS_OK);
    cr_expect_eq(failures.count, 0);
    redis_append(redis, 3, (const char *[]){ "SET", "throttle:jumun.test", "x" }, NULL);
    cr_assert_eq(redis_run(redis, &replies, &count).code, STATUS_OK);
    cr_expect_eq(port->ops->find(port, "jumun.test", &failures).code, STATUS_UNAVAILABLE,
                 "what cannot be read counts as down");
    cr_expect_eq(port->ops->add_failure(port, "jumun.test", 3000).code, STATUS_UNAVAILABLE,
                 "nor is a failure uncounted in silence");
    cr_assert_eq(port->ops->clear(port, "jumun.test").code, STATUS_OK);
    redis_close(redis);
}

Test(redis_session_store, gives_back_a_session_as_it_began)
{
    RedisSessionStore sessions;
    Redis *redis = NULL;
    int64_t now_us = clock_wall_us(clock_system());
    Session session = {
        .hash = { 0xCA, 0xFE },
        .member = { ID_JSON_MAX - 7 },
        .role = MEMBER_ROLE_ADMIN,
        .created_at_us = now_us - 5,
        .ends_at_us = now_us + 1000 * US_PER_S,
    };
    Session found;
    bool is_found = false;

    cr_assert_eq(redis_open(getenv("JUMUN_TEST_REDIS_URL"), 5000, &redis).code, STATUS_OK);
    redis_session_store_init(&sessions, redis);
    SessionStore *port = &sessions.base;
    cr_assert_eq(port->ops->begin(port, &session, now_us).code, STATUS_OK);
    cr_assert_eq(port->ops->find(port, session.hash, now_us, &is_found, &found).code, STATUS_OK);
    cr_assert(is_found);
    cr_expect_arr_eq(found.hash, session.hash, sizeof found.hash);
    cr_expect_eq(found.member.value, session.member.value);
    cr_expect_eq(found.role, MEMBER_ROLE_ADMIN);
    cr_expect_eq(found.created_at_us, session.created_at_us);
    cr_expect_eq(found.ends_at_us, session.ends_at_us);
    cr_assert_eq(port->ops->end(port, session.member, session.hash).code, STATUS_OK);
    cr_assert_eq(port->ops->find(port, session.hash, now_us, &is_found, &found).code, STATUS_OK);
    cr_expect_not(is_found);
    redis_close(redis);
}

int main(int argc, char **argv)
{
    static const char *const needed[] = { "JUMUN_TEST_MYSQL_URL", "JUMUN_TEST_REDIS_URL" };

    for (size_t i = 0; i < 2; i++) {
        if (getenv(needed[i]) == NULL) {
            printf("SKIPPED: %s is not set\n", needed[i]);
            return SKIPPED;
        }
    }
    struct criterion_test_set *tests = criterion_initialize();
    int failed = 0;
    if (criterion_handle_args(argc, argv, true)) {
        failed = !criterion_run_all_tests(tests);
    }
    criterion_finalize(tests);
    return failed;
}
