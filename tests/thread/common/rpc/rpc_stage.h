/* rpc_stage.h - a server and a client that are both well, and a handler that keeps calls
 * until the test lets them go. */
#ifndef JUMUN_TESTS_THREAD_COMMON_RPC_RPC_STAGE_H
#define JUMUN_TESTS_THREAD_COMMON_RPC_RPC_STAGE_H

#include <pthread.h>

#include "tests/support/rpc_fixture.h"

typedef struct Stage {
    char url[FIXTURE_URL_SIZE];
    RpcServer *server;
    RpcClient *client;
} Stage;

/* The client is "gateway". */
void stage_open(Stage *stage, RpcHandler *handler, void *service, size_t queue_max);
void stage_close(Stage *stage);

/* Keeps calls until the test lets them go. */
typedef struct Parking {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    RpcCall *calls[256];
    size_t count;
    size_t messages;
} Parking;

Parking empty_parking(void);

/* The handler; its service is the Parking. */
void park(void *service, RpcCall *const *calls, size_t count);

void await_parked(Parking *parking, size_t count);

/* Answers the calls first..first+count-1, in reverse. */
void release_parked(Parking *parking, size_t first, size_t count);

/* Fills all contexts of the channel with a parked call each, so that more calls queue. */
void fill_contexts(Stage *stage, Parking *parking, Asked *asked);

/* What a handler has got. */
typedef struct Tally {
    atomic_size_t messages;
    atomic_size_t calls;
    atomic_size_t largest;
} Tally;

#endif
