#include "common/amqp/amqp_link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#if __has_include(<rabbitmq-c/tcp_socket.h>)
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_tcp_socket.h>
#endif

#include "common/base/clock.h"
#include "common/runtime/log.h"

enum {
    CONNECT_TIMEOUT_S = 3,
    RPC_TIMEOUT_S = 10,
    GOODBYE_TIMEOUT_S = 1,
    FRAME_SIZE_MAX = 131072,
    /* A send that the peer does not take, as under a memory alarm, ends after this. */
    SEND_TIMEOUT_MS = 15000,
    /* A connection that lived this long was a good one: begin the back-off anew. */
    GOOD_LIFE_S = 5,
};

static int64_t now_us(void)
{
    return clock_monotonic_us(clock_system());
}

Status amqp_link_open(const char *url, AmqpLink **ret_link)
{
    AmqpLink *link = calloc(1, sizeof *link);

    if (link == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    link->url = strdup(url);
    link->backoff_us = AMQP_LINK_BACKOFF_MIN_MS * US_PER_MS;
    if (link->url == NULL || amqp_parse_url(link->url, &link->info) != AMQP_STATUS_OK ||
        link->info.ssl) {
        amqp_link_close(link);
        return status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
    }
    *ret_link = link;
    return status_ok();
}

/* Lets go of the connection without a word. */
static void drop(AmqpLink *link)
{
    if (link->state != NULL) {
        amqp_destroy_connection(link->state);
        link->state = NULL;
    }
}

void amqp_link_close(AmqpLink *link)
{
    struct timeval timeout = { .tv_sec = GOODBYE_TIMEOUT_S };

    if (link == NULL) {
        return;
    }
    if (link->state != NULL && amqp_set_rpc_timeout(link->state, &timeout) == AMQP_STATUS_OK) {
        amqp_connection_close(link->state, AMQP_REPLY_SUCCESS);
    }
    drop(link);
    free(link->url);
    free(link);
}

/* After this the next attempt has to wait, each time longer. */
static void back_off(AmqpLink *link)
{
    link->retry_at_us = now_us() + link->backoff_us;
    link->backoff_us *= 2;
    if (link->backoff_us > AMQP_LINK_BACKOFF_MAX_MS * US_PER_MS) {
        link->backoff_us = AMQP_LINK_BACKOFF_MAX_MS * US_PER_MS;
    }
}

void amqp_link_lose(AmqpLink *link, const char *why)
{
    if (link->state == NULL) {
        return;
    }
    log_warn("amqp.lost", "host=%s port=%d reason=%s", link->info.host, link->info.port, why);
    drop(link);
    if (now_us() - link->connected_at_us > GOOD_LIFE_S * US_PER_S) {
        link->backoff_us = AMQP_LINK_BACKOFF_MIN_MS * US_PER_MS;
    }
    back_off(link);
}

static bool is_normal(amqp_rpc_reply_t reply)
{
    return reply.reply_type == AMQP_RESPONSE_NORMAL;
}

/* Without these capabilities the broker would never say that it is blocked, nor that a
 * queue we consume from has gone. */
static bool log_in(AmqpLink *link)
{
    amqp_table_entry_t capabilities[] = {
        { .key = amqp_cstring_bytes("connection.blocked"),
          .value = { .kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1 } },
        { .key = amqp_cstring_bytes("consumer_cancel_notify"),
          .value = { .kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1 } },
    };
    amqp_table_entry_t entries[] = {
        { .key = amqp_cstring_bytes("capabilities"),
          .value = { .kind = AMQP_FIELD_KIND_TABLE,
                     .value.table = { sizeof capabilities / sizeof capabilities[0],
                                      capabilities } } },
        { .key = amqp_cstring_bytes("product"),
          .value = { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("jumun") } },
    };
    amqp_table_t properties = { sizeof entries / sizeof entries[0], entries };

    return is_normal(amqp_login_with_properties(
        link->state, link->info.vhost, 0, FRAME_SIZE_MAX, AMQP_LINK_HEARTBEAT_S, &properties,
        AMQP_SASL_METHOD_PLAIN, link->info.user, link->info.password));
}

static bool open_channel(AmqpLink *link)
{
    amqp_channel_open(link->state, AMQP_LINK_CHANNEL);
    return is_normal(amqp_get_rpc_reply(link->state));
}

/* Returns what failed, NULL if nothing did. */
static const char *establish(AmqpLink *link)
{
    struct timeval connect_timeout = { .tv_sec = CONNECT_TIMEOUT_S };
    struct timeval rpc_timeout = { .tv_sec = RPC_TIMEOUT_S };
    unsigned send_timeout_ms = SEND_TIMEOUT_MS;
    amqp_socket_t *socket;

    link->state = amqp_new_connection();
    socket = link->state == NULL ? NULL : amqp_tcp_socket_new(link->state);
    if (socket == NULL || amqp_set_handshake_timeout(link->state, &connect_timeout) != 0 ||
        amqp_set_rpc_timeout(link->state, &rpc_timeout) != 0) {
        return "memory";
    }
    if (amqp_socket_open_noblock(socket, link->info.host, link->info.port, &connect_timeout) != 0) {
        return "connect";
    }
    if (setsockopt(amqp_get_sockfd(link->state), IPPROTO_TCP, TCP_USER_TIMEOUT, &send_timeout_ms,
                   sizeof send_timeout_ms) != 0) {
        return "socket option";
    }
    if (!log_in(link)) {
        return "login";
    }
    if (!open_channel(link)) {
        return "channel";
    }
    return topology_declare(link->state) ? NULL : "topology";
}

Status amqp_link_connect(AmqpLink *link)
{
    const char *failed;

    if (link->state != NULL) {
        return status_ok();
    }
    if (now_us() < link->retry_at_us) {
        return status_make(STATUS_UNAVAILABLE, "BROKER_DOWN");
    }
    failed = establish(link);
    if (failed != NULL) {
        log_warn("amqp.connect_failed", "host=%s port=%d step=%s", link->info.host, link->info.port,
                 failed);
        drop(link);
        back_off(link);
        return status_make(STATUS_UNAVAILABLE, "BROKER_DOWN");
    }
    link->connected_at_us = now_us();
    return status_ok();
}

bool amqp_link_reopen_channel(AmqpLink *link)
{
    amqp_channel_close_ok_t ok = { 0 };

    if (amqp_send_method(link->state, AMQP_LINK_CHANNEL, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok) != 0 ||
        !open_channel(link)) {
        amqp_link_lose(link, "channel closed");
        return false;
    }
    return true;
}

static int read_now(AmqpLink *link, amqp_frame_t *ret_frame)
{
    struct timeval none = { 0 };

    return amqp_simple_wait_frame_noblock(link->state, ret_frame, &none);
}

int amqp_link_read(AmqpLink *link, int timeout_ms, int wake_fd, amqp_frame_t *ret_frame)
{
    struct pollfd fds[] = {
        { .fd = amqp_get_sockfd(link->state), .events = POLLIN },
        { .fd = wake_fd, .events = POLLIN }, /* -1 is left out by poll */
    };
    int result;

    amqp_maybe_release_buffers(link->state);
    /* What rabbitmq-c holds already would not make the socket readable. */
    result = read_now(link, ret_frame);
    if (result != AMQP_STATUS_TIMEOUT || timeout_ms == 0) {
        return result;
    }
    if (poll(fds, sizeof fds / sizeof fds[0], timeout_ms) <= 0 || fds[0].revents == 0) {
        return AMQP_STATUS_TIMEOUT;
    }
    return read_now(link, ret_frame);
}

bool amqp_link_heartbeat(AmqpLink *link)
{
    amqp_frame_t frame = { .frame_type = AMQP_FRAME_HEARTBEAT, .channel = 0 };

    return amqp_send_frame(link->state, &frame) == AMQP_STATUS_OK;
}
