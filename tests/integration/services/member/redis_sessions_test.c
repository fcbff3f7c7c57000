/* redis_sessions_test.c - the adapters over Redis. Uses and empties database 8 of the
 * server named by JUMUN_TEST_REDIS_URL. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/crypto/token.h"
#include "common/redis/redis.h"
#include "services/member/adapters/redis_login_throttle.h"
#include "services/member/adapters/redis_session_store.h"
#include "tests/contract/services/member/login_throttle_contract.h"
#include "tests/contract/services/member/session_store_contract.h"

enum {
    SKIPPED = 77
};

static const char variable[] = "JUMUN_TEST_REDIS_URL";
static Redis *redis;
static RedisSessionStore sessions;
static RedisLoginThrottle throttle;

static int64_t ask(size_t count, const char *const *words)
{
    const RedisReply *replies;
    size_t reply_count;

    redis_append(redis, count, words, NULL);
    cr_assert_eq(redis_run(redis, &replies, &reply_count).code, STATUS_OK);
    cr_assert_neq(replies[0].type, REDIS_ERROR, "%s", replies[0].text);
    return replies[0].integer;
}

static void empty(void)
{
    (void)ask(1, (const char *[]){ "FLUSHDB" });
}

static void setup(void)
{
    char url[512];

    (void)snprintf(url, sizeof url, "%s/8", getenv(variable));
    cr_assert_eq(redis_open(url, 5000, &redis).code, STATUS_OK);
    redis_session_store_init(&sessions, redis);
    redis_login_throttle_init(&throttle, redis);
    empty();
}

static void teardown(void)
{
    empty();
    redis_close(redis);
}

TestSuite(redis_session_store, .init = setup, .fini = teardown);
TestSuite(redis_login_throttle, .init = setup, .fini = teardown);

Test(redis_session_store, keeps_the_contract)
{
    for (size_t i = 0; i < session_store_case_count; i++) {
        cr_log_info("%s", session_store_cases[i].name);
        empty();
        session_store_cases[i].run(&sessions.base);
    }
}

Test(redis_login_throttle, keeps_the_contract)
{
    for (size_t i = 0; i < login_throttle_case_count; i++) {
        cr_log_info("%s", login_throttle_cases[i].name);
        empty();
        login_throttle_cases[i].run(&throttle.base);
    }
}

Test(redis_login_throttle, forgets_an_hour_after_the_last_failure)
{
    LoginThrottle *port = &throttle.base;

    cr_assert_eq(port->ops->add_failure(port, "jumun.test", 1000).code, STATUS_OK);
    cr_assert_eq(ask(3, (const char *[]){ "EXPIRE", "throttle:jumun.test", "60" }), 1);
    cr_assert_eq(port->ops->add_failure(port, "jumun.test", 2000).code, STATUS_OK);
    int64_t left_s = ask(2, (const char *[]){ "TTL", "throttle:jumun.test" });
    cr_expect(left_s > 3500 && left_s <= LOGIN_FAILURES_KEPT_S);
}

Test(redis_login_throttle, is_down_when_what_it_finds_cannot_be_read)
{
    LoginThrottle *port = &throttle.base;
    LoginFailures failures;

    (void)ask(3, (const char *[]){ "SET", "throttle:jumun.test", "x" });
    cr_expect_eq(port->ops->find(port, "jumun.test", &failures).code, STATUS_UNAVAILABLE);
    cr_expect_eq(port->ops->add_failure(port, "jumun.test", 3000).code, STATUS_UNAVAILABLE,
                 "nor is a failure uncounted in silence");
    cr_expect_eq(port->ops->clear(port, "jumun.test").code, STATUS_OK);
}

int main(int argc, char **argv)
{
    if (getenv(variable) == NULL) {
        printf("SKIPPED: %s is not set\n", variable);
        return SKIPPED;
    }
    if (!crypto_init()) {
        return 1;
    }
    struct criterion_test_set *tests = criterion_initialize();
    int failed = 0;
    if (criterion_handle_args(argc, argv, true)) {
        failed = !criterion_run_all_tests(tests);
    }
    criterion_finalize(tests);
    return failed;
}
