/* redis_test.c - the connection against a real Redis. Keys begin with "jumun-test:" and
 * are deleted at the end. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/redis/redis.h"

static Redis *redis;

static void setup(void)
{
    cr_assert_eq(redis_open(getenv("JUMUN_TEST_REDIS_URL"), 5000, &redis).code, STATUS_OK);
}

static void teardown(void)
{
    redis_close(redis);
}

TestSuite(redis, .init = setup, .fini = teardown);

/* Runs one command and gives its answer. */
static const RedisReply *ask(Redis *connection, size_t count, const char *const *words)
{
    const RedisReply *replies = NULL;
    size_t reply_count = 0;

    redis_append(connection, count, words, NULL);
    Status status = redis_run(connection, &replies, &reply_count);
    cr_assert_eq(status.code, STATUS_OK, "%s", status.name);
    cr_assert_eq(reply_count, 1);
    return replies;
}

Test(redis, a_full_pipeline_gets_its_answers_in_order)
{
    const RedisReply *replies;
    size_t count = 0;
    char text[64];

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < REDIS_PIPELINE_MAX; i++) {
            (void)snprintf(text, sizeof text, "%d of round %d", i, round);
            redis_append(redis, 2, (const char *[]){ "ECHO", text }, NULL);
        }
        cr_assert_eq(redis_run(redis, &replies, &count).code, STATUS_OK);
        cr_assert_eq(count, REDIS_PIPELINE_MAX);
        for (int i = 0; i < REDIS_PIPELINE_MAX; i++) {
            (void)snprintf(text, sizeof text, "%d of round %d", i, round);
            cr_assert_eq(replies[i].type, REDIS_TEXT);
            cr_assert_str_eq(replies[i].text, text);
        }
    }
    cr_expect(redis_is_up(redis));
}

Test(redis, every_kind_of_answer_is_told_apart)
{
    const RedisReply *replies;
    size_t count = 0;
    size_t sizes[] = { 4, 5 };

    redis_append(redis, 1, (const char *[]){ "PING" }, NULL);
    redis_append(redis, 2, (const char *[]){ "GET", "jumun-test:none" }, NULL);
    redis_append(redis, 2, (const char *[]){ "ECHO", "a\0b\r\n" }, sizes);
    redis_append(redis, 2, (const char *[]){ "EXISTS", "jumun-test:none" }, NULL);
    redis_append(redis, 1, (const char *[]){ "NOSUCHCOMMAND" }, NULL);
    redis_append(redis, 3, (const char *[]){ "EVAL", "return {1,{'a','b'},false,{}}", "0" }, NULL);
    redis_append(redis, 2, (const char *[]){ "ECHO", "" }, NULL);
    cr_assert_eq(redis_run(redis, &replies, &count).code, STATUS_OK);
    cr_assert_eq(count, 7);
    cr_expect(replies[0].type == REDIS_TEXT && strcmp(replies[0].text, "PONG") == 0);
    cr_expect_eq(replies[1].type, REDIS_NIL);
    cr_expect_eq(replies[2].size, 5);
    cr_expect_eq(memcmp(replies[2].text, "a\0b\r\n", 6), 0);
    cr_expect(replies[3].type == REDIS_INTEGER && replies[3].integer == 0);
    cr_expect_eq(replies[4].type, REDIS_ERROR);
    cr_expect_eq(strncmp(replies[4].text, "ERR unknown command", 19), 0);
    cr_assert(replies[5].type == REDIS_ARRAY && replies[5].count == 4);
    cr_expect_eq(replies[5].elements[0].integer, 1);
    cr_expect_str_eq(replies[5].elements[1].elements[1].text, "b");
    cr_expect_eq(replies[5].elements[2].type, REDIS_NIL);
    cr_expect_eq(replies[5].elements[3].count, 0);
    cr_expect(replies[6].type == REDIS_TEXT && replies[6].size == 0);
}

Test(redis, a_large_value_goes_and_comes_back_whole)
{
    enum {
        LARGE = 4 << 20
    };
    char *value = malloc(LARGE + 1);

    cr_assert_not_null(value);
    memset(value, 'x', LARGE);
    value[LARGE] = '\0';
    const RedisReply *reply = ask(redis, 2, (const char *[]){ "ECHO", value });
    cr_expect_eq(reply->size, LARGE);
    cr_expect_eq(memcmp(reply->text, value, LARGE), 0);
    free(value);
}

Test(redis, a_pipeline_beyond_its_bytes_is_refused_whole_and_the_next_one_runs)
{
    enum {
        LARGE = 9 << 20
    };
    char *value = malloc(LARGE + 1);
    const RedisReply *replies;
    size_t count;

    cr_assert_not_null(value);
    memset(value, 'x', LARGE);
    value[LARGE] = '\0';
    redis_append(redis, 3, (const char *[]){ "SET", "jumun-test:large", value }, NULL);
    redis_append(redis, 3, (const char *[]){ "SET", "jumun-test:large", value }, NULL);
    cr_expect_eq(redis_run(redis, &replies, &count).code, STATUS_RESOURCE_EXHAUSTED);
    free(value);
    cr_expect_eq(ask(redis, 2, (const char *[]){ "EXISTS", "jumun-test:large" })->integer, 0);
}

static const char add_script[] = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
static const char tag_script[] = "return KEYS[1] .. ':' .. ARGV[1]";

