/* product_api_fixture.h - ProductService over real RPC, on fakes, and calls to it. One at a
 * time. Asserts are the checks. Plain programs: they link nng. */
#ifndef JUMUN_TESTS_THREAD_SERVICES_PRODUCT_PRODUCT_API_FIXTURE_H
#define JUMUN_TESTS_THREAD_SERVICES_PRODUCT_PRODUCT_API_FIXTURE_H

#include "tests/support/fake_product_store.h"
#include "tests/support/rpc_fixture.h"

enum {
    CREATE,
    GET,
    BATCH_GET,
    LIST,
    UPDATE,
    ARCHIVE,
    ADJUST_STOCK,
    DECREASE_STOCK,
    GET_STOCK, /* indices in the service */
};

/* What it stands on, and two callers. */
typedef struct ProductApiFixture {
    FakeProductStore store;
    FakeStockGate gate;
    RpcClient *gateway;
    RpcClient *order;
    Arena arena; /* of all replies */
} ProductApiFixture;

extern ProductApiFixture served;

void product_api_open(void);
void product_api_close(void);

/* Calls, again until the server is there. */
Status call_as(RpcClient *client, Jumun__Rpc__V1__Role role, unsigned method,
               const ProtobufCMessage *message, RpcClientCall *call);

/* The gateway calls for an administrator. */
Status call(unsigned method, const ProtobufCMessage *message, RpcClientCall *ret_call);

bool is(Status status, StatusCode code, const char *name);

Jumun__Product__V1__CreateProductRequest creation(const char *name, int64_t price,
                                                  int64_t quantity);

/* Makes a product of 10 units; returns its id. */
uint64_t created(const char *name, int64_t price);

#endif
