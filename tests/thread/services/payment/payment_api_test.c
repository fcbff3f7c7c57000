/* PaymentService over RPC, the commands of the queue and the inquirer's thread, on fakes.
 * A plain program: it links nng. */
#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "jumun/event/v1/event.pb-c.h"
#include "jumun/payment/v1/payment.pb-c.h"
#include "services/payment/api/payment_api.h"
#include "services/payment/api/payment_events.h"
#include "services/payment/api/payment_inquirer.h"
#include "tests/support/fake_payments.h"
#include "tests/support/rpc_fixture.h"

enum {
    PAYLOAD_SIZE = 512
};

static TestClock test_clock;
static FakePaymentStore store;
static FakeProvider provider;
static Payments *desk;
static atomic_int wakes;

static void wake(void *context)
{
    (void)context;
    atomic_fetch_add(&wakes, 1);
}

static void begin(void)
{
    test_clock_init(&test_clock, ID_EPOCH_US);
    fake_payment_store_init(&store);
    fake_provider_init(&provider, &test_clock.clock);
    desk = payments_open(&store.store, &provider.provider, &test_clock.clock);
    assert(desk != NULL);
    atomic_store(&wakes, 0);
}

static void end(void)
{
    payments_close(desk);
}

static uint8_t payloads[16][PAYLOAD_SIZE];

static void set_event(Event *event, size_t at, const char *type, const ProtobufCMessage *message)
{
    assert(protobuf_c_message_get_packed_size(message) <= PAYLOAD_SIZE);
    *event = (Event){
        .id = { 100 + at },
        .type = type,
        .order = { 200 + at },
        .trace_parent = "",
        .payload = payloads[at],
        .payload_size = protobuf_c_message_pack(message, payloads[at]),
    };
}

static char *writable(const char *text)
{
    static char texts[16][128];
    static size_t next;
    char *copy = texts[next++ % 16];

    assert(strlen(text) < sizeof texts[0]);
    memcpy(copy, text, strlen(text) + 1);
    return copy;
}

static Jumun__Event__V1__PaymentCharge charge_of(const char *token)
{
    Jumun__Event__V1__PaymentCharge charge;

    jumun__event__v1__payment_charge__init(&charge);
    charge.member_id = 3;
    charge.amount = 5000;
    charge.currency = writable("KRW");
    charge.attempt = 1;
    charge.token = writable(token);
    return charge;
}

static void run_events(Event *events, size_t count)
{
    PaymentEvents *context = NULL;
    Event *pointers[16];

    for (size_t i = 0; i < count; i++) {
        pointers[i] = &events[i];
    }
    assert(
        !status_failed(payment_events_open(&(PaymentEventsOptions){ desk, wake, NULL }, &context)));
    payment_events_run(context, pointers, count);
    payment_events_close(context);
}

static void a_bad_command_does_not_sink_the_others(void)
{
    enum {
        COUNT = 9
    };
    static const StatusCode expected[COUNT] = {
        STATUS_OK,
        STATUS_INVALID_ARGUMENT,
        STATUS_INVALID_ARGUMENT,
        STATUS_INVALID_ARGUMENT,
        STATUS_INVALID_ARGUMENT,
        STATUS_UNIMPLEMENTED,
        STATUS_INVALID_ARGUMENT,
        STATUS_INVALID_ARGUMENT,
        STATUS_OK,
    };
    Jumun__Event__V1__PaymentInquire inquire = JUMUN__EVENT__V1__PAYMENT_INQUIRE__INIT;
    Event events[COUNT];

    begin();
    for (size_t i = 0; i < COUNT; i++) {
        Jumun__Event__V1__PaymentCharge charge = charge_of("tok_ok");
        charge.amount = i == 1 ? 0 : i == 2 ? INT64_MAX : 5000;
        charge.attempt = i == 3 ? 0 : 1;
        charge.currency = writable(i == 4 ? "KRWX" : "KRW");
        set_event(&events[i], i, i == 5 ? "payment.explode" : "payment.charge", &charge.base);
    }
    events[6].payload_size--; /* cut off */
    set_event(&events[7], 7, "payment.inquire", &inquire.base);
    run_events(events, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert(events[i].status.code == expected[i]);
    }
    assert(store.attempt_count == 2);
    assert(store.answer_count == 2);
    assert(atomic_load(&wakes) == 1);
    end();
}

static void a_malformed_token_is_declined_so_that_the_order_ends(void)
{
    static const char *const tokens[] = { "", "tok ok", "tok\x01", "김치" };
    Event events[5];
    char huge[100];
    Jumun__Event__V1__PaymentCharge charge;

    begin();
    for (size_t i = 0; i < 4; i++) {
        charge = charge_of(tokens[i]);
        set_event(&events[i], i, "payment.charge", &charge.base);
    }
    memset(huge, 'a', sizeof huge);
    huge[sizeof huge - 1] = '\0';
    charge = charge_of(huge);
    set_event(&events[4], 4, "payment.charge", &charge.base);
    run_events(events, 5);
    for (size_t i = 0; i < 5; i++) {
        assert(!status_failed(events[i].status));
        assert(store.answers[i].status == PAYMENT_DECLINED);
        assert(strcmp(store.attempts[i].reason, "INVALID_TOKEN") == 0);
    }
    end();
}

static bool is_settled(void *context)
{
    (void)context;
    return atomic_load(&wakes) > 0;
}

