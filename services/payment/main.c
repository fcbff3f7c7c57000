/* main.c - the diagram of the payment service.
 *
 *     consumer of payment.commands --> handler --> provider, then payment_db, outbox --> wake
 *     inquirer (time) --> due attempts --> provider, then payment_db, outbox --> wake
 *     RPC server --> reader (pool) --> payment_db */
#include "services/payment/service.h"

#include <stdlib.h>

#include "common/amqp/consumer.h"
#include "common/amqp/topology.h"
#include "common/crypto/mac.h"
#include "common/crypto/token.h"
#include "common/mysql/node_lease.h"
#include "common/rpc/wake.h"
#include "jumun/payment/v1/payment.pb-c.h"
#include "services/payment/adapters/mysql_payment_store.h"
#include "services/payment/adapters/provider_simulator.h"
#include "services/payment/api/payment_api.h"
#include "services/payment/api/payment_events.h"
#include "services/payment/api/payment_inquirer.h"
#include "services/payment/config.h"

enum {
    CALLS_QUEUE_MAX = 256
};

/* A thread's own way to the books and to the provider. */
typedef struct Desk {
    PaymentStore *store;
    PaymentProvider *provider;
    Payments *payments;
} Desk;

typedef struct PaymentService {
    PaymentConfig config;
    CallerKeyring keyring;
    const ServiceHost *host;
    NodeLease *lease;
    WakePublisher *wake;
    Desk handling;
    Desk inquiring;
    PaymentEvents *events;
    PaymentInquirer *inquirer;
    PaymentReader reader;
    PaymentApi api;
    Consumer *consumer;
    RpcServer *server;
} PaymentService;

static void wake(void *context)
{
    wake_publish(context, NULL, 0);
}

static Status open_store(PaymentService *payment, PaymentStore **ret_store)
{
    return mysql_payment_store_open(payment->config.db_url, node_lease_ids(payment->lease),
                                    payment->host->clock, ret_store);
}

static Status open_desk(PaymentService *payment, Desk *desk)
{
    Status status = open_store(payment, &desk->store);

    if (!status_failed(status)) {
        status = provider_simulator_open(payment->config.provider_db_url, payment->host->clock,
                                         &desk->provider);
    }
    if (status_failed(status)) {
        return status;
    }
    desk->payments = payments_open(desk->store, desk->provider, payment->host->clock);
    return desk->payments != NULL ? status_ok()
                                  : status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
}

static void close_desk(Desk *desk)
{
    payments_close(desk->payments);
    provider_simulator_close(desk->provider);
    mysql_payment_store_close(desk->store);
}

static Status open_inquirer(PaymentService *payment)
{
    Status status = open_desk(payment, &payment->inquiring);

    if (status_failed(status)) {
        return status;
    }
    return payment_inquirer_open(
        &(PaymentInquirerOptions){
            .payments = payment->inquiring.payments,
            .wake = wake,
            .wake_context = payment->wake,
        },
        &payment->inquirer);
}

static Status open_consumer(PaymentService *payment)
{
    Status status = open_desk(payment, &payment->handling);

    if (status_failed(status)) {
        return status;
    }
    status = payment_events_open(
        &(PaymentEventsOptions){
            .payments = payment->handling.payments,
            .wake = wake,
            .wake_context = payment->wake,
        },
        &payment->events);
    if (status_failed(status)) {
        return status;
    }
    return consumer_open(
        &(ConsumerOptions){
            .url = payment->config.bus_url,
            .queue = QUEUE_PAYMENT_COMMANDS,
            .run = payment_events_run,
            .context = payment->events,
            .clock = payment->host->clock,
            .metrics = payment->host->metrics,
        },
        &payment->consumer);
}

static Status open_readers(PaymentService *payment)
{
    void *workers[] = { &payment->reader };

    payment->reader.clock = payment->host->clock;
    Status status = open_store(payment, &payment->reader.store);
    if (status_failed(status)) {
        return status;
    }
    return pool_open(
        &(PoolOptions){ .thread_count = 1, .workers = workers, .queue_max = CALLS_QUEUE_MAX },
        &payment->api.readers);
}

/* Everything that calls depend on is there. Any thread. */
static bool is_ready(void *context)
{
    const PaymentService *payment = context;

    return node_lease_is_held(payment->lease) && consumer_is_up(payment->consumer);
}

static Status open_server(PaymentService *payment)
{
    return rpc_server_open(
        &(RpcServerOptions){
            .url = payment->config.rpc_url,
            .descriptor = &jumun__payment__v1__payment_service__descriptor,
            .methods = payment_api_methods,
            .method_count = PAYMENT_API_METHOD_COUNT,
            .messages_max = (size_t)payment->config.messages_max,
            .service = &payment->api,
            .ready = is_ready,
            .ready_context = payment,
            .keyring = &payment->keyring,
            .clock = payment->host->clock,
            .metrics = payment->host->metrics,
        },
        &payment->server);
}

static Status open_parts(PaymentService *payment)
{
    Status status = payment_config_load(&payment->config);

    if (!status_failed(status)) {
        status = caller_keyring_load(payment->config.rpc_keys_file, &payment->keyring);
    }
    if (!status_failed(status)) {
        status = wake_publisher_open(payment->config.wake_url, &payment->wake);
    }
    if (!status_failed(status)) {
        status = node_lease_open(payment->config.db_url, NODE_RANGE_PAYMENT, payment->host->clock,
                                 &payment->lease);
    }
    if (!status_failed(status)) {
        status = open_readers(payment);
    }
    if (!status_failed(status)) {
        status = open_inquirer(payment);
    }
    if (!status_failed(status)) {
        status = open_consumer(payment);
    }
    return status_failed(status) ? status : open_server(payment);
}

static void payment_close(void *context)
{
    PaymentService *payment = context;

    if (payment == NULL) {
        return;
    }
    /* Stop taking work and finish what was taken: the server waits for its answers, */
    rpc_server_close(payment->server);
    consumer_close(payment->consumer);
    payment_inquirer_close(payment->inquirer);
    pool_close(payment->api.readers);
    /* then let go of the backends. */
    payment_events_close(payment->events);
    close_desk(&payment->handling);
    close_desk(&payment->inquiring);
    mysql_payment_store_close(payment->reader.store);
    node_lease_close(payment->lease);
    wake_publisher_close(payment->wake);
    free(payment);
}

static Status payment_open(const ServiceHost *host, void **ret_service)
{
    PaymentService *payment = calloc(1, sizeof *payment);

    if (payment == NULL || !crypto_init()) {
        free(payment);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    payment->host = host;
    Status status = open_parts(payment);
    if (status_failed(status)) {
        payment_close(payment);
        return status;
    }
    *ret_service = payment;
    return status_ok();
}

const Service payment_service = { "payment", payment_open, is_ready, payment_close };

#ifndef JUMUN_EMBEDDED
int main(void)
{
    return service_main(&payment_service);
}
#endif
