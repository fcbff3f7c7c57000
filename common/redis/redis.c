/* redis.c - the connection. hiredis connects and parses; sending and waiting is ours, so
 * that one deadline holds for a whole run, however slowly the server drips.
 *
 *     DOWN --(next use, back-off over)--> CONNECTED --(any error)--> DOWN
 *
 * Scripts that the server does not know are loaded and run again after the rest of their
 * pipeline: within one pipeline, do not rely on the order of a script and its neighbours. */
#include "common/redis/redis.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/redis/redis_command.h"
#include "common/redis/redis_reply.h"
#include "common/redis/redis_url.h"
#include "common/runtime/log.h"

enum {
    READ_SIZE = 16 * 1024,
    REPLY_BLOCK = 16 * 1024,
    HANDSHAKE_MAX = 2, /* AUTH, SELECT */
    SHA_SIZE = 40,
    BACKOFF_MIN_MS = 50,
    BACKOFF_MAX_MS = 1000,
};

/* Stands in a command until the script's hash is known. */
static const char sha_unknown[] = "0000000000000000000000000000000000000000";

typedef struct Pending {
    size_t offset; /* of its bytes in `commands` */
    size_t sha_offset;
    RedisScript *script; /* NULL for a plain command */
} Pending;

struct Redis {
    RedisUrl url;
    int timeout_ms;
    const Clock *clock;
    atomic_bool up;

    redisContext *context; /* NULL while down; only its socket is used */
    redisReader *reader;
    int backoff_ms;
    int64_t retry_at_us;

    RedisCommands commands;
    Pending pending[REDIS_PIPELINE_MAX];
    size_t pending_count;

    Arena arena; /* of the replies */
    RedisReply replies[REDIS_PIPELINE_MAX];
    RedisReply *targets[REDIS_PIPELINE_MAX];
};

/* Commands and where their answers go. */
typedef struct Exchange {
    const char *bytes;
    size_t size;
    size_t sent;
    RedisReplies replies;
    int64_t deadline_us;
} Exchange;

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
    redis->url = parsed;
    redis->timeout_ms = timeout_ms;
    redis->clock = clock_system();
    atomic_init(&redis->up, false);
    arena_init(&redis->arena, REPLY_BLOCK, REDIS_REPLY_BYTES_MAX);
    *ret_redis = redis;
    return status_ok();
}

static void disconnect(Redis *redis)
{
    if (redis->context != NULL) {
        redisFree(redis->context);
    }
    if (redis->reader != NULL) {
        redisReaderFree(redis->reader);
    }
    redis->context = NULL;
    redis->reader = NULL;
}

void redis_close(Redis *redis)
{
    if (redis == NULL) {
        return;
    }
    disconnect(redis);
    redis_commands_deinit(&redis->commands);
    arena_deinit(&redis->arena);
    free(redis);
}

bool redis_is_up(const Redis *redis)
{
    return atomic_load_explicit(&redis->up, memory_order_relaxed);
}

/* Drops the connection and says when the next may be tried. */
static void fail(Redis *redis, const char *reason)
{
    disconnect(redis);
    redis->backoff_ms = redis->backoff_ms == 0 ? BACKOFF_MIN_MS : redis->backoff_ms * 2;
    if (redis->backoff_ms > BACKOFF_MAX_MS) {
        redis->backoff_ms = BACKOFF_MAX_MS;
    }
    redis->retry_at_us = clock_monotonic_us(redis->clock) + redis->backoff_ms * US_PER_MS;
    log_warn("redis.down", "host=%s port=%d reason=%s", redis->url.host, redis->url.port, reason);
}

/* Milliseconds until the deadline, rounded up; 0 when it has passed. */
static int remaining_ms(const Redis *redis, int64_t deadline_us)
{
    int64_t left_us = deadline_us - clock_monotonic_us(redis->clock);

    return left_us <= 0 ? 0 : (int)((left_us + US_PER_MS - 1) / US_PER_MS);
}

static bool would_block(ssize_t moved)
{
    return moved < 0 && (errno == EAGAIN || errno == EINTR);
}

