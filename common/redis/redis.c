/* redis.c - the pipeline over a link (redis_link.h), and its scripts.
 *
 * Scripts that the server does not know are loaded and run again after the rest of their
 * pipeline: within one pipeline, do not rely on the order of a script and its neighbours. */
#include "common/redis/redis.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/redis/redis_command.h"
#include "common/redis/redis_link.h"
#include "common/redis/redis_url.h"
#include "common/runtime/log.h"

enum {
    SHA_SIZE = 40
};

/* Stands in a command until the script's hash is known. */
static const char sha_unknown[] = "0000000000000000000000000000000000000000";

typedef struct Pending {
    size_t offset; /* of its bytes in `commands` */
    size_t sha_offset;
    RedisScript *script; /* NULL for a plain command */
} Pending;

struct Redis {
    RedisLink link;
    int timeout_ms;
    const Clock *clock;
    atomic_bool up;

    RedisCommands commands;
    Pending pending[REDIS_PIPELINE_MAX];
    size_t pending_count;

    RedisReply replies[REDIS_PIPELINE_MAX];
    RedisReply *targets[REDIS_PIPELINE_MAX];
};

static Status down(void)
{
    return status_make(STATUS_UNAVAILABLE, "REDIS_DOWN");
}

static Status lost(void)
{
    return status_make(STATUS_UNKNOWN, "REDIS_LOST");
}

