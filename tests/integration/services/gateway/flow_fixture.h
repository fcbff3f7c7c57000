/* flow_fixture.h - the whole gateway, with a real Redis and real RPC, before services that
 * answer as told, and requests to it.
 *
 * Redis is named by JUMUN_TEST_REDIS_URL; without it a program says so and exits with
 * FLOW_SKIPPED. One gateway at a time; a test may close it and open another by other
 * settings. Failures end the program with their place. */
#ifndef JUMUN_TESTS_INTEGRATION_SERVICES_GATEWAY_FLOW_FIXTURE_H
#define JUMUN_TESTS_INTEGRATION_SERVICES_GATEWAY_FLOW_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/crypto/order_code.h"
#include "common/crypto/token.h"
#include "common/http/http_client.h"
#include "common/redis/login_sessions.h"
#include "common/runtime/metrics.h"
#include "tests/support/fake_services.h"
#include "tests/support/tcp_proxy.h"

enum {
    MEMBER = 8, /* the fakes call even members members, */
    ADMIN = 9,  /* odd ones admins */
    FLOW_SKIPPED = 77,
};

#define expect(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

typedef struct Flow {
    FakeServices *fake;
    TcpProxy *proxy; /* between the gateway and Redis */
    HttpClient *client;
    Redis *redis;
    Metrics *metrics; /* of all gateways */
    OrderCodeKeys code_keys;
    char member_token[TOKEN_SIZE];
    char admin_token[TOKEN_SIZE];
    char base_url[64];
} Flow;

extern Flow flow;

/* All but the gateway; false if there is no Redis to test with. */
bool flow_open(void);
void flow_close(void);

/* The gateway, as the environment says now. It is closed before `flow_close`. */
void flow_open_gateway(void);
void flow_close_gateway(void);

/* A test, and the first of every gateway: the others need it ready. */
void becomes_ready_by_itself(void);

/* A login session in Redis, for as long as one may last, or for less. */
void begin_session(uint64_t member, int role, char ret_token[TOKEN_SIZE]);
void begin_session_for(int64_t life_us, uint64_t member, int role, char ret_token[TOKEN_SIZE]);

HttpReply ask_with(HttpRequest request);
HttpReply ask(const char *method, const char *path, const char *token, const char *body);

/* Places one unit of the product, which says what the order service makes of it. */
HttpReply place(unsigned product, const char *const *headers);

/* The path of an order, good until the next call. */
const char *order_path(uint64_t id, const char *rest);

/* The last answer was this problem, with all that belongs to one. */
void expect_problem(HttpReply reply, long status, const char *code);

/* Polls until the path is answered so, at most three seconds. */
void await_status(const char *path, const char *token, long status);

#endif
