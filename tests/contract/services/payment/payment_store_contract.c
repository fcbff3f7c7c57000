/* Through the use cases, which are what drives a store. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "services/payment/app/inquire_payments.h"
#include "tests/contract/services/payment/payment_contract.h"

enum {
    ANSWERS_MAX = 1024
};

static PaymentOutboxAnswer answers[ANSWERS_MAX];
static Payments *desk;
static uint64_t next_id = 100000;

static uint64_t fresh(void)
{
    return next_id++;
}

static PaymentCommand charge_of(uint64_t order, uint32_t attempt, const char *token)
{
    PaymentCommand command = {
        .event = { fresh() },
        .kind = PAYMENT_CHARGE,
        .charge = { .order = { order },
                    .member = { 3 },
                    .amount = { 5000 },
                    .currency = "KRW",
                    .attempt = attempt },
        .trace_parent = "",
    };

    (void)snprintf(command.charge.token, sizeof command.charge.token, "%s", token);
    return command;
}

static PaymentCommand inquiry_of(uint64_t order, uint32_t attempt)
{
    return (PaymentCommand){ .event = { fresh() },
                             .kind = PAYMENT_INQUIRE,
                             .charge = { .order = { order }, .attempt = attempt },
                             .trace_parent = "" };
}

static StatusCode run(PaymentCommand *command)
{
    PaymentCommand *commands[] = { command };

    handle_payments(desk, commands, 1);
    return command->status.code;
}

static size_t drain(PaymentWorld *world)
{
    return world->drain(world->context, answers, ANSWERS_MAX);
}

static void expect_answer(PaymentWorld *world, uint64_t order, uint32_t attempt, const char *type)
{
    assert(drain(world) == 1);
    assert(answers[0].order.value == order);
    assert(answers[0].attempt == attempt);
    assert(strcmp(answers[0].type, type) == 0);
}

/* One round of the inquirer. */
static size_t inquire(void)
{
    size_t settled = 0;

    assert(!status_failed(inquire_payments(desk, &settled)));
    return settled;
}

static void expect_payment(PaymentWorld *world, uint64_t order, PaymentStatus status,
                           int64_t captured, size_t attempts)
{
    static PaymentBook book;

    payment_book_clear(&book);
    assert(!status_failed(world->store->ops->find(world->store, (OrderId){ order }, &book)));
    const Payment *payment = payment_book_find(&book, (OrderId){ order });
    assert(payment->status == status);
    assert(payment->captured.minor == captured);
    assert(payment->amount.minor == 5000);
    assert(payment->member.value == 3);
    assert(strcmp(payment->currency, "KRW") == 0);
    assert(book.attempt_count == attempts);
}

static void each_token_leads_to_its_answer(PaymentWorld *world)
{
    static const struct {
        const char *token;
        const char *type;
        const char *reason;
        PaymentStatus status;
    } rows[] = {
        { "tok_ok", "payment.captured", "", PAYMENT_CAPTURED },
        { "tok_declined", "payment.declined", "CARD_DECLINED", PAYMENT_DECLINED },
        { "tok_insufficient_funds", "payment.declined", "INSUFFICIENT_FUNDS", PAYMENT_DECLINED },
        { "tok_bad", "payment.declined", "INVALID_TOKEN", PAYMENT_DECLINED },
        { "tok_timeout", "payment.unknown", "", PAYMENT_UNKNOWN },
        { "tok_slow", "payment.unknown", "", PAYMENT_UNKNOWN },
        { "tok_timeout_lost", "payment.unknown", "", PAYMENT_UNKNOWN },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t order = fresh();
        PaymentCommand command = charge_of(order, 1, rows[i].token);
        assert(run(&command) == STATUS_OK);
        expect_answer(world, order, 1, rows[i].type);
        assert(strcmp(answers[0].reason, rows[i].reason) == 0);
        assert(answers[0].amount == (rows[i].status == PAYMENT_CAPTURED ? 5000 : 0));
        expect_payment(world, order, rows[i].status, rows[i].status == PAYMENT_CAPTURED ? 5000 : 0,
                       1);
    }
    world->clock->now_us += 3600 * US_PER_S;
    assert(inquire() == 3);
    assert(drain(world) == 3);
}

