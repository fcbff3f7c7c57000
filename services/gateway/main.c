/* main.c - GatewayService = config, keys, clients, auth, waits with its wake, http. */
#include <stdatomic.h>
#include <stdlib.h>

#include "common/crypto/mac.h"
#include "common/crypto/token.h"
#include "common/rpc/wake.h"
#include "services/gateway/config.h"
#include "services/gateway/forward.h"
#include "services/gateway/gateway.h"
#include "services/gateway/service.h"

enum {
    HEADERS_MS = 5000,
    KEEP_MS = 15000,
    BODY_MS = 10000,
    ANSWER_MS = 30000,
    STALL_S = 10,
    DRAIN_MS = 5000,
};

typedef struct GatewayService {
    Gateway gateway;
    GatewayConfig config;
    CallerKeyring keyring;
    WakeSubscriber *wake;
    atomic_bool closing;
} GatewayService;

/* Nobody waits for orders any more and no request is taken; what is on its way may end by
 * itself for a while. Then the calls are ended, in the order of the flow, and last goes the
 * HTTP server, whose memory they all used. */
static void gateway_close(void *context)
{
    GatewayService *service = context;

    if (service == NULL) {
        return;
    }
    Gateway *gateway = &service->gateway;
    atomic_store(&service->closing, true);
    wake_subscriber_close(service->wake);
    if (gateway->waits != NULL) {
        waits_stop(gateway->waits);
    }
    if (gateway->http != NULL) {
        (void)http_drain(gateway->http, DRAIN_MS);
    }
    auth_stop(gateway->auth);
    for (int i = 0; i < ROUTE_SERVICES; i++) { /* member first: its replies call the others */
        rpc_client_close(gateway->clients[i]);
    }
    auth_close(gateway->auth);
    waits_close(gateway->waits);
    http_close(gateway->http);
    route_metrics_close(gateway->metrics);
    limits_close(gateway->limits);
    free(service);
}

static bool gateway_ready(void *context)
{
    GatewayService *service = context;
    bool ready = !atomic_load(&service->closing) && auth_ready(service->gateway.auth);

    for (int i = 0; i < ROUTE_SERVICES; i++) {
        ready = ready && rpc_client_ready(service->gateway.clients[i]);
    }
    return ready;
}

static Status load(GatewayService *service)
{
    if (!crypto_init()) {
        return status_make(STATUS_INTERNAL, "INTERNAL");
    }
    Status status = gateway_config_load(&service->config);
    if (!status_failed(status)) {
        status = caller_keyring_load(service->config.rpc_keys_file, &service->keyring);
    }
    if (!status_failed(status)) {
        status = order_code_keys_load(service->config.order_code_keys_file,
                                      &service->gateway.order_code_keys);
    }
    return status;
}

static Status open_clients(GatewayService *service, const ServiceHost *host)
{
    const GatewayConfig *config = &service->config;
    const char *const urls[ROUTE_SERVICES] = {
        [ROUTE_MEMBER] = config->member_url,
        [ROUTE_PRODUCT] = config->product_url,
        [ROUTE_ORDER] = config->order_url,
        [ROUTE_PAYMENT] = config->payment_url,
    };
    Status status = status_ok();

    for (int i = 0; !status_failed(status) && i < ROUTE_SERVICES; i++) {
        status = rpc_client_open(
            &(RpcClientOptions){
                .urls = urls[i],
                .descriptor = route_service_descriptor((RouteService)i),
                .caller = "gateway",
                .keyring = &service->keyring,
                .queue_max = (size_t)config->in_flight_max,
                .clock = host->clock,
                .metrics = host->metrics,
            },
            &service->gateway.clients[i]);
    }
    return status;
}

static void on_wake(void *context, const OrderId *orders, size_t count)
{
    waits_nudge(context, orders, count);
}

static Status open_flow(GatewayService *service, const ServiceHost *host)
{
    Gateway *gateway = &service->gateway;
    const GatewayConfig *config = &service->config;

    gateway->clock = host->clock;
    gateway->insecure_cookies = config->insecure_cookies;
    gateway->ready = gateway_ready;
    gateway->context = service;
    trace_source_init(&gateway->traces);
    Status status = gateway_plan_routes(gateway);
    if (!status_failed(status)) {
        status = limits_open((unsigned)config->in_flight_max, (unsigned)config->signins_per_minute,
                             &gateway->limits);
    }
    if (!status_failed(status)) {
        status = route_metrics_open(host->metrics, &gateway->metrics);
    }
    if (!status_failed(status)) {
        status = auth_open(
            &(AuthOptions){
                .cache_url = config->cache_url,
                .member = gateway->clients[ROUTE_MEMBER],
                .clock = host->clock,
                .queue_max = (size_t)config->in_flight_max + 1, /* and a probe */
            },
            &gateway->auth);
    }
    if (!status_failed(status)) {
        status = waits_open(host->clock, (unsigned)config->in_flight_max / 2, &gateway->waits);
    }
    if (!status_failed(status)) {
        status = wake_subscriber_open(config->wake_url, on_wake, gateway->waits, &service->wake);
    }
    return status;
}

static Status open_http(GatewayService *service)
{
    const GatewayConfig *config = &service->config;

    return http_open(
        &(HttpOptions){
            .address = config->listen_address,
            .loops = (unsigned)config->loops,
            .connections_max = (unsigned)config->connections_max,
            .connections_per_address_max = (unsigned)config->connections_per_address_max,
            .first_ms = HEADERS_MS,
            .keep_ms = KEEP_MS,
            .headers_ms = HEADERS_MS,
            .body_ms = BODY_MS,
            .answer_ms = ANSWER_MS,
            .stall_s = STALL_S,
            .handler = forward_handle,
            .refuse = forward_refuse,
            .context = &service->gateway,
        },
        &service->gateway.http);
}

static Status gateway_open(const ServiceHost *host, void **ret_service)
{
    GatewayService *service = calloc(1, sizeof *service);

    if (service == NULL) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    Status status = load(service);
    if (!status_failed(status)) {
        status = open_clients(service, host);
    }
    if (!status_failed(status)) {
        status = open_flow(service, host);
    }
    if (!status_failed(status)) {
        status = open_http(service);
    }
    if (status_failed(status)) {
        gateway_close(service);
        return status;
    }
    *ret_service = service;
    return status_ok();
}

const Service gateway_service = { "gateway", gateway_open, gateway_ready, gateway_close };

#ifndef JUMUN_EMBEDDED /* `jumun dev` runs many services in one process */
int main(void)
{
    return service_main(&gateway_service);
}
#endif
