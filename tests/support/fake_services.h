/* fake_services.h - the four services behind a gateway, in one process: real RPC servers
 * with made-up answers, for tests of the gateway's flow. */
#ifndef JUMUN_TESTS_SUPPORT_FAKE_SERVICES_H
#define JUMUN_TESTS_SUPPORT_FAKE_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/crypto/mac.h"
#include "common/rpc/rpc_server.h"
#include "common/rpc/wake.h"
#include "jumun/order/v1/order.pb-c.h"

/* The product of the first line decides what PlaceOrder does. */
enum {
    ORDER_IS_PLACED = 1,
    ORDER_IS_OUT_OF_STOCK,
    ORDER_KEY_IS_REUSED,
    ORDER_KEY_IS_IN_FLIGHT,
    ORDER_IS_REPLAYED,
    ORDER_IS_INVALID,
    ORDER_IS_NEVER_ANSWERED, /* until the services close */
    ORDER_IS_UNKNOWN,
    FAKE_ORDER_ID = 4711,
    FAKE_ORDER_ABSENT = 4712, /* NOT_FOUND */
};

typedef struct FakeServices FakeServices;

/* What the last call to the order service said of itself. */
typedef struct FakeSeen {
    uint64_t member;
    int role;
    char request_key[80];
    bool has_hash;
    char trace_parent[64];
    unsigned calls;
    Jumun__Order__V1__ListOrdersRequest list; /* texts are not kept */
    uint32_t expected_version;                /* of the last UpdateProduct */
    unsigned members_asked;                   /* calls of GetMember */
} FakeSeen;

/* Serves at tcp://127.0.0.1:first_port .. + 3 (member, product, order, payment) and nudges
 * from + 4. */
FakeServices *fake_services_open(unsigned first_port, const CallerKeyring *keyring);

/* The member service alone goes away and comes back. */
void fake_services_stop_member(FakeServices *fake);
void fake_services_start_member(FakeServices *fake);

/* The order FAKE_ORDER_ID as GetOrder shows it; with a nudge, or silently. */
void fake_services_move(FakeServices *fake, Jumun__Order__V1__OrderStatus status, uint32_t version,
                        bool nudge);

/* Sessions are over from now on, as the member service sees it. */
void fake_services_end_sessions(FakeServices *fake, bool ended);

void fake_services_seen(FakeServices *fake, FakeSeen *ret_seen);

void fake_services_close(FakeServices *fake);

#endif
