/* gathered_placing.h - PlaceOrder over real RPC, in batches exactly as large as a test says:
 * calls gather until it runs them, by order_placing_run, on its own thread. The clock stands
 * still, the relay only counts nudges. Asserts are the checks. */
#ifndef JUMUN_TESTS_THREAD_SERVICES_ORDER_GATHERED_PLACING_H
#define JUMUN_TESTS_THREAD_SERVICES_ORDER_GATHERED_PLACING_H

#include <pthread.h>
#include <stdatomic.h>

#include "services/order/api/order_api.h"
#include "services/order/api/order_placing.h"
#include "tests/support/order_world.h"
#include "tests/support/rpc_fixture.h"

enum {
    LARGE = PLACE_ORDERS_MAX,
    LARGE_BATCHES_MAX = 12,
    CALLS_MAX = LARGE_BATCHES_MAX * LARGE + 64,
};

/* Hears the nudges. */
typedef struct CountingRelay {
    WakePublisher *publisher;
    WakeSubscriber *subscriber;
    atomic_size_t nudges; /* but for marks */
    _Atomic uint64_t mark;
    uint64_t next_mark; /* orders have far larger ids */
} CountingRelay;

typedef struct GatheredCall {
    Arena arena;
    RpcClientCall call;
    char key[16];
} GatheredCall;

typedef struct GatheredPlacing {
    OrderWorld *world;
    MovedClock clock;
    IdSource ids;
    OrderPressure pressure;
    OrderPlacing placing;
    OrderApi api;
    CountingRelay relay;
    RpcServer *server;
    RpcClient *client;
    pthread_mutex_t lock; /* guards the two below */
    BatchJob *gathered[CALLS_MAX];
    size_t gathered_count;
    GatheredCall calls[CALLS_MAX];
    size_t asked;
    atomic_size_t answered;
} GatheredPlacing;

/* With pressure and a relay. `start` asks for so many large batches; their calls come as
 * earlier ones are placed. `stop` wants all of them answered, and well. */
GatheredPlacing *serve_gathered(void);
void start_gathered(GatheredPlacing *served, size_t large_batches);
void stop_gathered(GatheredPlacing *served);

/* Runs a batch of exactly so many of the calls asked for; returns the nudges for it. */
size_t place_gathered(GatheredPlacing *served, size_t count);

/* Asks for one more order, and places it alone. */
size_t place_one(GatheredPlacing *served);

#endif
