/* order_api_fixture.h - OrderService over real RPC, with the use cases over an order world,
 * and calls to it. Asserts are the checks. */
#ifndef JUMUN_TESTS_THREAD_SERVICES_ORDER_ORDER_API_FIXTURE_H
#define JUMUN_TESTS_THREAD_SERVICES_ORDER_ORDER_API_FIXTURE_H

#include "jumun/order/v1/order.pb-c.h"
#include "services/order/api/order_api.h"
#include "services/order/api/order_lookups.h"
#include "services/order/api/order_placing.h"
#include "tests/support/order_world.h"
#include "tests/support/rpc_fixture.h"

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

enum {
    PLACE_ORDER,
    GET_ORDER,
    LIST_ORDERS,
    GET_TIMELINE, /* indices in the service */
    LINES_MAX = 101,
};

typedef struct WorldReads {
    OrderReads port;
    OrderWorld *world;
} WorldReads;

typedef struct Served {
    OrderWorld *world;
    char url[FIXTURE_URL_SIZE];
    Catalog slow_catalog; /* the world's, which waits while `shut` */
    atomic_bool shut;
    atomic_size_t handled; /* PlaceOrder calls on their way to the batcher */
    IdSource ids;
    OrderCodeKeys code_keys;
    WorldReads reads;
    OrderPlacing placing;
    OrderLookups lookups;
    OrderLookups listings;
    OrderApi api;
    RpcServer *server;
    RpcClient *client;
} Served;

Served *serve(void);
void stop(Served *served);

/* A connection of its own; close it before `stop`. */
RpcClient *open_client(const Served *served);

/* One call, with all it says and gets. */
typedef struct Call {
    Arena arena;
    RpcClientCall call;
} Call;

/* Sends the call with what it already says and waits; returns the reply, NULL after a
 * failure. The caller deinitialises its arena. */
const void *send_by(RpcClient *client, Call *call, unsigned method,
                    const ProtobufCMessage *message);
const void *send_call(Served *served, Call *call, unsigned method, const ProtobufCMessage *message);

/* A PlaceOrder request. */
typedef struct Cart {
    Jumun__Order__V1__PlaceOrderRequest request;
    Jumun__Order__V1__PlaceOrderRequest__Line lines[LINES_MAX];
    Jumun__Order__V1__PlaceOrderRequest__Line *list[LINES_MAX];
    Jumun__Order__V1__PlaceOrderRequest__Payment payment;
} Cart;

void cart_init(Cart *cart);
void cart_add(Cart *cart, uint64_t product, uint32_t quantity);

/* Places it for the member, by another client or by the served one; as `send_by`. */
const Jumun__Order__V1__Order *place_by(RpcClient *client, Call *call, const Cart *cart,
                                        uint64_t member, const char *key);
const Jumun__Order__V1__Order *place(Served *served, Call *call, const Cart *cart, uint64_t member,
                                     const char *key);

#endif