static void ten_deliveries_are_one_capture_and_one_answer(PaymentWorld *world)
{
    uint64_t order = fresh();
    PaymentCommand command = charge_of(order, 1, "tok_ok");

    for (int i = 0; i < 10; i++) {
        assert(run(&command) == STATUS_OK);
    }
    expect_answer(world, order, 1, "payment.captured");
    assert(world->captures(world->context, (OrderId){ order }) == 1);
}

static void a_charge_sent_again_is_answered_again(PaymentWorld *world)
{
    uint64_t order = fresh();

    for (int i = 0; i < 3; i++) {
        PaymentCommand command = charge_of(order, 1, "tok_ok");
        assert(run(&command) == STATUS_OK);
        expect_answer(world, order, 1, "payment.captured");
    }
    assert(world->captures(world->context, (OrderId){ order }) == 1);
    expect_payment(world, order, PAYMENT_CAPTURED, 5000, 1);
}

static void repetitions_within_a_batch_are_charged_once(PaymentWorld *world)
{
    uint64_t order = fresh();
    PaymentCommand items[] = { charge_of(order, 1, "tok_ok"), charge_of(order, 1, "tok_ok"),
                               charge_of(order, 1, "tok_ok") };
    PaymentCommand *commands[] = { &items[0], &items[1], &items[2] };

    items[2].event = items[0].event;
    handle_payments(desk, commands, 3);
    for (size_t i = 0; i < 3; i++) {
        assert(!status_failed(items[i].status));
    }
    assert(drain(world) == 2); /* two commands, one of them delivered twice */
    assert(world->captures(world->context, (OrderId){ order }) == 1);
}

static void an_unknown_charge_is_never_charged_again(PaymentWorld *world)
{
    uint64_t order = fresh();
    PaymentCommand first = charge_of(order, 1, "tok_timeout_lost");
    PaymentCommand again = charge_of(order, 1, "tok_ok");
    PaymentCommand next = charge_of(order, 2, "tok_ok");

    assert(run(&first) == STATUS_OK);
    expect_answer(world, order, 1, "payment.unknown");
    assert(run(&again) == STATUS_OK);
    expect_answer(world, order, 1, "payment.unknown");
    assert(run(&next) == STATUS_FAILED_PRECONDITION);
    assert(drain(world) == 0);
    assert(world->captures(world->context, (OrderId){ order }) == 0);
    world->clock->now_us += 3600 * US_PER_S;
    assert(inquire() == 1);
    expect_answer(world, order, 1, "payment.declined");
}

static void a_new_attempt_follows_a_decline(PaymentWorld *world)
{
    uint64_t order = fresh();
    PaymentCommand first = charge_of(order, 1, "tok_declined");
    PaymentCommand second = charge_of(order, 2, "tok_ok");
    PaymentCommand third = charge_of(order, 3, "tok_ok");

    assert(run(&first) == STATUS_OK);
    expect_answer(world, order, 1, "payment.declined");
    assert(run(&second) == STATUS_OK);
    expect_answer(world, order, 2, "payment.captured");
    assert(run(&third) == STATUS_FAILED_PRECONDITION);
    assert(drain(world) == 0);
    assert(world->captures(world->context, (OrderId){ order }) == 1);
    expect_payment(world, order, PAYMENT_CAPTURED, 5000, 2);
    first.event = (EventId){ fresh() };
    assert(run(&first) == STATUS_OK); /* late, and answered from what is written */
    expect_answer(world, order, 1, "payment.declined");
}

static void another_amount_for_a_known_attempt_is_refused(PaymentWorld *world)
{
    uint64_t order = fresh();
    PaymentCommand first = charge_of(order, 1, "tok_ok");
    PaymentCommand other = charge_of(order, 1, "tok_ok");

    other.charge.amount.minor = 4999;
    assert(run(&first) == STATUS_OK);
    expect_answer(world, order, 1, "payment.captured");
    assert(run(&other) == STATUS_FAILED_PRECONDITION);
    assert(drain(world) == 0);
}