static void the_inquirer_settles_by_itself_and_wakes_the_relay(void)
{
    PaymentInquirer *inquirer = NULL;
    Jumun__Event__V1__PaymentCharge charge = charge_of("tok_timeout");
    Event event;

    begin();
    set_event(&event, 0, "payment.charge", &charge.base);
    run_events(&event, 1);
    assert(store.answers[0].status == PAYMENT_UNKNOWN);
    atomic_store(&wakes, 0);
    test_clock.now_us += US_PER_S;
    assert(!status_failed(
        payment_inquirer_open(&(PaymentInquirerOptions){ desk, wake, NULL }, &inquirer)));
    assert(eventually(is_settled, NULL));
    payment_inquirer_close(inquirer);
    assert(store.answer_count == 2);
    assert(store.answers[1].status == PAYMENT_CAPTURED);
    end();
}

/* What a caller hears about order 200. */
static Status get(RpcClient *client, Jumun__Rpc__V1__Role role, uint64_t member, uint64_t order,
                  Arena *arena, RpcClientCall *ret_call)
{
    Jumun__Payment__V1__GetPaymentRequest request = JUMUN__PAYMENT__V1__GET_PAYMENT_REQUEST__INIT;

    request.order_id = order;
    *ret_call = (RpcClientCall){
        .message = &request.base,
        .arena = arena,
        .deadline_us = clock_monotonic_us(clock_system()) + LONG_S * US_PER_S,
        .member = { member },
        .role = role,
    };
    return rpc_client_call_and_wait(client, ret_call);
}

static void a_payment_is_shown_to_its_owner_and_to_administrators(void)
{
    static PaymentReader reader;
    static const struct {
        Jumun__Rpc__V1__Role role;
        uint64_t member;
        uint64_t order;
        StatusCode code;
    } rows[] = {
        { JUMUN__RPC__V1__ROLE__MEMBER, 3, 200, STATUS_OK },
        { JUMUN__RPC__V1__ROLE__ADMIN, 9, 200, STATUS_OK },
        { JUMUN__RPC__V1__ROLE__MEMBER, 4, 200, STATUS_NOT_FOUND },
        { JUMUN__RPC__V1__ROLE__NOBODY, 0, 200, STATUS_NOT_FOUND },
        { JUMUN__RPC__V1__ROLE__MEMBER, 3, 201, STATUS_NOT_FOUND },
        { JUMUN__RPC__V1__ROLE__ADMIN, 9, 0, STATUS_NOT_FOUND },
    };
    void *workers[] = { &reader };
    PoolOptions options = { .thread_count = 1, .workers = workers, .queue_max = 8 };
    PaymentApi api;
    RpcServer *server = NULL;
    RpcClient *client = NULL;
    Arena arena;
    char url[FIXTURE_URL_SIZE];
    Jumun__Event__V1__PaymentCharge charge = charge_of("tok_declined");
    Event event;

    begin();
    set_event(&event, 0, "payment.charge", &charge.base);
    run_events(&event, 1);
    reader.store = &store.store;
    reader.clock = clock_system();
    arena_init(&arena, 4096, 1 << 20);
    assert(!status_failed(pool_open(&options, &api.readers)));
    fixture_url(url);
    assert(!status_failed(rpc_server_open(
        &(RpcServerOptions){
            .url = url,
            .descriptor = &jumun__payment__v1__payment_service__descriptor,
            .methods = payment_api_methods,
            .method_count = PAYMENT_API_METHOD_COUNT,
            .messages_max = FIXTURE_MESSAGES_MAX,
            .service = &api,
            .keyring = fixture_keyring(),
            .clock = clock_system(),
        },
        &server)));
    assert(!status_failed(rpc_client_open(
        &(RpcClientOptions){
            .urls = url,
            .descriptor = &jumun__payment__v1__payment_service__descriptor,
            .caller = "gateway",
            .keyring = fixture_keyring(),
            .queue_max = 16,
            .clock = clock_system(),
        },
        &client)));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        RpcClientCall call;
        Status status = get(client, rows[i].role, rows[i].member, rows[i].order, &arena, &call);
        assert(status.code == rows[i].code);
        if (status_failed(status)) {
            assert(strcmp(status.name, "PAYMENT_NOT_FOUND") == 0);
            continue;
        }
        const Jumun__Payment__V1__Payment *payment = (const void *)call.reply;
        assert(payment->order_id == 200 && payment->amount == 5000 && payment->captured == 0);
        assert(strcmp(payment->currency, "KRW") == 0);
        assert(payment->status == JUMUN__PAYMENT__V1__PAYMENT__STATUS__DECLINED);
        assert(payment->n_attempts == 1);
        assert(strcmp(payment->attempts[0]->reason, "CARD_DECLINED") == 0);
    }
    rpc_client_close(client);
    rpc_server_close(server);
    pool_close(api.readers);
    arena_deinit(&arena);
    end();
}

int main(void)
{
    static const NamedTest tests[] = {
        { "a_bad_command_does_not_sink_the_others", a_bad_command_does_not_sink_the_others },
        { "a_malformed_token_is_declined_so_that_the_order_ends",
          a_malformed_token_is_declined_so_that_the_order_ends },
        { "the_inquirer_settles_by_itself_and_wakes_the_relay",
          the_inquirer_settles_by_itself_and_wakes_the_relay },
        { "a_payment_is_shown_to_its_owner_and_to_administrators",
          a_payment_is_shown_to_its_owner_and_to_administrators },
    };

    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
