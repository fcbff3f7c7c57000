/* placing.h - a PlaceOrder call with all it says and gets, as the gateway makes it for a
 * member: one line of one product, paid by a good token. Failures end the test program. */
#ifndef JUMUN_TESTS_E2E_PLACING_H
#define JUMUN_TESTS_E2E_PLACING_H

#include <stdbool.h>

#include "common/base/id.h"
#include "common/crypto/token.h"
#include "common/rpc/rpc_client.h"
#include "jumun/order/v1/order.pb-c.h"

/* Who orders what. */
typedef struct PlacingSubject {
    MemberId member;
    ProductId product;
} PlacingSubject;

typedef struct Placing {
    RpcClientCall call;
    Arena arena;
    MemberId member;
    Jumun__Order__V1__PlaceOrderRequest request;
    Jumun__Order__V1__PlaceOrderRequest__Line line;
    Jumun__Order__V1__PlaceOrderRequest__Line *lines[1];
    Jumun__Order__V1__PlaceOrderRequest__Payment payment;
    char key[32];
    char body[256]; /* the same as JSON */
    uint8_t hash[BODY_HASH_SIZE];
    bool again; /* it was told to try again, and did */
} Placing;

/* A connection to an order service, as its gateway. The keyring is borrowed until close. */
RpcClient *placing_client_open(const char *url, const CallerKeyring *keyring);

void placing_init(Placing *placing, const PlacingSubject *subject, const char *key,
                  uint32_t quantity);
void placing_deinit(Placing *placing);

/* Makes it ready to be sent, perhaps once more. */
void placing_prepare(Placing *placing);

/* Sends it, and again for as long as the answer is that this is to be done. */
void placing_send(RpcClient *service, Placing *placing);

/* The same, of one that was sent. */
void placing_persist(RpcClient *service, Placing *placing);

/* It became an order, or found the one that it was. */
const Jumun__Order__V1__Order *placing_expect_order(const Placing *placing);

/* The same to the last byte, but for the mark that it was given before. */
void placing_expect_same(const Placing *left, const Placing *right);

/* It was told that its key belongs to another request. */
bool placing_is_reuse(const Placing *placing);

#endif