static void the_inquirer_finds_a_capture_without_an_answer(PaymentWorld *world)
{
    uint64_t order = fresh();
    PaymentCommand command = charge_of(order, 1, "tok_timeout");

    assert(run(&command) == STATUS_OK);
    expect_answer(world, order, 1, "payment.unknown");
    assert(inquire() == 0); /* not due */
    world->clock->now_us += US_PER_S;
    assert(inquire() == 1);
    expect_answer(world, order, 1, "payment.captured");
    assert(answers[0].amount == 5000);
    assert(inquire() == 0);
    assert(drain(world) == 0);
    expect_payment(world, order, PAYMENT_CAPTURED, 5000, 1);
}

static void the_inquirer_waits_for_a_slow_capture(PaymentWorld *world)
{
    uint64_t order = fresh();
    PaymentCommand command = charge_of(order, 1, "tok_slow");

    assert(run(&command) == STATUS_OK);
    expect_answer(world, order, 1, "payment.unknown");
    world->clock->now_us += US_PER_S;
    assert(inquire() == 0); /* still processing: again in 2 s */
    world->clock->now_us += 2 * US_PER_S - 1;
    assert(inquire() == 0);
    assert(drain(world) == 0);
    world->clock->now_us += 1;
    assert(inquire() == 1);
    expect_answer(world, order, 1, "payment.captured");
}

static void a_lost_charge_is_revoked_and_declined(PaymentWorld *world)
{
    uint64_t order = fresh();
    PaymentCommand command = charge_of(order, 1, "tok_timeout_lost");
    ProviderRequest late = {
        .order = { order }, .attempt = 1, .amount = { 5000 }, .currency = "KRW", .token = "tok_ok"
    };
    ProviderRequest *requests[] = { &late };

    assert(run(&command) == STATUS_OK);
    expect_answer(world, order, 1, "payment.unknown");
    world->clock->now_us += US_PER_S;
    assert(inquire() == 0); /* within the grace time */
    assert(drain(world) == 0);
    world->clock->now_us += 2 * US_PER_S;
    assert(inquire() == 1);
    expect_answer(world, order, 1, "payment.declined");
    assert(strcmp(answers[0].reason, "NOT_CHARGED") == 0);
    expect_payment(world, order, PAYMENT_DECLINED, 0, 1);
    /* The charge that was lost on the way arrives after all. */
    assert(!status_failed(world->provider->ops->charge(world->provider, requests, 1)));
    assert(late.outcome.kind == OUTCOME_VOIDED);
    assert(world->captures(world->context, (OrderId){ order }) == 0);
}

static void an_inquiry_is_answered_from_what_is_written(PaymentWorld *world)
{
    uint64_t order = fresh();
    uint64_t open = fresh();
    PaymentCommand charge = charge_of(order, 1, "tok_ok");
    PaymentCommand unknown = charge_of(open, 1, "tok_slow");
    PaymentCommand inquiry = inquiry_of(order, 1);
    PaymentCommand early = inquiry_of(open, 1);

    assert(run(&charge) == STATUS_OK);
    assert(run(&unknown) == STATUS_OK);
    assert(drain(world) == 2);
    assert(run(&inquiry) == STATUS_OK);
    expect_answer(world, order, 1, "payment.captured");
    assert(run(&early) == STATUS_OK);
    assert(drain(world) == 0); /* the inquirer will answer, once it knows */
    world->clock->now_us += 3600 * US_PER_S;
    assert(inquire() == 1);
    expect_answer(world, open, 1, "payment.captured");
}

static void an_inquiry_about_a_charge_that_never_came_ends_it(PaymentWorld *world)
{
    uint64_t order = fresh();
    PaymentCommand inquiry = inquiry_of(order, 1);
    PaymentCommand late = charge_of(order, 1, "tok_ok");
    PaymentCommand next = charge_of(order, 2, "tok_ok");

    assert(run(&inquiry) == STATUS_OK);
    expect_answer(world, order, 1, "payment.declined");
    assert(strcmp(answers[0].reason, "NOT_CHARGED") == 0);
    assert(run(&late) == STATUS_OK);
    expect_answer(world, order, 1, "payment.declined");
    assert(world->captures(world->context, (OrderId){ order }) == 0);
    assert(run(&next) == STATUS_OK);
    expect_answer(world, order, 2, "payment.captured");
    expect_payment(world, order, PAYMENT_CAPTURED, 5000, 2);
}