Status redis_open(const char *url, int timeout_ms, Redis **ret_redis)
{
    RedisUrl parsed;
    Status status = redis_url_parse(url, &parsed);

    assert(timeout_ms > 0);
    if (status_failed(status)) {
        return status;
    }
    Redis *redis = calloc(1, sizeof *redis);
    if (redis == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    redis->timeout_ms = timeout_ms;
    redis->clock = clock_system();
    atomic_init(&redis->up, false);
    redis_link_init(&redis->link, &parsed, redis->clock);
    *ret_redis = redis;
    return status_ok();
}

void redis_close(Redis *redis)
{
    if (redis == NULL) {
        return;
    }
    redis_link_deinit(&redis->link);
    redis_commands_deinit(&redis->commands);
    free(redis);
}

bool redis_is_up(const Redis *redis)
{
    return atomic_load_explicit(&redis->up, memory_order_relaxed);
}

static Pending *add_pending(Redis *redis, RedisScript *script)
{
    assert(redis->pending_count < REDIS_PIPELINE_MAX);
    Pending *pending = &redis->pending[redis->pending_count++];

    *pending = (Pending){ .offset = redis->commands.size, .script = script };
    return pending;
}

static void add_words(Redis *redis, size_t count, const char *const *words, const size_t *sizes)
{
    for (size_t i = 0; i < count; i++) {
        redis_commands_word(&redis->commands, words[i],
                            sizes == NULL ? strlen(words[i]) : sizes[i]);
    }
}

void redis_append(Redis *redis, size_t count, const char *const *words, const size_t *sizes)
{
    assert(count > 0 && count <= REDIS_ARGS_MAX);
    (void)add_pending(redis, NULL);
    redis_commands_begin(&redis->commands, count);
    add_words(redis, count, words, sizes);
}

void redis_append_script(Redis *redis, RedisScript *script, size_t key_count, size_t word_count,
                         const char *const *words, const size_t *sizes)
{
    char keys[16];

    assert(key_count <= word_count && word_count + 3 <= REDIS_ARGS_MAX);
    int size = snprintf(keys, sizeof keys, "%zu", key_count);
    Pending *pending = add_pending(redis, script);
    redis_commands_begin(&redis->commands, word_count + 3);
    redis_commands_word(&redis->commands, "EVALSHA", 7);
    redis_commands_word(&redis->commands, sha_unknown, SHA_SIZE);
    pending->sha_offset = redis->commands.size - SHA_SIZE - 2;
    redis_commands_word(&redis->commands, keys, (size_t)size);
    add_words(redis, word_count, words, sizes);
}

/* SCRIPT LOAD; the answer is the hash. */
static Status load_script(Redis *redis, RedisScript *script, int64_t deadline_us)
{
    RedisCommands commands = { NULL, 0, 0, false };
    RedisReply reply;
    RedisReply *target = &reply;

    redis_commands_begin(&commands, 3);
    redis_commands_word(&commands, "SCRIPT", 6);
    redis_commands_word(&commands, "LOAD", 4);
    redis_commands_word(&commands, script->text, strlen(script->text));
    Status status = redis_link_exchange(&redis->link, &commands, &target, 1, deadline_us);
    redis_commands_deinit(&commands);
    if (status_failed(status)) {
        return status;
    }
    if (reply.type != REDIS_TEXT || reply.size != SHA_SIZE) {
        log_error("redis.script_refused", "answer=%s", reply.text);
        redis_link_fail(&redis->link, "a script was refused");
        return down();
    }
    memcpy(script->sha, reply.text, SHA_SIZE);
    script->sha[SHA_SIZE] = '\0';
    return status_ok();
}

/* Loads the scripts never used before and writes the hashes into their commands. */
static Status fill_hashes(Redis *redis, int64_t deadline_us)
{
    for (size_t i = 0; i < redis->pending_count; i++) {
        Pending *pending = &redis->pending[i];

        if (pending->script == NULL) {
            continue;
        }
        if (pending->script->sha[0] == '\0') {
            Status status = load_script(redis, pending->script, deadline_us);
            if (status_failed(status)) {
                /* Nothing of the pipeline was sent. */
                return down();
            }
        }
        memcpy(redis->commands.bytes + pending->sha_offset, pending->script->sha, SHA_SIZE);
    }
    return status_ok();
}

static bool begins_with(const RedisReply *reply, const char *word)
{
    return reply->type == REDIS_ERROR && strncmp(reply->text, word, strlen(word)) == 0;
}

static bool is_unknown_script(const Redis *redis, size_t index)
{
    return redis->pending[index].script != NULL && begins_with(&redis->replies[index], "NOSCRIPT");
}

/* Loads what the server has forgotten, each script once. */
static Status load_forgotten(Redis *redis, int64_t deadline_us)
{
    const RedisScript *last = NULL;

    for (size_t i = 0; i < redis->pending_count; i++) {
        RedisScript *script = redis->pending[i].script;

        if (!is_unknown_script(redis, i) || script == last) {
            continue;
        }
        Status status = load_script(redis, script, deadline_us);
        if (status_failed(status)) {
            return status;
        }
        last = script;
    }
    return status_ok();
}

/* Runs again the calls that met NOSCRIPT; their answers take the errors' places. */
static Status repeat_forgotten(Redis *redis, int64_t deadline_us)
{
    RedisCommands repeats = { NULL, 0, 0, false };
    size_t count = 0;
    Status status = load_forgotten(redis, deadline_us);

    for (size_t i = 0; !status_failed(status) && i < redis->pending_count; i++) {
        const Pending *pending = &redis->pending[i];
        size_t end =
            i + 1 < redis->pending_count ? redis->pending[i + 1].offset : redis->commands.size;

        if (is_unknown_script(redis, i)) {
            redis_commands_raw(&repeats, redis->commands.bytes + pending->offset,
                               end - pending->offset);
            redis->targets[count++] = &redis->replies[i];
        }
    }
    if (!status_failed(status) && count > 0) {
        status = redis_link_exchange(&redis->link, &repeats, redis->targets, count, deadline_us);
    }
    redis_commands_deinit(&repeats);
    return status_failed(status) ? lost() : status; /* whatever it was, the rest has run */
}

/* True for answers that say the server as a whole is of no use now. */
static bool says_down(const RedisReply *reply)
{
    static const char *const words[] = {
        "LOADING", "MISCONF", "OOM", "BUSY ", "READONLY", "NOAUTH"
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (begins_with(reply, words[i])) {
            return true;
        }
    }
    return false;
}

static Status run(Redis *redis, int64_t deadline_us)
{
    Status status = redis_link_connect(&redis->link, deadline_us);

    if (!status_failed(status)) {
        status = redis->commands.failed ? status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED")
                                        : fill_hashes(redis, deadline_us);
    }
    for (size_t i = 0; i < redis->pending_count; i++) {
        redis->targets[i] = &redis->replies[i];
    }
    if (!status_failed(status)) {
        status = redis_link_exchange(&redis->link, &redis->commands, redis->targets,
                                     redis->pending_count, deadline_us);
    }
    if (!status_failed(status)) {
        status = repeat_forgotten(redis, deadline_us);
    }
    for (size_t i = 0; !status_failed(status) && i < redis->pending_count; i++) {
        if (says_down(&redis->replies[i])) {
            redis_link_fail(&redis->link, redis->replies[i].text);
            status = down();
        }
    }
    return status;
}

Status redis_run(Redis *redis, const RedisReply **ret_replies, size_t *ret_count)
{
    int64_t deadline_us = clock_monotonic_us(redis->clock) + redis->timeout_ms * US_PER_MS;
    Status status = status_ok();

    arena_reset(&redis->link.replies);
    if (redis->pending_count > 0) {
        status = run(redis, deadline_us);
        bool up = !status_failed(status);
        atomic_store_explicit(&redis->up, up, memory_order_relaxed);
        if (up) {
            redis_link_succeed(&redis->link);
        }
    }
    if (!status_failed(status)) {
        *ret_replies = redis->replies;
        *ret_count = redis->pending_count;
    }
    redis->pending_count = 0;
    redis_commands_clear(&redis->commands);
    return status;
}
