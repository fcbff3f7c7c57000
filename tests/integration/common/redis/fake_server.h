/* fake_server.h - a TCP server in the place of Redis that answers by a script, wrongly if
 * it says so. A thread of its own; functions from any other. */
#ifndef JUMUN_TESTS_INTEGRATION_COMMON_REDIS_FAKE_SERVER_H
#define JUMUN_TESTS_INTEGRATION_COMMON_REDIS_FAKE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

enum {
    FAKE_URL_SIZE = 64
};

typedef struct FakeTurn {
    const char *answer; /* sent when the first bytes have come; "" = never answers */
    size_t commands;    /* answers only when so many have come; 0: when any bytes have */
    bool held;          /* and only when it is let go */
    bool drips;         /* byte by byte, 10 ms apart, until the client goes */
    bool closes;        /* after the answer, instead of waiting for the client to go */
    bool goes_on;       /* the next turn is on the same connection */
} FakeTurn;

typedef struct FakeServer FakeServer;

/* Turns are borrowed until close. */
FakeServer *fake_server_open(const FakeTurn *turns, size_t count, char ret_url[FAKE_URL_SIZE]);

/* Waits until a held turn could answer; and lets it. */
void fake_server_await_held(FakeServer *server);
void fake_server_let_go(FakeServer *server);

/* Waits until every turn has been played: connect once more if one is left. */
void fake_server_close(FakeServer *server);

#endif