/* NULL, or why the connection is of no more use. */
static const char *send_some(Redis *redis, Exchange *exchange)
{
    ssize_t sent = send(redis->context->fd, exchange->bytes + exchange->sent,
                        exchange->size - exchange->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0 && !would_block(sent)) {
        return "sending failed";
    }
    exchange->sent += sent < 0 ? 0 : (size_t)sent;
    return NULL;
}

static const char *receive_some(Redis *redis, Exchange *exchange)
{
    char bytes[READ_SIZE];
    ssize_t received = recv(redis->context->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (would_block(received)) {
        return NULL;
    }
    if (received <= 0) {
        return "the server closed the connection";
    }
    if (!redis_reader_feed(redis->reader, bytes, (size_t)received, &exchange->replies)) {
        return "the server sent something that is no answer";
    }
    return NULL;
}

/* Sends and receives until every command is answered. NULL, or what went wrong: the
 * connection must then be dropped, because an answer may still be on its way. */
static const char *talk(Redis *redis, Exchange *exchange)
{
    const char *reason = send_some(redis, exchange);

    while (reason == NULL && exchange->replies.done < exchange->replies.count) {
        bool sending = exchange->sent < exchange->size;
        struct pollfd poll_fd = {
            .fd = redis->context->fd,
            .events = (short)(sending ? POLLIN | POLLOUT : POLLIN),
        };
        int wait_ms = remaining_ms(redis, exchange->deadline_us);
        int ready = wait_ms == 0 ? 0 : poll(&poll_fd, 1, wait_ms);

        if (ready == 0) {
            return "time-out";
        }
        if (ready > 0 && (poll_fd.revents & POLLOUT) != 0) {
            reason = send_some(redis, exchange);
        }
        if (ready > 0 && reason == NULL && (poll_fd.revents & ~POLLOUT) != 0) {
            reason = receive_some(redis, exchange);
        }
    }
    return reason;
}

/* AUTH and SELECT, if the URL asks for them. */
static const char *shake_hands(Redis *redis, int64_t deadline_us)
{
    RedisCommands commands = { NULL, 0, 0, false };
    RedisReply replies[HANDSHAKE_MAX];
    RedisReply *targets[HANDSHAKE_MAX];
    size_t count = 0;
    char database[16];
    int size = snprintf(database, sizeof database, "%d", redis->url.database);

    if (redis->url.password[0] != '\0') {
        redis_commands_begin(&commands, 2);
        redis_commands_word(&commands, "AUTH", 4);
        redis_commands_word(&commands, redis->url.password, strlen(redis->url.password));
        targets[count] = &replies[count];
        count++;
    }
    if (redis->url.database != 0) {
        redis_commands_begin(&commands, 2);
        redis_commands_word(&commands, "SELECT", 6);
        redis_commands_word(&commands, database, (size_t)size);
        targets[count] = &replies[count];
        count++;
    }
    const char *reason = commands.failed ? "no memory" : NULL;
    if (reason == NULL && count > 0) {
        reason = talk(redis, &(Exchange){
                                 .bytes = commands.bytes,
                                 .size = commands.size,
                                 .replies = { &redis->arena, targets, count, 0 },
                                 .deadline_us = deadline_us,
                             });
    }
    for (size_t i = 0; reason == NULL && i < count; i++) {
        reason = replies[i].type == REDIS_ERROR ? "password or database refused" : NULL;
    }
    redis_commands_deinit(&commands);
    return reason;
}

static const char *make_connection(Redis *redis, int64_t deadline_us)
{
    int wait_ms = remaining_ms(redis, deadline_us);
    struct timeval wait = {
        .tv_sec = wait_ms / 1000,
        .tv_usec = wait_ms % 1000 * US_PER_MS,
    };

    redis->context = redisConnectWithTimeout(redis->url.host, redis->url.port, wait);
    redis->reader = redis_reader_open();
    if (redis->context == NULL || redis->reader == NULL) {
        return "no memory";
    }
    if (redis->context->err != 0) {
        return redis->context->errstr;
    }
    redisEnableKeepAlive(redis->context);
    return shake_hands(redis, deadline_us);
}

/* True if the peer has closed since the last run, or has said something unasked. */
static bool has_gone(const Redis *redis)
{
    char byte;
    ssize_t received = recv(redis->context->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

    return !would_block(received);
}

static Status connect_if_down(Redis *redis, int64_t deadline_us)
{
    if (redis->context != NULL && has_gone(redis)) {
        disconnect(redis);
    }
    if (redis->context != NULL) {
        return status_ok();
    }
    if (clock_monotonic_us(redis->clock) < redis->retry_at_us) {
        return down();
    }
    const char *reason = make_connection(redis, deadline_us);
    if (reason != NULL) {
        char copy[sizeof redis->context->errstr];
        /* The text may live in the connection that `fail` frees. */
        (void)snprintf(copy, sizeof copy, "%s", reason);
        fail(redis, copy);
        return down();
    }
    return status_ok();
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

/* One exchange, with the outcome of the whole. */
static Status exchange(Redis *redis, const RedisCommands *commands, RedisReply *const *targets,
                       size_t count, int64_t deadline_us)
{
    if (commands->failed) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    const char *reason = talk(redis, &(Exchange){
                                         .bytes = commands->bytes,
                                         .size = commands->size,
                                         .replies = { &redis->arena, targets, count, 0 },
                                         .deadline_us = deadline_us,
                                     });
    if (reason != NULL) {
        fail(redis, reason);
        return lost();
    }
    return status_ok();
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
    Status status = exchange(redis, &commands, &target, 1, deadline_us);
    redis_commands_deinit(&commands);
    if (status_failed(status)) {
        return status;
    }
    if (reply.type != REDIS_TEXT || reply.size != SHA_SIZE) {
        log_error("redis.script_refused", "answer=%s", reply.text);
        fail(redis, "a script was refused");
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
            return lost(); /* the rest of the pipeline has run */
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
        status = exchange(redis, &repeats, redis->targets, count, deadline_us);
    }
    redis_commands_deinit(&repeats);
    return status;
}

/* True for answers that say the server as a whole is of no use now. */
static bool says_down(const RedisReply *reply)
{
    static const char *const words[] = { "LOADING", "MISCONF", "OOM", "BUSY ", "READONLY" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (begins_with(reply, words[i])) {
            return true;
        }
    }
    return false;
}

static Status run(Redis *redis, int64_t deadline_us)
{
    Status status = connect_if_down(redis, deadline_us);

    if (!status_failed(status)) {
        status = redis->commands.failed ? status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED")
                                        : fill_hashes(redis, deadline_us);
    }
    for (size_t i = 0; i < redis->pending_count; i++) {
        redis->targets[i] = &redis->replies[i];
    }
    if (!status_failed(status)) {
        status =
            exchange(redis, &redis->commands, redis->targets, redis->pending_count, deadline_us);
    }
    if (!status_failed(status)) {
        status = repeat_forgotten(redis, deadline_us);
    }
    for (size_t i = 0; !status_failed(status) && i < redis->pending_count; i++) {
        if (says_down(&redis->replies[i])) {
            fail(redis, redis->replies[i].text);
            status = down();
        }
    }
    return status;
}

Status redis_run(Redis *redis, const RedisReply **ret_replies, size_t *ret_count)
{
    int64_t deadline_us = clock_monotonic_us(redis->clock) + redis->timeout_ms * US_PER_MS;
    Status status = status_ok();

    arena_reset(&redis->arena);
    if (redis->pending_count > 0) {
        status = run(redis, deadline_us);
        bool up = !status_failed(status);
        atomic_store_explicit(&redis->up, up, memory_order_relaxed);
        redis->backoff_ms = up ? 0 : redis->backoff_ms;
    }
    if (!status_failed(status)) {
        *ret_replies = redis->replies;
        *ret_count = redis->pending_count;
    }
    redis->pending_count = 0;
    redis_commands_clear(&redis->commands);
    return status;
}
