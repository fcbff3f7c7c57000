#include "tests/support/fake_services.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jumun/member/v1/member.pb-c.h"
#include "jumun/payment/v1/payment.pb-c.h"
#include "jumun/product/v1/product.pb-c.h"

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

static char empty[] = "";
static char name[] = "caf\xC3\xA9 \"x\"";
static char token[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
static char currency[] = "KRW";
static char pointer[] = "/lines/0/quantity";
static char bad_quantity[] = "QUANTITY";

static void note(FakeServices *fake, RpcCall *call)
{
    static const uint8_t none[BODY_HASH_SIZE];
    const RpcContext *context = rpc_call_context(call);

    fake->seen.member = context->member.value;
    fake->seen.role = (int)context->role;
    fake->seen.has_hash = memcmp(context->request_hash, none, sizeof none) != 0;
    (void)snprintf(fake->seen.request_key, sizeof fake->seen.request_key, "%s",
                   context->request_key);
    (void)snprintf(fake->seen.trace_parent, sizeof fake->seen.trace_parent, "%s",
                   context->trace_parent);
    fake->seen.calls++;
}

/* ---- member ---- */

static void on_signup(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        const Jumun__Member__V1__SignupRequest *request = rpc_call_request(calls[i]);
        Jumun__Member__V1__SignupReply reply;
        jumun__member__v1__signup_reply__init(&reply);
        reply.member_id = 7;
        if (strcmp(request->login_id, "taken") == 0) {
            rpc_call_fail(calls[i], status_make(STATUS_ALREADY_EXISTS, "LOGIN_ID_TAKEN"), NULL);
        } else {
            rpc_call_reply(calls[i], &reply.base);
        }
    }
}

static void on_login(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        Jumun__Member__V1__LoginReply reply;
        jumun__member__v1__login_reply__init(&reply);
        reply.member_id = 7;
        reply.name = name;
        reply.role = JUMUN__RPC__V1__ROLE__MEMBER;
        reply.token = token;
        reply.expires_at_us = 1;
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void on_logout(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        const Jumun__Member__V1__LogoutRequest *request = rpc_call_request(calls[i]);
        Jumun__Member__V1__LogoutReply reply;
        jumun__member__v1__logout_reply__init(&reply);
        assert(request->session.len == TOKEN_HASH_SIZE);
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void on_get_member(void *service, RpcCall *const *calls, size_t count)
{
    FakeServices *fake = service;

    for (size_t i = 0; i < count; i++) {
        const Jumun__Member__V1__GetMemberRequest *request = rpc_call_request(calls[i]);
        Jumun__Member__V1__Member reply;
        jumun__member__v1__member__init(&reply);
        assert(request->session.len == TOKEN_HASH_SIZE);
        pthread_mutex_lock(&fake->lock);
        fake->seen.members_asked++;
        reply.session_ended = fake->sessions_ended;
        pthread_mutex_unlock(&fake->lock);
        reply.member_id = request->member_id;
        reply.name = name;
        reply.login_id = empty;
        /* Odd members are admins, whatever Redis says. */
        reply.role = request->member_id % 2 == 1 ? JUMUN__RPC__V1__ROLE__ADMIN
                                                 : JUMUN__RPC__V1__ROLE__MEMBER;
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void on_change_password(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        Jumun__Member__V1__ChangePasswordReply reply;
        jumun__member__v1__change_password_reply__init(&reply);
        rpc_call_reply(calls[i], &reply.base);
    }
}

static const RpcMethod member_methods[] = {
    { "Signup", on_signup, "gateway" },
    { "Login", on_login, "gateway" },
    { "Logout", on_logout, "gateway" },
    { "GetMember", on_get_member, "gateway" },
    { "ChangePassword", on_change_password, "gateway" },
};

/* ---- product ---- */

static void reply_product(RpcCall *call, uint64_t id)
{
    Jumun__Product__V1__Product reply;
    jumun__product__v1__product__init(&reply);

    reply.product_id = id;
    reply.name = name;
    reply.price = 1500;
    reply.status = JUMUN__PRODUCT__V1__PRODUCT__STATUS__ACTIVE;
    reply.version = 3;
    rpc_call_reply(call, &reply.base);
}

static void on_create(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        reply_product(calls[i], 99);
    }
}

static void on_get_product(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        const Jumun__Product__V1__GetProductRequest *request = rpc_call_request(calls[i]);
        if (request->product_id == 404) {
            rpc_call_fail(calls[i], status_make(STATUS_NOT_FOUND, "PRODUCT_NOT_FOUND"), NULL);
        } else {
            reply_product(calls[i], request->product_id);
        }
    }
}

static void on_batch_get(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        rpc_call_fail(calls[i], status_make(STATUS_INTERNAL, "INTERNAL"), NULL);
    }
}

