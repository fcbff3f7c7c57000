/* fake_server.c - one thread, one connection after the other. */
#include "tests/integration/common/redis/fake_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct FakeServer {
    const FakeTurn *turns;
    size_t count;
    int listener;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool holds; /* a turn stands still */
};

/* True when the client has closed within the time. */
static bool client_goes(int fd, int wait_ms)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    char bytes[4096];

    while (poll(&poll_fd, 1, wait_ms) > 0) {
        if (recv(fd, bytes, sizeof bytes, 0) <= 0) {
            return true;
        }
    }
    return false;
}

/* False if the client went before it had said that much. */
static bool take_commands(int fd, size_t wanted)
{
    char bytes[4096];
    size_t commands = 0;

    do {
        ssize_t size = recv(fd, bytes, sizeof bytes, 0);

        if (size <= 0) {
            return false;
        }
        for (ssize_t i = 0; i < size; i++) {
            commands += bytes[i] == '*'; /* begins a command; the words here have none */
        }
    } while (commands < wanted);
    return true;
}

static void hold(FakeServer *server)
{
    pthread_mutex_lock(&server->lock);
    server->holds = true;
    pthread_cond_broadcast(&server->moved);
    while (server->holds) {
        pthread_cond_wait(&server->moved, &server->lock);
    }
    pthread_mutex_unlock(&server->lock);
}

/* True if the next turn may go on with the connection. */
static bool play(FakeServer *server, int fd, const FakeTurn *turn)
{
    size_t size = strlen(turn->answer);
    size_t step = turn->drips ? 1 : size;

    if (!take_commands(fd, turn->commands)) {
        return false;
    }
    if (turn->held) {
        hold(server);
    }
    for (size_t at = 0; at < size; at += step) {
        if (send(fd, turn->answer + at, step, MSG_NOSIGNAL) < 0) {
            return false;
        }
        if (turn->drips && client_goes(fd, 10)) {
            return false;
        }
    }
    if (!turn->closes && !turn->goes_on) {
        (void)client_goes(fd, -1);
    }
    return turn->goes_on;
}

static void *serve(void *context)
{
    FakeServer *server = context;
    int fd = -1;

    for (size_t i = 0; i < server->count; i++) {
        if (fd < 0) {
            fd = accept(server->listener, NULL, NULL);
        }
        if (fd < 0) {
            break;
        }
        if (!play(server, fd, &server->turns[i])) {
            close(fd);
            fd = -1;
        }
    }
    return NULL;
}

FakeServer *fake_server_open(const FakeTurn *turns, size_t count, char ret_url[FAKE_URL_SIZE])
{
    FakeServer *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;

    assert(server != NULL);
    server->turns = turns;
    server->count = count;
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->moved, NULL);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert(server->listener >= 0);
    int bound = bind(server->listener, (struct sockaddr *)&address, sizeof address);
    assert(bound == 0);
    int listening = listen(server->listener, 8);
    assert(listening == 0);
    int named = getsockname(server->listener, (struct sockaddr *)&address, &size);
    assert(named == 0);
    (void)snprintf(ret_url, FAKE_URL_SIZE, "redis://127.0.0.1:%d", ntohs(address.sin_port));
    int started = pthread_create(&server->thread, NULL, serve, server);
    assert(started == 0);
    return server;
}

void fake_server_await_held(FakeServer *server)
{
    pthread_mutex_lock(&server->lock);
    while (!server->holds) {
        pthread_cond_wait(&server->moved, &server->lock);
    }
    pthread_mutex_unlock(&server->lock);
}

void fake_server_let_go(FakeServer *server)
{
    pthread_mutex_lock(&server->lock);
    server->holds = false;
    pthread_cond_broadcast(&server->moved);
    pthread_mutex_unlock(&server->lock);
}

void fake_server_close(FakeServer *server)
{
    /* Wakes the thread if it waits for a connection that will not come. */
    (void)shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    pthread_cond_destroy(&server->moved);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
