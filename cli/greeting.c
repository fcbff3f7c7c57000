/* greeting.c - a server that is ready says so in its own protocol, not by accepting. */
#include "cli/greeting.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"

enum {
    ANSWER_MAX = 64,
    PAUSE_MS = 20,
};

static bool greet(int one, const void *words, size_t size, const void *expected,
                  size_t expected_size)
{
    char answer[ANSWER_MAX];
    size_t got = 0;

    if (send(one, words, size, MSG_NOSIGNAL) != (ssize_t)size) {
        return false;
    }
    while (got < expected_size) {
        ssize_t more = recv(one, &answer[got], expected_size - got, 0);
        if (more <= 0) {
            return false;
        }
        got += (size_t)more;
    }
    return memcmp(answer, expected, expected_size) == 0;
}

static bool try_once(uint16_t port, const void *words, size_t size, const void *expected,
                     size_t expected_size)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval patience = { .tv_sec = 1 };
    int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (one < 0 || expected_size > ANSWER_MAX) {
        return false;
    }
    (void)setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    bool good = connect(one, (const struct sockaddr *)&address, sizeof address) == 0 &&
                greet(one, words, size, expected, expected_size);
    (void)close(one);
    return good;
}

void greeting_pause(void)
{
    (void)nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * INT64_C(1000000) }, NULL);
}

bool greeting_await(uint16_t port, const void *words, size_t size, const void *expected,
                    size_t expected_size, int seconds_max)
{
    int64_t deadline_us = clock_monotonic_us(clock_system()) + seconds_max * US_PER_S;

    while (!try_once(port, words, size, expected, expected_size)) {
        if (clock_monotonic_us(clock_system()) > deadline_us) {
            return false;
        }
        greeting_pause();
    }
    return true;
}
