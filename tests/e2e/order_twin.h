/* order_twin.h - a second process of the order service beside the stack's own: the same
 * program with the same environment, so the same database, Redis and broker, but ports of
 * its own. Failures end the test program; the twin then ends with it. One thread. */
#ifndef JUMUN_TESTS_E2E_ORDER_TWIN_H
#define JUMUN_TESTS_E2E_ORDER_TWIN_H

#include <sys/types.h>

#include "tests/e2e/stack.h"

enum {
    ORDER_TWIN_URL_SIZE = 64
};

typedef struct OrderTwin {
    pid_t pid;
    char rpc_url[ORDER_TWIN_URL_SIZE];
} OrderTwin;

/* Returns when the twin says that it is ready. */
void order_twin_start(Stack *stack, OrderTwin *ret_twin);

/* Asks the twin to stop, and expects that it does so cleanly. */
void order_twin_stop(OrderTwin *twin);

#endif
