/* fake_server.h - a TCP server that answers wrongly: one scripted turn per connection. */
#ifndef JUMUN_TESTS_INTEGRATION_COMMON_REDIS_FAKE_SERVER_H
#define JUMUN_TESTS_INTEGRATION_COMMON_REDIS_FAKE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

enum {
    FAKE_URL_SIZE = 64
};

typedef struct FakeTurn {
    const char *answer; /* sent when the first bytes have come; "" = never answers */
    bool drips;         /* byte by byte, 10 ms apart, until the client goes */
    bool closes;        /* after the answer, instead of waiting for the client to go */
} FakeTurn;

typedef struct FakeServer FakeServer;

/* Turns are borrowed until close. */
FakeServer *fake_server_open(const FakeTurn *turns, size_t count, char ret_url[FAKE_URL_SIZE]);

/* Waits until every turn has been played: connect once more if one is left. */
void fake_server_close(FakeServer *server);

#endif
