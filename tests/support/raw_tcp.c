#include "tests/support/raw_tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PATIENCE_S = 20,
};

int raw_tcp_send(uint16_t port, const void *bytes, size_t size)
{
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons(port),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
        send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size) {
        return fd;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return -1;
}

bool raw_tcp_hung_up(int fd)
{
    char bytes[64];
    ssize_t got;

    do {
        got = recv(fd, bytes, sizeof bytes, 0);
    } while (got > 0);
    bool hung_up = got == 0 || errno == ECONNRESET;
    if (fd >= 0) {
        (void)close(fd);
    }
    return hung_up;
}
