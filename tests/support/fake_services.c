#include "tests/support/fake_services.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "jumun/member/v1/member.pb-c.h"
#include "jumun/payment/v1/payment.pb-c.h"
#include "jumun/product/v1/product.pb-c.h"
#include "tests/support/fake_service_parts.h"

/* ---- payment ---- */

static void on_get_payment(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        const Jumun__Payment__V1__GetPaymentRequest *request = rpc_call_request(calls[i]);
        Jumun__Payment__V1__Payment reply;
        jumun__payment__v1__payment__init(&reply);
        reply.order_id = request->order_id;
        reply.status = JUMUN__PAYMENT__V1__PAYMENT__STATUS__CAPTURED;
        rpc_call_reply(calls[i], &reply.base);
    }
}

static const RpcMethod payment_methods[] = { { "GetPayment", on_get_payment, "gateway" } };

/* ---- all ---- */

static bool is_ready(void *context)
{
    return context != NULL;
}

static RpcServer *serve(FakeServices *fake, unsigned offset,
                        const ProtobufCServiceDescriptor *descriptor, const RpcMethod *methods,
                        size_t method_count)
{
    char url[64];
    RpcServer *server = NULL;

    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", fake->first_port + offset);
    Status status = rpc_server_open(
        &(RpcServerOptions){
            .url = url,
            .descriptor = descriptor,
            .methods = methods,
            .method_count = method_count,
            .messages_max = 16,
            .service = fake,
            .ready = is_ready,
            .ready_context = fake,
            .keyring = fake->keyring,
            .clock = clock_system(),
        },
        &server);
    assert(!status_failed(status));
    return server;
}

void fake_services_start_member(FakeServices *fake)
{
    fake->member = serve(fake, 0, &jumun__member__v1__member_service__descriptor,
                         fake_member_methods, fake_member_method_count);
}

void fake_services_stop_member(FakeServices *fake)
{
    rpc_server_close(fake->member);
    fake->member = NULL;
}

FakeServices *fake_services_open(unsigned first_port, const CallerKeyring *keyring)
{
    FakeServices *fake = calloc(1, sizeof *fake);
    char url[64];

    assert(fake != NULL);
    fake->first_port = first_port;
    fake->keyring = keyring;
    fake->status = JUMUN__ORDER__V1__ORDER_STATUS__PENDING;
    fake->version = 1;
    pthread_mutex_init(&fake->lock, NULL);
    fake_services_start_member(fake);
    fake->product = serve(fake, 1, &jumun__product__v1__product_service__descriptor,
                          fake_product_methods, fake_product_method_count);
    fake->order = serve(fake, 2, &jumun__order__v1__order_service__descriptor, fake_order_methods,
                        fake_order_method_count);
    fake->payment = serve(fake, 3, &jumun__payment__v1__payment_service__descriptor,
                          payment_methods, sizeof payment_methods / sizeof payment_methods[0]);
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", first_port + 4);
    Status status = wake_publisher_open(url, &fake->wake);
    assert(!status_failed(status));
    return fake;
}

void fake_services_move(FakeServices *fake, Jumun__Order__V1__OrderStatus status, uint32_t version,
                        bool nudge)
{
    pthread_mutex_lock(&fake->lock);
    fake->status = status;
    fake->version = version;
    pthread_mutex_unlock(&fake->lock);
    if (nudge) {
        wake_publish(fake->wake, &(OrderId){ FAKE_ORDER_ID }, 1);
    }
}

void fake_services_end_sessions(FakeServices *fake, bool ended)
{
    pthread_mutex_lock(&fake->lock);
    fake->sessions_ended = ended;
    pthread_mutex_unlock(&fake->lock);
}

void fake_services_seen(FakeServices *fake, FakeSeen *ret_seen)
{
    pthread_mutex_lock(&fake->lock);
    *ret_seen = fake->seen;
    pthread_mutex_unlock(&fake->lock);
}

void fake_services_close(FakeServices *fake)
{
    for (size_t i = 0; i < fake->kept_count; i++) {
        rpc_call_fail(fake->kept[i], status_make(STATUS_CANCELLED, "CANCELLED"), NULL);
    }
    rpc_server_close(fake->member);
    rpc_server_close(fake->product);
    rpc_server_close(fake->order);
    rpc_server_close(fake->payment);
    wake_publisher_close(fake->wake);
    pthread_mutex_destroy(&fake->lock);
    free(fake);
}