static void on_list_products(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        Jumun__Product__V1__ListProductsReply reply;
        jumun__product__v1__list_products_reply__init(&reply);
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void on_update(void *service, RpcCall *const *calls, size_t count)
{
    FakeServices *fake = service;

    for (size_t i = 0; i < count; i++) {
        const Jumun__Product__V1__UpdateProductRequest *request = rpc_call_request(calls[i]);
        pthread_mutex_lock(&fake->lock);
        fake->seen.expected_version = request->expected_version;
        pthread_mutex_unlock(&fake->lock);
        if (request->expected_version != 3) {
            rpc_call_fail(calls[i], status_make(STATUS_FAILED_PRECONDITION, "VERSION_MISMATCH"),
                          NULL);
        } else {
            reply_product(calls[i], request->product_id);
        }
    }
}

static void on_archive(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        const Jumun__Product__V1__ArchiveProductRequest *request = rpc_call_request(calls[i]);
        Jumun__Product__V1__ArchiveProductReply reply;
        jumun__product__v1__archive_product_reply__init(&reply);
        if (request->expected_version != 3) {
            rpc_call_fail(calls[i], status_make(STATUS_FAILED_PRECONDITION, "VERSION_MISMATCH"),
                          NULL);
        } else {
            rpc_call_reply(calls[i], &reply.base);
        }
    }
}

static void on_adjust(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        Jumun__Product__V1__Stock reply;
        jumun__product__v1__stock__init(&reply);
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void on_get_stock(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        Jumun__Product__V1__StockLevel reply;
        jumun__product__v1__stock_level__init(&reply);
        rpc_call_reply(calls[i], &reply.base);
    }
}

static const RpcMethod product_methods[] = {
    { "CreateProduct", on_create, "gateway" },     { "GetProduct", on_get_product, "gateway" },
    { "BatchGetProducts", on_batch_get, "order" }, { "ListProducts", on_list_products, "gateway" },
    { "UpdateProduct", on_update, "gateway" },     { "ArchiveProduct", on_archive, "gateway" },
    { "AdjustStock", on_adjust, "gateway" },       { "DecreaseStock", on_create, "gateway" },
    { "GetStock", on_get_stock, "gateway" },
};

/* ---- order ---- */

static void reply_order(FakeServices *fake, RpcCall *call, bool replayed)
{
    Jumun__Order__V1__Order reply;
    jumun__order__v1__order__init(&reply);

    reply.order_id = FAKE_ORDER_ID;
    reply.currency = currency;
    reply.total = 3000;
    reply.created_at_us = 1;
    reply.replayed = replayed;
    pthread_mutex_lock(&fake->lock);
    reply.status = fake->status;
    reply.version = fake->version;
    pthread_mutex_unlock(&fake->lock);
    rpc_call_reply(call, &reply.base);
}

static void refuse_order(RpcCall *call, uint64_t product)
{
    Jumun__Rpc__V1__FieldError field;
    jumun__rpc__v1__field_error__init(&field);
    Jumun__Rpc__V1__FieldError *fields[] = { &field };
    Jumun__Rpc__V1__StockShortage item;
    jumun__rpc__v1__stock_shortage__init(&item);
    Jumun__Rpc__V1__StockShortage *items[] = { &item };
    Jumun__Rpc__V1__ErrorDetails details;
    jumun__rpc__v1__error_details__init(&details);
    Status status = status_make(STATUS_UNKNOWN, "COMMIT_UNKNOWN");

    field.pointer = pointer;
    field.code = bad_quantity;
    field.detail = empty;
    item.product_id = product;
    item.requested = 5;
    item.available = 2;
    if (product == ORDER_IS_OUT_OF_STOCK) {
        status = status_make(STATUS_FAILED_PRECONDITION, "OUT_OF_STOCK");
        details.items = items;
        details.n_items = 1;
    } else if (product == ORDER_KEY_IS_REUSED) {
        status = status_make(STATUS_INVALID_ARGUMENT, "IDEMPOTENCY_KEY_REUSED");
    } else if (product == ORDER_KEY_IS_IN_FLIGHT) {
        status = status_make(STATUS_ABORTED, "IDEMPOTENCY_IN_FLIGHT");
        details.retry_after_s = 3;
    } else if (product == ORDER_IS_INVALID) {
        status = status_make(STATUS_INVALID_ARGUMENT, "VALIDATION");
        details.fields = fields;
        details.n_fields = 1;
    }
    rpc_call_fail(call, status, &details);
}

