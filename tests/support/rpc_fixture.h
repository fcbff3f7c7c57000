/* rpc_fixture.h - a product service that does what its test says, and calls to it.
 *
 * Asserts are the checks: a failure ends the program. Nothing here sleeps for a fixed
 * time; `eventually` looks again every millisecond and gives up after ten seconds. */
#ifndef JUMUN_TESTS_SUPPORT_RPC_FIXTURE_H
#define JUMUN_TESTS_SUPPORT_RPC_FIXTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/rpc/rpc_client.h"
#include "common/rpc/rpc_server.h"
#include "jumun/product/v1/product.pb-c.h"

enum {
    METHOD_CREATE = 0, /* indices in the product service */
    METHOD_GET = 1,
    FIXTURE_URL_SIZE = 64,
    FIXTURE_MESSAGES_MAX = 8,
    LONG_S = 20, /* a deadline that a passing test never meets */
};

#define GET_PRODUCT "jumun.product.v1.ProductService/GetProduct"

typedef struct NamedTest {
    const char *name;
    void (*run)(void);
} NamedTest;

/* Runs them one after the other and prints their names. */
int run_tests(const NamedTest *tests, size_t count);

/* "gateway" (two keys), "order", and "stranger", who may call nothing but Health. */
const CallerKeyring *fixture_keyring(void);

/* An address of the loopback that is free now. */
void fixture_url(char ret_url[FIXTURE_URL_SIZE]);

/* A clock that stands still until it is moved; its wall clock is the machine's. */
typedef struct MovedClock {
    Clock clock;
    _Atomic int64_t monotonic_us;
} MovedClock;

void moved_clock_init(MovedClock *moved);

/* Serves every method with the handler; callers "gateway order". clock and metrics may be
 * NULL. */
typedef struct ServeOptions {
    const char *url;
    RpcHandler *handler;
    void *service;
    const Clock *clock;
    Metrics *metrics;
    bool (*ready)(void *context);
    void *ready_context;
} ServeOptions;

RpcServer *fixture_serve(const ServeOptions *options);

/* Answers GetProduct with the id that was asked for. */
void echo(void *service, RpcCall *const *calls, size_t count);
void echo_one(RpcCall *call);
uint64_t asked_product(const RpcCall *call);

RpcClient *fixture_connect(const char *urls, const char *caller, size_t queue_max);

/* A GetProduct call with all it needs. */
typedef struct Asked {
    RpcClientCall call;
    Arena arena;
    Jumun__Product__V1__GetProductRequest request;
    atomic_int done; /* how often `done` ran */
} Asked;

void asked_init(Asked *asked, uint64_t product, int64_t timeout_us);
void asked_deinit(Asked *asked);

/* Starts it; `done` counts. */
void ask(RpcClient *client, Asked *asked);
void await(Asked *asked);
uint64_t answered_product(const Asked *asked);

/* Asks for one product and waits; answers the status, OK only if the product came. */
StatusCode ask_and_wait(RpcClient *client, uint64_t product, int64_t timeout_us);

bool eventually(bool (*holds)(void *context), void *context);

/* Starts this program again as `program serve url`, its standard output in the pipe. */
typedef struct Child {
    pid_t pid;
    int output; /* read end */
} Child;

Child spawn_server(const char *url);
void kill_child(Child *child);
void stop_child(const Child *child); /* SIGSTOP; it stands still when this returns */

/* The bytes that came so far; waits for none. */
size_t read_output(const Child *child, char *buffer, size_t size);

#endif
