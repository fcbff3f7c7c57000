#include "tests/support/tcp_proxy.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct Pair {
    int client; /* -1: free */
    int server;
} Pair;

struct TcpProxy {
    uint16_t target;
    uint16_t port;
    int listener;
    int wake_fd;
    pthread_t thread;

    pthread_mutex_t lock; /* guards the orders below */
    pthread_cond_t done;
    bool closing;
    bool cut;
    bool held;
    uint8_t inject[TCP_PROXY_INJECT_MAX];
    size_t inject_size;

    Pair pairs[TCP_PROXY_PAIRS_MAX]; /* the thread's own */
};

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

static void send_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        bytes += sent;
        size -= (size_t)sent;
    }
}

/* With a reset, not a farewell. */
static void drop(Pair *pair)
{
    struct linger reset = { 1, 0 };

    if (pair->client >= 0) {
        setsockopt(pair->client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        setsockopt(pair->server, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(pair->client);
        close(pair->server);
        pair->client = -1;
    }
}

static void take(TcpProxy *proxy)
{
    struct sockaddr_in address = loopback(proxy->target);
    int client = accept(proxy->listener, NULL, NULL);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    if (connect(server, (struct sockaddr *)&address, sizeof address) != 0) {
        close(client);
        close(server);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (size_t i = 0; i < TCP_PROXY_PAIRS_MAX; i++) {
        if (proxy->pairs[i].client < 0) {
            proxy->pairs[i] = (Pair){ client, server };
            return;
        }
    }
    assert(0 && "too many connections");
}

/* Forwards what is there. False: one side has closed. */
static bool forward(int from, int to)
{
    uint8_t buffer[65536];
    ssize_t size = recv(from, buffer, sizeof buffer, 0);

    if (size <= 0) {
        return false;
    }
    send_all(to, buffer, (size_t)size);
    return true;
}

/* Does what was ordered. Returns whether the server's side is held. */
static bool obey(TcpProxy *proxy)
{
    bool held;

    pthread_mutex_lock(&proxy->lock);
    for (size_t i = 0; i < TCP_PROXY_PAIRS_MAX; i++) {
        if (proxy->cut) {
            drop(&proxy->pairs[i]);
        } else if (proxy->inject_size > 0 && proxy->pairs[i].client >= 0) {
            send_all(proxy->pairs[i].client, proxy->inject, proxy->inject_size);
        }
    }
    proxy->cut = false;
    proxy->inject_size = 0;
    held = proxy->held;
    pthread_cond_broadcast(&proxy->done);
    pthread_mutex_unlock(&proxy->lock);
    return held;
}

static bool is_closing(TcpProxy *proxy)
{
    bool closing;

    pthread_mutex_lock(&proxy->lock);
    closing = proxy->closing;
    pthread_mutex_unlock(&proxy->lock);
    return closing;
}

static void *proxy_main(void *context)
{
    TcpProxy *proxy = context;

    while (!is_closing(proxy)) {
        struct pollfd fds[2 + 2 * TCP_PROXY_PAIRS_MAX];
        bool held = obey(proxy);
        uint64_t count;

        fds[0] = (struct pollfd){ .fd = proxy->wake_fd, .events = POLLIN };
        fds[1] = (struct pollfd){ .fd = proxy->listener, .events = POLLIN };
        for (size_t i = 0; i < TCP_PROXY_PAIRS_MAX; i++) {
            const Pair *pair = &proxy->pairs[i];
            bool used = pair->client >= 0;

            fds[2 + 2 * i] = (struct pollfd){ .fd = used ? pair->client : -1, .events = POLLIN };
            fds[3 + 2 * i] =
                (struct pollfd){ .fd = used && !held ? pair->server : -1, .events = POLLIN };
        }
        poll(fds, sizeof fds / sizeof fds[0], -1);
        if (fds[0].revents != 0) {
            /* An order goes before data that came meanwhile. */
            assert(read(proxy->wake_fd, &count, sizeof count) == sizeof count);
            continue;
        }
        for (size_t i = 0; i < TCP_PROXY_PAIRS_MAX; i++) {
            Pair *pair = &proxy->pairs[i];
            if ((fds[2 + 2 * i].revents != 0 && !forward(pair->client, pair->server)) ||
                (fds[3 + 2 * i].revents != 0 && !forward(pair->server, pair->client))) {
                drop(pair);
            }
        }
        if (fds[1].revents != 0) {
            take(proxy);
        }
    }
    for (size_t i = 0; i < TCP_PROXY_PAIRS_MAX; i++) {
        drop(&proxy->pairs[i]);
    }
    return NULL;
}

static void wake(TcpProxy *proxy)
{
    uint64_t one = 1;

    assert(write(proxy->wake_fd, &one, sizeof one) == sizeof one);
}

TcpProxy *tcp_proxy_open(uint16_t target)
{
    TcpProxy *proxy = calloc(1, sizeof *proxy);
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;

    assert(proxy != NULL);
    proxy->target = target;
    for (size_t i = 0; i < TCP_PROXY_PAIRS_MAX; i++) {
        proxy->pairs[i].client = -1;
    }
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    proxy->wake_fd = eventfd(0, EFD_CLOEXEC);
    assert(proxy->listener >= 0 && proxy->wake_fd >= 0);
    assert(bind(proxy->listener, (struct sockaddr *)&address, sizeof address) == 0);
    assert(listen(proxy->listener, TCP_PROXY_PAIRS_MAX) == 0);
    assert(getsockname(proxy->listener, (struct sockaddr *)&address, &size) == 0);
    proxy->port = ntohs(address.sin_port);
    assert(pthread_mutex_init(&proxy->lock, NULL) == 0);
    assert(pthread_cond_init(&proxy->done, NULL) == 0);
    assert(pthread_create(&proxy->thread, NULL, proxy_main, proxy) == 0);
    return proxy;
}

void tcp_proxy_close(TcpProxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->closing = true;
    pthread_mutex_unlock(&proxy->lock);
    wake(proxy);
    pthread_join(proxy->thread, NULL);
    close(proxy->listener);
    close(proxy->wake_fd);
    pthread_mutex_destroy(&proxy->lock);
    pthread_cond_destroy(&proxy->done);
    free(proxy);
}

uint16_t tcp_proxy_port(const TcpProxy *proxy)
{
    return proxy->port;
}

void tcp_proxy_cut(TcpProxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->cut = true;
    wake(proxy);
    while (proxy->cut) {
        pthread_cond_wait(&proxy->done, &proxy->lock);
    }
    pthread_mutex_unlock(&proxy->lock);
}

void tcp_proxy_hold(TcpProxy *proxy, bool held)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->held = held;
    pthread_mutex_unlock(&proxy->lock);
    wake(proxy);
}

void tcp_proxy_inject(TcpProxy *proxy, const void *bytes, size_t size)
{
    assert(size > 0 && size <= TCP_PROXY_INJECT_MAX);
    pthread_mutex_lock(&proxy->lock);
    memcpy(proxy->inject, bytes, size);
    proxy->inject_size = size;
    wake(proxy);
    while (proxy->inject_size > 0) {
        pthread_cond_wait(&proxy->done, &proxy->lock);
    }
    pthread_mutex_unlock(&proxy->lock);
}
