/* The contracts of payment's ports on MariaDB, and processes that compete. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "jumun/event/v1/event.pb-c.h"
#include "services/payment/adapters/mysql_payment_store.h"
#include "services/payment/adapters/provider_simulator.h"
#include "services/payment/app/inquire_payments.h"
#include "tests/contract/services/payment/payment_contract.h"
#include "tests/integration/common/mysql/mysql_fixture.h"
#include "tests/support/outbox_reader.h"
#include "tests/support/service_schema.h"

static Db *db;
static IdSource ids;
static TestClock test_clock;

/* A process of the payment service. */
typedef struct Process {
    PaymentStore *store;
    PaymentProvider *provider;
    Payments *desk;
} Process;

static void open_process(Process *process)
{
    EXPECT(!status_failed(
        mysql_payment_store_open(fixture_url(), &ids, &test_clock.clock, &process->store)));
    EXPECT(!status_failed(
        provider_simulator_open(fixture_url(), &test_clock.clock, &process->provider)));
    process->desk = payments_open(process->store, process->provider, &test_clock.clock);
    EXPECT(process->desk != NULL);
}

static void close_process(Process *process)
{
    payments_close(process->desk);
    provider_simulator_close(process->provider);
    mysql_payment_store_close(process->store);
}

/* The simulator's books share the test's schema, and its version. */
static void begin(void)
{
    db = fixture_open();
    service_schema_make(db, "payment", "0001_init");
    service_schema_run(db, "services/payment/schema_provider/0001_init.sql");
    id_source_init(&ids, clock_system(), 128);
    test_clock_init(&test_clock, clock_wall_us(clock_system()));
}

typedef struct Drain {
    PaymentOutboxAnswer *answers;
    size_t count;
    size_t max;
} Drain;

static void take_payload(const Jumun__Event__V1__Event *event, PaymentOutboxAnswer *answer)
{
    size_t size = event->payload.len;
    const uint8_t *bytes = event->payload.data;

    if (strcmp(event->type, "payment.captured") == 0) {
        Jumun__Event__V1__PaymentCaptured *message =
            jumun__event__v1__payment_captured__unpack(NULL, size, bytes);
        EXPECT(message != NULL);
        EXPECT(message->reference[0] != '\0');
        answer->attempt = message->attempt;
        answer->amount = message->amount;
        jumun__event__v1__payment_captured__free_unpacked(message, NULL);
    } else if (strcmp(event->type, "payment.declined") == 0) {
        Jumun__Event__V1__PaymentDeclined *message =
            jumun__event__v1__payment_declined__unpack(NULL, size, bytes);
        EXPECT(message != NULL);
        answer->attempt = message->attempt;
        (void)snprintf(answer->reason, sizeof answer->reason, "%s", message->reason);
        jumun__event__v1__payment_declined__free_unpacked(message, NULL);
    } else {
        Jumun__Event__V1__PaymentUnknown *message =
            jumun__event__v1__payment_unknown__unpack(NULL, size, bytes);
        EXPECT(message != NULL);
        answer->attempt = message->attempt;
        jumun__event__v1__payment_unknown__free_unpacked(message, NULL);
    }
}

static Status take_answer(void *context, const char *queue, const Jumun__Event__V1__Event *event)
{
    Drain *drain = context;
    PaymentOutboxAnswer *answer = &drain->answers[drain->count++];

    EXPECT(drain->count <= drain->max);
    EXPECT(strcmp(queue, "order.replies") == 0);
    *answer = (PaymentOutboxAnswer){ .order = { event->order_id } };
    (void)snprintf(answer->type, sizeof answer->type, "%s", event->type);
    take_payload(event, answer);
    return status_ok();
}

static size_t drain(void *context, PaymentOutboxAnswer *ret_answers, size_t max)
{
    Drain taken = { ret_answers, 0, max };

    (void)context;
    EXPECT(!status_failed(outbox_drain(db, take_answer, &taken)));
    return taken.count;
}

static size_t captures(void *context, OrderId order)
{
    const DbValue id = db_uint(order.value);

    (void)context;
    return (size_t)fixture_number_of(
        db, "SELECT COUNT(*) FROM provider_charge WHERE order_id = ? AND effect = 'capture'", &id,
        1);
}