/* Calls both scripts among plain commands, and checks who got which answer. */
static void run_scripts(RedisScript *add, RedisScript *tag, int64_t expected)
{
    const RedisReply *replies;
    size_t count = 0;

    redis_append(redis, 2, (const char *[]){ "ECHO", "before" }, NULL);
    redis_append_script(redis, add, 1, 2, (const char *[]){ "jumun-test:sum", "5" }, NULL);
    redis_append_script(redis, tag, 1, 2, (const char *[]){ "jumun-test:k", "1" }, NULL);
    redis_append(redis, 2, (const char *[]){ "ECHO", "between" }, NULL);
    redis_append_script(redis, tag, 1, 2, (const char *[]){ "jumun-test:k", "2" }, NULL);
    redis_append_script(redis, add, 1, 2, (const char *[]){ "jumun-test:sum", "7" }, NULL);
    Status status = redis_run(redis, &replies, &count);
    cr_assert_eq(status.code, STATUS_OK, "%s", status.name);
    cr_assert_eq(count, 6);
    cr_expect_str_eq(replies[0].text, "before");
    cr_expect_eq(replies[1].integer, expected - 7);
    cr_expect_str_eq(replies[2].text, "jumun-test:k:1");
    cr_expect_str_eq(replies[3].text, "between");
    cr_expect_str_eq(replies[4].text, "jumun-test:k:2");
    cr_expect_eq(replies[5].integer, expected);
}

Test(redis, a_script_that_the_server_has_forgotten_is_loaded_and_run_exactly_once)
{
    RedisScript add = { .text = add_script };
    RedisScript tag = { .text = tag_script };
    Redis *other = NULL;

    (void)ask(redis, 2, (const char *[]){ "DEL", "jumun-test:sum" });
    run_scripts(&add, &tag, 12);
    cr_expect_eq(strlen(add.sha), 40);
    run_scripts(&add, &tag, 24);
    cr_assert_eq(redis_open(getenv("JUMUN_TEST_REDIS_URL"), 5000, &other).code, STATUS_OK);
    (void)ask(other, 2, (const char *[]){ "SCRIPT", "FLUSH" });
    run_scripts(&add, &tag, 36);
    (void)ask(other, 2, (const char *[]){ "SCRIPT", "FLUSH" });
    /* A script that is known here, beside one that is not. */
    run_scripts(&add, &(RedisScript){ .text = tag_script }, 48);
    redis_close(other);
    (void)ask(redis, 2, (const char *[]){ "DEL", "jumun-test:sum" });
}

Test(redis, a_script_with_a_fault_is_an_error_of_its_call_or_of_its_loading)
{
    RedisScript faulty = { .text = "return redis.call('GET')" };
    RedisScript no_lua = { .text = "return return" };
    const RedisReply *replies;
    size_t count = 0;

    redis_append_script(redis, &faulty, 0, 0, NULL, NULL);
    redis_append(redis, 1, (const char *[]){ "PING" }, NULL);
    cr_assert_eq(redis_run(redis, &replies, &count).code, STATUS_OK);
    cr_expect_eq(replies[0].type, REDIS_ERROR);
    cr_expect_str_eq(replies[1].text, "PONG");
    redis_append_script(redis, &no_lua, 0, 0, NULL, NULL);
    cr_expect_eq(redis_run(redis, &replies, &count).code, STATUS_UNAVAILABLE);
}

Test(redis, a_connection_that_the_server_ended_meanwhile_is_made_again_unnoticed)
{
    Redis *other = NULL;
    char id[24];

    (void)snprintf(id, sizeof id, "%lld",
                   (long long)ask(redis, 2, (const char *[]){ "CLIENT", "ID" })->integer);
    cr_assert_eq(redis_open(getenv("JUMUN_TEST_REDIS_URL"), 5000, &other).code, STATUS_OK);
    cr_expect_eq(ask(other, 4, (const char *[]){ "CLIENT", "KILL", "ID", id })->integer, 1);
    cr_expect_str_eq(ask(redis, 1, (const char *[]){ "PING" })->text, "PONG");
    redis_close(other);
}

Test(redis, the_database_of_the_url_is_the_one_used)
{
    char url[256];
    Redis *ninth = NULL;

    (void)snprintf(url, sizeof url, "%s/9", getenv("JUMUN_TEST_REDIS_URL"));
    cr_assert_eq(redis_open(url, 5000, &ninth).code, STATUS_OK);
    (void)ask(ninth, 3, (const char *[]){ "SET", "jumun-test:db", "nine" });
    cr_expect_eq(ask(redis, 2, (const char *[]){ "GET", "jumun-test:db" })->type, REDIS_NIL);
    cr_expect_str_eq(ask(ninth, 2, (const char *[]){ "GET", "jumun-test:db" })->text, "nine");
    (void)ask(ninth, 2, (const char *[]){ "DEL", "jumun-test:db" });
    redis_close(ninth);
}

Test(redis, a_refused_password_is_down_and_sends_nothing)
{
    const char *plain = getenv("JUMUN_TEST_REDIS_URL");
    const RedisReply *replies;
    char url[256];
    Redis *wrong = NULL;
    size_t count;

    const char *at = strchr(plain, '@');
    (void)snprintf(url, sizeof url, "redis://:wrong@%s",
                   at != NULL ? at + 1 : plain + strlen("redis://"));
    cr_assert_eq(redis_open(url, 5000, &wrong).code, STATUS_OK);
    redis_append(wrong, 3, (const char *[]){ "SET", "jumun-test:wrong", "1" }, NULL);
    cr_expect_eq(redis_run(wrong, &replies, &count).code, STATUS_UNAVAILABLE);
    cr_expect_eq(ask(redis, 2, (const char *[]){ "EXISTS", "jumun-test:wrong" })->integer, 0);
    redis_close(wrong);
}