static void keep(FakeServices *fake, RpcCall *call)
{
    pthread_mutex_lock(&fake->lock);
    assert(fake->kept_count < KEPT_MAX);
    fake->kept[fake->kept_count++] = call;
    pthread_mutex_unlock(&fake->lock);
}

static void on_place(void *service, RpcCall *const *calls, size_t count)
{
    FakeServices *fake = service;

    for (size_t i = 0; i < count; i++) {
        const Jumun__Order__V1__PlaceOrderRequest *request = rpc_call_request(calls[i]);
        uint64_t product = request->n_lines > 0 ? request->lines[0]->product_id : ORDER_IS_INVALID;
        pthread_mutex_lock(&fake->lock);
        note(fake, calls[i]);
        pthread_mutex_unlock(&fake->lock);
        if (product == ORDER_IS_PLACED || product == ORDER_IS_REPLAYED) {
            reply_order(fake, calls[i], product == ORDER_IS_REPLAYED);
        } else if (product == ORDER_IS_NEVER_ANSWERED) {
            keep(fake, calls[i]);
        } else {
            refuse_order(calls[i], product);
        }
    }
}

static void on_get_order(void *service, RpcCall *const *calls, size_t count)
{
    FakeServices *fake = service;

    for (size_t i = 0; i < count; i++) {
        const Jumun__Order__V1__GetOrderRequest *request = rpc_call_request(calls[i]);
        pthread_mutex_lock(&fake->lock);
        note(fake, calls[i]);
        pthread_mutex_unlock(&fake->lock);
        if (request->order_id != FAKE_ORDER_ID) {
            rpc_call_fail(calls[i], status_make(STATUS_NOT_FOUND, "NOT_YOURS"), NULL);
        } else {
            reply_order(fake, calls[i], false);
        }
    }
}

static void on_list_orders(void *service, RpcCall *const *calls, size_t count)
{
    FakeServices *fake = service;

    for (size_t i = 0; i < count; i++) {
        Jumun__Order__V1__ListOrdersReply reply;
        jumun__order__v1__list_orders_reply__init(&reply);
        pthread_mutex_lock(&fake->lock);
        fake->seen.list = *(const Jumun__Order__V1__ListOrdersRequest *)rpc_call_request(calls[i]);
        pthread_mutex_unlock(&fake->lock);
        rpc_call_reply(calls[i], &reply.base);
    }
}

static void on_timeline(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        Jumun__Order__V1__TimelineEvent event;
        jumun__order__v1__timeline_event__init(&event);
        Jumun__Order__V1__TimelineEvent *events[] = { &event };
        Jumun__Order__V1__GetTimelineReply reply;
        jumun__order__v1__get_timeline_reply__init(&reply);
        event.to = JUMUN__ORDER__V1__ORDER_STATUS__PENDING;
        event.seq = 1;
        reply.items = events;
        reply.n_items = 1;
        rpc_call_reply(calls[i], &reply.base);
    }
}

static const RpcMethod order_methods[] = {
    { "PlaceOrder", on_place, "gateway" },
    { "GetOrder", on_get_order, "gateway" },
    { "ListOrders", on_list_orders, "gateway" },
    { "GetTimeline", on_timeline, "gateway" },
};

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

static bool is_ready(void *service)
{
    return service != NULL;
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
            .keyring = fake->keyring,
            .clock = clock_system(),
        },
        &server);
    assert(!status_failed(status));
    return server;
}

void fake_services_start_member(FakeServices *fake)
{
    fake->member = serve(fake, 0, &jumun__member__v1__member_service__descriptor, member_methods,
                         sizeof member_methods / sizeof member_methods[0]);
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
                          product_methods, sizeof product_methods / sizeof product_methods[0]);
    fake->order = serve(fake, 2, &jumun__order__v1__order_service__descriptor, order_methods,
                        sizeof order_methods / sizeof order_methods[0]);
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
