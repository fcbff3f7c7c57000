/* redis_fault_test.c - the connection against servers that misbehave: whatever they do,
 * a run ends in time, says whether something may have happened, and leaves nothing that
 * the next caller could take for its own answer. */
#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/redis/redis.h"
#include "tests/integration/common/redis/fake_server.h"

enum {
    TIMEOUT_MS = 200,
    PATIENCE_MS = 5000,
};

static Status run_ping(Redis *redis, const RedisReply **ret_replies)
{
    size_t count = 0;

    redis_append(redis, 1, (const char *[]){ "PING" }, NULL);
    return redis_run(redis, ret_replies, &count);
}

/* Tries again while the back-off lasts. */
static Status run_after_backoff(Redis *redis, const RedisReply **ret_replies)
{
    int64_t end_us = clock_monotonic_us(clock_system()) + PATIENCE_MS * US_PER_MS;
    Status status;

    do {
        status = run_ping(redis, ret_replies);
        if (status.code == STATUS_UNAVAILABLE) {
            (void)poll(NULL, 0, 5);
        }
    } while (status.code == STATUS_UNAVAILABLE && clock_monotonic_us(clock_system()) < end_us);
    return status;
}

/* The first connection goes wrong in the given way, the second is good. */
static void expect_outcome(const FakeTurn *bad, StatusCode code, const char *name)
{
    FakeTurn turns[] = { *bad, { .answer = "+SECOND\r\n" } };
    char url[FAKE_URL_SIZE];
    FakeServer *server = fake_server_open(turns, 2, url);
    const RedisReply *replies = NULL;
    Redis *redis = NULL;

    cr_assert_eq(redis_open(url, TIMEOUT_MS, &redis).code, STATUS_OK);
    int64_t begin_us = clock_monotonic_us(clock_system());
    Status status = run_ping(redis, &replies);
    int64_t took_us = clock_monotonic_us(clock_system()) - begin_us;

    cr_expect_eq(status.code, code, "%s", status.name);
    cr_expect_str_eq(status.name, name);
    cr_expect_null(replies, "no answer is given with a failure");
    cr_expect_lt(took_us, 2 * TIMEOUT_MS * US_PER_MS, "took %ld us", (long)took_us);
    cr_expect_not(redis_is_up(redis));

    status = run_after_backoff(redis, &replies);
    cr_expect_eq(status.code, STATUS_OK, "%s", status.name);
    cr_expect(replies != NULL && strcmp(replies[0].text, "SECOND") == 0);
    cr_expect(redis_is_up(redis));
    redis_close(redis);
    fake_server_close(server);
}

Test(redis_fault, a_stalled_server_costs_the_time_out_and_the_connection)
{
    expect_outcome(&(FakeTurn){ .answer = "" }, STATUS_UNKNOWN, "REDIS_LOST");
}

Test(redis_fault, half_an_answer_is_none)
{
    expect_outcome(&(FakeTurn){ .answer = "$6\r\nFIR" }, STATUS_UNKNOWN, "REDIS_LOST");
}

Test(redis_fault, a_dripping_server_cannot_stretch_the_time_out)
{
    static const char slow[] =
        "$200\r\n"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n";

    expect_outcome(&(FakeTurn){ .answer = slow, .drips = true }, STATUS_UNKNOWN, "REDIS_LOST");
}

Test(redis_fault, a_closed_connection_leaves_the_outcome_unknown)
{
    expect_outcome(&(FakeTurn){ .answer = "$6\r\n", .closes = true }, STATUS_UNKNOWN, "REDIS_LOST");
}

Test(redis_fault, garbage_is_no_answer)
{
    expect_outcome(&(FakeTurn){ .answer = "HTTP/1.1 400 Bad Request\r\n" }, STATUS_UNKNOWN,
                   "REDIS_LOST");
}

