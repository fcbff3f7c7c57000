/* fake_service_parts.h - what the files behind fake_services.h share; for them alone. */
#ifndef JUMUN_TESTS_SUPPORT_FAKE_SERVICE_PARTS_H
#define JUMUN_TESTS_SUPPORT_FAKE_SERVICE_PARTS_H

#include <pthread.h>

#include "tests/support/fake_services.h"

/* Of every member and product. */
#define FAKE_NAME "caf\xC3\xA9 \"x\""

enum {
    KEPT_MAX = 16
};

struct FakeServices {
    unsigned first_port;
    const CallerKeyring *keyring;
    RpcServer *member;
    RpcServer *product;
    RpcServer *order;
    RpcServer *payment;
    WakePublisher *wake;
    pthread_mutex_t lock; /* guards the rest */
    FakeSeen seen;
    bool sessions_ended;
    Jumun__Order__V1__OrderStatus status;
    uint32_t version;
    RpcCall *kept[KEPT_MAX];
    size_t kept_count;
};

/* The methods of a service; their `service` is the FakeServices. */
extern const RpcMethod fake_member_methods[];
extern const size_t fake_member_method_count;
extern const RpcMethod fake_product_methods[];
extern const size_t fake_product_method_count;
extern const RpcMethod fake_order_methods[];
extern const size_t fake_order_method_count;

#endif
