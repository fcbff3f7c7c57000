/* payment_api.h - the calls of PaymentService. A payment is shown to the member who owes
 * it and to administrators; to others it does not exist. */
#ifndef JUMUN_SERVICES_PAYMENT_API_PAYMENT_API_H
#define JUMUN_SERVICES_PAYMENT_API_PAYMENT_API_H

#include "common/base/clock.h"
#include "common/rpc/rpc_server.h"
#include "common/runtime/pool.h"
#include "services/payment/app/payment_ports.h"

/* What a thread of the pool owns. */
typedef struct PaymentReader {
    PaymentStore *store;
    const Clock *clock;
    PaymentBook book;
} PaymentReader;

typedef struct PaymentApi {
    Pool *readers; /* its workers are PaymentReaders */
} PaymentApi;

enum {
    PAYMENT_API_METHOD_COUNT = 1
};

/* For RpcServerOptions; the service is a PaymentApi. */
extern const RpcMethod payment_api_methods[PAYMENT_API_METHOD_COUNT];

#endif