/* I4: one capture at most, and both books agree. */
static void expect_sound_books(void)
{
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM (SELECT order_id FROM payment_attempt WHERE "
                              "status = 'CAPTURED' GROUP BY order_id HAVING COUNT(*) > 1) x") == 0);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM (SELECT order_id FROM provider_charge WHERE "
                              "effect = 'capture' GROUP BY order_id HAVING COUNT(*) > 1) x") == 0);
    EXPECT(fixture_number(db,
                          "SELECT COUNT(*) FROM payment p LEFT JOIN (SELECT order_id, "
                          "SUM(amount) c FROM provider_charge WHERE effect = 'capture' GROUP BY "
                          "order_id) x USING (order_id) WHERE p.captured <> "
                          "COALESCE(x.c, 0)") == 0);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM payment_attempt WHERE status = 'PENDING'") ==
           0);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM payment_attempt WHERE (status = 'UNKNOWN') <> "
                              "(next_inquiry_at IS NOT NULL)") == 0);
}

static void the_provider_contract_holds(void)
{
    Process process;

    begin();
    open_process(&process);
    PaymentWorld world = { process.store, process.provider, &test_clock, NULL, drain, captures };
    payment_provider_contract(&world);
    close_process(&process);
    db_close(db);
}

static void the_store_contract_holds(void)
{
    Process process;

    begin();
    open_process(&process);
    PaymentWorld world = { process.store, process.provider, &test_clock, NULL, drain, captures };
    payment_store_contract(&world);
    expect_sound_books();
    close_process(&process);
    db_close(db);
}

enum {
    PROCESSES = 3,
    ORDERS = 120,
    STEP = 20,
};

/* Every process gets every charge, as if each message had been delivered to each. */
static void *handle_all(void *context)
{
    static const char *const tokens[] = { "tok_ok", "tok_declined", "tok_timeout",
                                          "tok_timeout_lost" };
    uint64_t shift = *(const uint64_t *)context;
    Process process;

    open_process(&process);
    for (uint64_t done = 0; done < ORDERS; done += STEP) {
        PaymentCommand items[STEP];
        PaymentCommand *commands[STEP];
        size_t left = STEP;
        for (uint64_t i = 0; i < STEP; i++) {
            uint64_t number = (done + i + shift) % ORDERS;
            items[i] = (PaymentCommand){
                .event = { 1000 + number },
                .kind = PAYMENT_CHARGE,
                .charge = { .order = { 5000 + number },
                            .member = { 3 },
                            .amount = { 100 },
                            .currency = "KRW",
                            .attempt = 1 },
                .trace_parent = "",
            };
            (void)snprintf(items[i].charge.token, sizeof items[i].charge.token, "%s",
                           tokens[number % 4]);
            commands[i] = &items[i];
        }
        while (left > 0) {
            size_t kept = 0;
            handle_payments(process.desk, commands, left);
            for (size_t i = 0; i < left; i++) {
                if (status_failed(commands[i]->status)) {
                    EXPECT(commands[i]->status.code == STATUS_ABORTED);
                    commands[kept++] = commands[i];
                }
            }
            left = kept;
        }
    }
    close_process(&process);
    return NULL;
}

/* One round of an inquirer; the clock stands still meanwhile. */
static void *inquire_once(void *context)
{
    Process process;
    size_t settled = 0;

    (void)context;
    open_process(&process);
    for (int i = 0; i < 3; i++) {
        Status status = inquire_payments(process.desk, &settled);
        EXPECT(!status_failed(status) || status.code == STATUS_ABORTED);
    }
    close_process(&process);
    return NULL;
}

static void three_processes_charge_and_settle_once(void)
{
    uint64_t shifts[PROCESSES] = { 0, 7, 60 };

    begin();
    fixture_run_together(handle_all, shifts, PROCESSES);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM inbox") == ORDERS);
    EXPECT(fixture_number(db, "SELECT CAST(SUM(events) AS SIGNED) FROM outbox") == ORDERS);
    /* A time-out that a second process charges again is answered from the provider's books:
     * captured. What was lost on its way has no answer from anybody. */
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM payment WHERE status = 'UNKNOWN'") >=
           ORDERS / 4);

    test_clock.now_us += 10 * US_PER_S;
    fixture_run_together(inquire_once, shifts, PROCESSES);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM payment WHERE status = 'UNKNOWN'") == 0);
    EXPECT(fixture_number(db, "SELECT COUNT(*) FROM payment WHERE status = 'CAPTURED'") ==
           ORDERS / 2);
    EXPECT(outbox_count(db, "payment.captured") == ORDERS / 2);
    EXPECT(outbox_count(db, "payment.declined") == ORDERS / 2);
    expect_sound_books();
    db_close(db);
}

int main(void)
{
    static const FixtureTest tests[] = {
        TEST(the_provider_contract_holds),
        TEST(the_store_contract_holds),
        TEST(three_processes_charge_and_settle_once),
    };
    return fixture_main(tests, sizeof tests / sizeof tests[0]);
}
