/* redis_link.c - hiredis connects and parses; sending and waiting is ours. */
#include "common/redis/redis_link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/redis/redis_reply.h"
#include "common/runtime/log.h"

enum {
    READ_SIZE = 16 * 1024,
    REPLY_BLOCK = 16 * 1024,
    HANDSHAKE_MAX = 2, /* AUTH, SELECT */
    BACKOFF_MIN_MS = 50,
    BACKOFF_MAX_MS = 1000,
};

/* Commands and where their answers go. */
typedef struct Exchange {
    const char *bytes;
    size_t size;
    size_t sent;
    RedisReplies replies;
    int64_t deadline_us;
} Exchange;

static void disconnect(RedisLink *link)
{
    if (link->context != NULL) {
        redisFree(link->context);
    }
    if (link->reader != NULL) {
        redisReaderFree(link->reader);
    }
    link->context = NULL;
    link->reader = NULL;
}

void redis_link_init(RedisLink *link, const RedisUrl *url, const Clock *clock)
{
    *link = (RedisLink){ .url = *url, .clock = clock };
    arena_init(&link->replies, REPLY_BLOCK, REDIS_REPLY_BYTES_MAX);
}

void redis_link_deinit(RedisLink *link)
{
    disconnect(link);
    arena_deinit(&link->replies);
}

void redis_link_fail(RedisLink *link, const char *reason)
{
    disconnect(link);
    link->backoff_ms = link->backoff_ms == 0 ? BACKOFF_MIN_MS : link->backoff_ms * 2;
    if (link->backoff_ms > BACKOFF_MAX_MS) {
        link->backoff_ms = BACKOFF_MAX_MS;
    }
    link->retry_at_us = clock_monotonic_us(link->clock) + link->backoff_ms * US_PER_MS;
    log_warn("redis.down", "host=%s port=%d reason=%s", link->url.host, link->url.port, reason);
}

void redis_link_succeed(RedisLink *link)
{
    link->backoff_ms = 0;
}

/* Milliseconds until the deadline, rounded up; 0 when it has passed. */
static int remaining_ms(const RedisLink *link, int64_t deadline_us)
{
    int64_t left_us = deadline_us - clock_monotonic_us(link->clock);

    return left_us <= 0 ? 0 : (int)((left_us + US_PER_MS - 1) / US_PER_MS);
}

static bool would_block(ssize_t moved)
{
    return moved < 0 && (errno == EAGAIN || errno == EINTR);
}

/* NULL, or why the connection is of no more use. */
static const char *send_some(RedisLink *link, Exchange *exchange)
{
    ssize_t sent = send(link->context->fd, exchange->bytes + exchange->sent,
                        exchange->size - exchange->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0 && !would_block(sent)) {
        return "sending failed";
    }
    exchange->sent += sent < 0 ? 0 : (size_t)sent;
    return NULL;
}