/* A crash after the provider's answer, before the commit: the message comes again. */
static void a_crash_before_the_commit_charges_once(PaymentWorld *world)
{
    uint64_t order = fresh();
    PaymentCommand command = charge_of(order, 1, "tok_ok");
    ProviderRequest request = {
        .order = { order }, .attempt = 1, .amount = { 5000 }, .currency = "KRW", .token = "tok_ok"
    };
    ProviderRequest *requests[] = { &request };

    assert(!status_failed(world->provider->ops->charge(world->provider, requests, 1)));
    assert(run(&command) == STATUS_OK);
    expect_answer(world, order, 1, "payment.captured");
    assert(world->captures(world->context, (OrderId){ order }) == 1);
}

static void who_settles_second_changes_nothing(PaymentWorld *world)
{
    static PaymentBook book;
    uint64_t order = fresh();
    PaymentCommand command = charge_of(order, 1, "tok_timeout");
    Outcome declined = { .kind = OUTCOME_DECLINED, .reason = "CARD_DECLINED" };
    size_t settled = 9;

    assert(run(&command) == STATUS_OK);
    expect_answer(world, order, 1, "payment.unknown");
    world->clock->now_us += US_PER_S;
    payment_book_clear(&book);
    assert(!status_failed(world->store->ops->load_due(world->store, world->clock->now_us, &book)));
    assert(book.attempt_count == 1);
    assert(inquire() == 1); /* another process is faster */
    payment_settle(payment_book_find(&book, (OrderId){ order }), &book.attempts[0], &declined,
                   world->clock->now_us);
    assert(!status_failed(world->store->ops->settle_due(world->store, &book, &settled)));
    assert(settled == 0);
    expect_answer(world, order, 1, "payment.captured");
    expect_payment(world, order, PAYMENT_CAPTURED, 5000, 1);
}

static void a_full_batch_fits(PaymentWorld *world)
{
    static const char *const tokens[] = { "tok_ok", "tok_ok", "tok_declined", "tok_timeout" };
    static PaymentCommand items[PAYMENT_BATCH_MAX];
    static PaymentCommand *commands[PAYMENT_BATCH_MAX];
    size_t captured = 0;

    for (size_t i = 0; i < PAYMENT_BATCH_MAX; i++) {
        items[i] = charge_of(fresh(), 1, tokens[i % 4]);
        commands[i] = &items[i];
    }
    handle_payments(desk, commands, PAYMENT_BATCH_MAX);
    assert(drain(world) == PAYMENT_BATCH_MAX);
    for (size_t i = 0; i < PAYMENT_BATCH_MAX; i++) {
        assert(!status_failed(items[i].status));
        assert(answers[i].order.value == items[i].charge.order.value); /* in arrival order */
        captured += strcmp(answers[i].type, "payment.captured") == 0 ? 1 : 0;
    }
    assert(captured == PAYMENT_BATCH_MAX / 2);
    world->clock->now_us += US_PER_S;
    assert(inquire() == PAYMENT_BATCH_MAX / 4);
    assert(drain(world) == PAYMENT_BATCH_MAX / 4);
}

void payment_store_contract(PaymentWorld *world)
{
    static const struct Case {
        const char *name;
        void (*run)(PaymentWorld *world);
    } cases[] = {
#define CASE(name) { #name, name }
        CASE(each_token_leads_to_its_answer),
        CASE(ten_deliveries_are_one_capture_and_one_answer),
        CASE(a_charge_sent_again_is_answered_again),
        CASE(repetitions_within_a_batch_are_charged_once),
        CASE(an_unknown_charge_is_never_charged_again),
        CASE(a_new_attempt_follows_a_decline),
        CASE(another_amount_for_a_known_attempt_is_refused),
        CASE(the_inquirer_finds_a_capture_without_an_answer),
        CASE(the_inquirer_waits_for_a_slow_capture),
        CASE(a_lost_charge_is_revoked_and_declined),
        CASE(an_inquiry_is_answered_from_what_is_written),
        CASE(an_inquiry_about_a_charge_that_never_came_ends_it),
        CASE(a_crash_before_the_commit_charges_once),
        CASE(who_settles_second_changes_nothing),
        CASE(a_full_batch_fits),
#undef CASE
    };

    desk = payments_open(world->store, world->provider, &world->clock->clock);
    assert(desk != NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        printf("%s\n", cases[i].name);
        (void)fflush(stdout);
        cases[i].run(world);
    }
    payments_close(desk);
}
