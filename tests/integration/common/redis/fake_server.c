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

static void play(int fd, const FakeTurn *turn)
{
    char bytes[4096];
    size_t size = strlen(turn->answer);
    size_t step = turn->drips ? 1 : size;

    if (recv(fd, bytes, sizeof bytes, 0) <= 0) {
        return;
    }
    for (size_t at = 0; at < size; at += step) {
        if (send(fd, turn->answer + at, step, MSG_NOSIGNAL) < 0) {
            return;
        }
        if (turn->drips && client_goes(fd, 10)) {
            return;
        }
    }
    if (!turn->closes) {
        (void)client_goes(fd, -1);
    }
}

static void *serve(void *context)
{
    FakeServer *server = context;

    for (size_t i = 0; i < server->count; i++) {
        int fd = accept(server->listener, NULL, NULL);

        if (fd < 0) {
            break;
        }
        play(fd, &server->turns[i]);
        close(fd);
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

void fake_server_close(FakeServer *server)
{
    /* Wakes the thread if it waits for a connection that will not come. */
    (void)shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    free(server);
}