static const char *receive_some(RedisLink *link, Exchange *exchange)
{
    char bytes[READ_SIZE];
    ssize_t received = recv(link->context->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (would_block(received)) {
        return NULL;
    }
    if (received <= 0) {
        return "the server closed the connection";
    }
    if (!redis_reader_feed(link->reader, bytes, (size_t)received, &exchange->replies)) {
        return "the server sent something that is no answer";
    }
    return NULL;
}

/* Sends and receives until every command is answered. NULL, or what went wrong: the
 * connection must then be dropped, because an answer may still be on its way. */
static const char *talk(RedisLink *link, Exchange *exchange)
{
    const char *reason = send_some(link, exchange);

    while (reason == NULL && exchange->replies.done < exchange->replies.count) {
        bool sending = exchange->sent < exchange->size;
        struct pollfd poll_fd = {
            .fd = link->context->fd,
            .events = (short)(sending ? POLLIN | POLLOUT : POLLIN),
        };
        int wait_ms = remaining_ms(link, exchange->deadline_us);
        int ready = wait_ms == 0 ? 0 : poll(&poll_fd, 1, wait_ms);

        if (ready == 0) {
            return "time-out";
        }
        if (ready > 0 && (poll_fd.revents & POLLOUT) != 0) {
            reason = send_some(link, exchange);
        }
        if (ready > 0 && reason == NULL && (poll_fd.revents & ~POLLOUT) != 0) {
            reason = receive_some(link, exchange);
        }
    }
    return reason;
}

/* AUTH and SELECT, if the URL asks for them. */
static const char *shake_hands(RedisLink *link, int64_t deadline_us)
{
    RedisCommands commands = { NULL, 0, 0, false };
    RedisReply replies[HANDSHAKE_MAX];
    RedisReply *targets[HANDSHAKE_MAX];
    size_t count = 0;
    char database[16];
    int size = snprintf(database, sizeof database, "%d", link->url.database);

    if (link->url.password[0] != '\0') {
        redis_commands_begin(&commands, 2);
        redis_commands_word(&commands, "AUTH", 4);
        redis_commands_word(&commands, link->url.password, strlen(link->url.password));
        targets[count] = &replies[count];
        count++;
    }
    if (link->url.database != 0) {
        redis_commands_begin(&commands, 2);
        redis_commands_word(&commands, "SELECT", 6);
        redis_commands_word(&commands, database, (size_t)size);
        targets[count] = &replies[count];
        count++;
    }
    const char *reason = commands.failed ? "no memory" : NULL;
    if (reason == NULL && count > 0) {
        reason = talk(link, &(Exchange){
                                .bytes = commands.bytes,
                                .size = commands.size,
                                .replies = { &link->replies, targets, count, 0 },
                                .deadline_us = deadline_us,
                            });
    }
    for (size_t i = 0; reason == NULL && i < count; i++) {
        reason = replies[i].type == REDIS_ERROR ? "password or database refused" : NULL;
    }
    redis_commands_deinit(&commands);
    return reason;
}

static const char *make_connection(RedisLink *link, int64_t deadline_us)
{
    int wait_ms = remaining_ms(link, deadline_us);
    struct timeval wait = {
        .tv_sec = wait_ms / 1000,
        .tv_usec = wait_ms % 1000 * US_PER_MS,
    };

    link->context = redisConnectWithTimeout(link->url.host, link->url.port, wait);
    link->reader = redis_reader_open();
    if (link->context == NULL || link->reader == NULL) {
        return "no memory";
    }
    if (link->context->err != 0) {
        return link->context->errstr;
    }
    redisEnableKeepAlive(link->context);
    return shake_hands(link, deadline_us);
}

/* True if the peer has closed since the last run, or has said something unasked. */
static bool has_gone(const RedisLink *link)
{
    char byte;
    ssize_t received = recv(link->context->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

    return !would_block(received);
}

Status redis_link_connect(RedisLink *link, int64_t deadline_us)
{
    if (link->context != NULL && has_gone(link)) {
        disconnect(link);
    }
    if (link->context != NULL) {
        return status_ok();
    }
    if (clock_monotonic_us(link->clock) < link->retry_at_us) {
        return status_make(STATUS_UNAVAILABLE, "REDIS_DOWN");
    }
    const char *reason = make_connection(link, deadline_us);
    if (reason != NULL) {
        char copy[sizeof link->context->errstr];
        /* The text may live in the connection that `fail` frees. */
        (void)snprintf(copy, sizeof copy, "%s", reason);
        redis_link_fail(link, copy);
        return status_make(STATUS_UNAVAILABLE, "REDIS_DOWN");
    }
    return status_ok();
}

Status redis_link_exchange(RedisLink *link, const RedisCommands *commands,
                           RedisReply *const *targets, size_t count, int64_t deadline_us)
{
    if (commands->failed) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    const char *reason = talk(link, &(Exchange){
                                        .bytes = commands->bytes,
                                        .size = commands->size,
                                        .replies = { &link->replies, targets, count, 0 },
                                        .deadline_us = deadline_us,
                                    });
    if (reason != NULL) {
        redis_link_fail(link, reason);
        return status_make(STATUS_UNKNOWN, "REDIS_LOST");
    }
    return status_ok();
}