Test(redis_fault, a_second_answer_to_one_command_drops_the_connection)
{
    expect_outcome(&(FakeTurn){ .answer = "+FIRST\r\n+OTHERS\r\n" }, STATUS_UNKNOWN, "REDIS_LOST");
}

Test(redis_fault, an_array_beyond_all_memory_is_refused_at_once)
{
    expect_outcome(&(FakeTurn){ .answer = "*900000000\r\n" }, STATUS_UNKNOWN, "REDIS_LOST");
}

Test(redis_fault, a_server_that_is_loading_full_read_only_or_wants_a_password_counts_as_down)
{
    static const char *const answers[] = {
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-MISCONF Redis is configured to save RDB snapshots\r\n",
        "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        "-BUSY Redis is busy running a script.\r\n",
        "-READONLY You can't write against a read only replica.\r\n",
        "-NOAUTH Authentication required.\r\n",
    };

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        expect_outcome(&(FakeTurn){ .answer = answers[i] }, STATUS_UNAVAILABLE, "REDIS_DOWN");
    }
}

Test(redis_fault, an_answer_nobody_asked_for_does_not_reach_the_next_caller)
{
    /* The first connection answers, and says one thing more before the next command. */
    FakeTurn turns[] = {
        { .answer = "+FIRST\r\n+LATE\r\n", .drips = true },
        { .answer = "+SECOND\r\n" },
    };
    char url[FAKE_URL_SIZE];
    FakeServer *server = fake_server_open(turns, 2, url);
    const RedisReply *replies = NULL;
    Redis *redis = NULL;

    cr_assert_eq(redis_open(url, TIMEOUT_MS, &redis).code, STATUS_OK);
    cr_assert_eq(run_ping(redis, &replies).code, STATUS_OK);
    cr_expect_str_eq(replies[0].text, "FIRST");
    (void)poll(NULL, 0, 30); /* the server drips meanwhile */
    cr_assert_eq(run_after_backoff(redis, &replies).code, STATUS_OK);
    cr_expect_str_eq(replies[0].text, "SECOND");
    redis_close(redis);
    fake_server_close(server);
}

Test(redis_fault, with_nobody_there_nothing_was_sent_and_the_next_try_waits)
{
    char url[FAKE_URL_SIZE];
    const RedisReply *replies = NULL;
    Redis *redis = NULL;

    fake_server_close(fake_server_open(NULL, 0, url));
    cr_assert_eq(redis_open(url, TIMEOUT_MS, &redis).code, STATUS_OK);
    cr_expect_not(redis_is_up(redis));
    for (int i = 0; i < 3; i++) {
        Status status = run_ping(redis, &replies);

        cr_expect_eq(status.code, STATUS_UNAVAILABLE);
        cr_expect_str_eq(status.name, "REDIS_DOWN");
    }
    redis_close(redis);
}

Test(redis_fault, a_url_that_is_none_is_refused)
{
    static const char *const bad[] = {
        "",
        "redis://",
        "redis://host",
        "redis://host:",
        "redis://host:0",
        "redis://host:65536",
        "redis://host:6379x",
        "redis://host:6379/x",
        "redis://host:6379/1024",
        "redis://host:6379/1/2",
        "redis://:6379",
        "redis://user@host:6379",
        "redis://:a%zz@host:6379",
        "redis://:a%0@host:6379",
        "redis://:a%00@host:6379",
        "rediss://host:6379",
        "http://host:6379",
    };
    Redis *redis = NULL;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        Status status = redis_open(bad[i], TIMEOUT_MS, &redis);

        cr_expect_eq(status.code, STATUS_INVALID_ARGUMENT, "%s", bad[i]);
        cr_expect_str_eq(status.name, "CONFIG");
        cr_expect_null(redis);
    }
    cr_assert_eq(redis_open("redis://:p%40ss@cache.example:6379/15", 1, &redis).code, STATUS_OK);
    redis_close(redis);
    redis_close(NULL);
}
