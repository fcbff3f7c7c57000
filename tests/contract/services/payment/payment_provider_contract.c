#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "tests/contract/services/payment/payment_contract.h"

static uint64_t next_order = 1;

static ProviderRequest request_of(const char *token)
{
    return (ProviderRequest){ .order = { next_order++ },
                              .attempt = 1,
                              .amount = { 5000 },
                              .currency = "KRW",
                              .token = token };
}

typedef Status Ask(PaymentProvider *provider, ProviderRequest *const *requests, size_t count);

static OutcomeKind ask(PaymentWorld *world, Ask *operation, ProviderRequest *request)
{
    ProviderRequest *requests[] = { request };

    assert(!status_failed(operation(world->provider, requests, 1)));
    return request->outcome.kind;
}

static OutcomeKind charge(PaymentWorld *world, ProviderRequest *request)
{
    return ask(world, world->provider->ops->charge, request);
}

static OutcomeKind inquire(PaymentWorld *world, ProviderRequest *request)
{
    return ask(world, world->provider->ops->inquire, request);
}

static OutcomeKind revoke(PaymentWorld *world, ProviderRequest *request)
{
    return ask(world, world->provider->ops->revoke, request);
}

static void each_token_has_its_outcome(PaymentWorld *world)
{
    static const struct {
        const char *token;
        OutcomeKind answer;
        OutcomeKind inquired;
        const char *reason;
        size_t captures;
    } rows[] = {
        { "tok_ok", OUTCOME_CAPTURED, OUTCOME_CAPTURED, "", 1 },
        { "tok_declined", OUTCOME_DECLINED, OUTCOME_DECLINED, "CARD_DECLINED", 0 },
        { "tok_insufficient_funds", OUTCOME_DECLINED, OUTCOME_DECLINED, "INSUFFICIENT_FUNDS", 0 },
        { "tok_slow", OUTCOME_NO_ANSWER, OUTCOME_PROCESSING, "", 1 },
        { "tok_timeout", OUTCOME_NO_ANSWER, OUTCOME_CAPTURED, "", 1 },
        { "tok_timeout_lost", OUTCOME_NO_ANSWER, OUTCOME_NOT_FOUND, "", 0 },
        { "tok_nobody_knows", OUTCOME_DECLINED, OUTCOME_DECLINED, "INVALID_TOKEN", 0 },
        { "", OUTCOME_DECLINED, OUTCOME_DECLINED, "INVALID_TOKEN", 0 },
    };
    enum {
        ROWS = sizeof rows / sizeof rows[0]
    };
    ProviderRequest requests[ROWS];
    ProviderRequest *pointers[ROWS];

    for (size_t i = 0; i < ROWS; i++) {
        requests[i] = request_of(rows[i].token);
        pointers[i] = &requests[i];
    }
    /* All in one batch: no slow one holds up the others. */
    assert(!status_failed(world->provider->ops->charge(world->provider, pointers, ROWS)));
    for (size_t i = 0; i < ROWS; i++) {
        assert(requests[i].outcome.kind == rows[i].answer);
        if (rows[i].answer == OUTCOME_DECLINED) {
            assert(strcmp(requests[i].outcome.reason, rows[i].reason) == 0);
        }
        if (rows[i].answer == OUTCOME_CAPTURED) {
            assert(requests[i].outcome.amount.minor == 5000);
            assert(requests[i].outcome.reference[0] != '\0');
        }
        assert(world->captures(world->context, requests[i].order) == rows[i].captures);
        assert(inquire(world, &requests[i]) == rows[i].inquired);
    }
}

static void a_slow_charge_is_captured_two_seconds_later(PaymentWorld *world)
{
    ProviderRequest request = request_of("tok_slow");

    assert(charge(world, &request) == OUTCOME_NO_ANSWER);
    world->clock->now_us += 2 * US_PER_S - 1;
    assert(inquire(world, &request) == OUTCOME_PROCESSING);
    world->clock->now_us += 1;
    assert(inquire(world, &request) == OUTCOME_CAPTURED);
    assert(request.outcome.amount.minor == 5000);
}

static void a_key_is_charged_once(PaymentWorld *world)
{
    ProviderRequest request = request_of("tok_ok");
    ProviderRequest other_token = request;
    ProviderRequest next_attempt = request;

    for (int i = 0; i < 10; i++) {
        assert(charge(world, &request) == OUTCOME_CAPTURED);
    }
    other_token.token = "tok_declined";
    assert(charge(world, &other_token) == OUTCOME_CAPTURED);
    assert(world->captures(world->context, request.order) == 1);
    next_attempt.attempt = 2;
    next_attempt.token = "tok_declined";
    assert(charge(world, &next_attempt) == OUTCOME_DECLINED);
}

static void a_decline_stands(PaymentWorld *world)
{
    ProviderRequest request = request_of("tok_declined");

    assert(charge(world, &request) == OUTCOME_DECLINED);
    request.token = "tok_ok";
    assert(charge(world, &request) == OUTCOME_DECLINED);
    assert(strcmp(request.outcome.reason, "CARD_DECLINED") == 0);
}

static void known_and_new_keys_may_share_a_batch(PaymentWorld *world)
{
    ProviderRequest requests[] = { request_of("tok_ok"), request_of("tok_ok"),
                                   request_of("tok_declined") };
    ProviderRequest *pointers[] = { &requests[0], &requests[1], &requests[2] };

    assert(charge(world, &requests[1]) == OUTCOME_CAPTURED);
    assert(!status_failed(world->provider->ops->charge(world->provider, pointers, 3)));
    assert(requests[0].outcome.kind == OUTCOME_CAPTURED);
    assert(requests[1].outcome.kind == OUTCOME_CAPTURED);
    assert(requests[2].outcome.kind == OUTCOME_DECLINED);
    assert(world->captures(world->context, requests[1].order) == 1);
}

static void a_revoked_key_is_never_charged(PaymentWorld *world)
{
    ProviderRequest request = request_of("tok_ok");

    assert(revoke(world, &request) == OUTCOME_VOIDED);
    assert(revoke(world, &request) == OUTCOME_VOIDED);
    assert(charge(world, &request) == OUTCOME_VOIDED);
    assert(inquire(world, &request) == OUTCOME_VOIDED);
    assert(world->captures(world->context, request.order) == 0);
}

static void what_is_charged_cannot_be_revoked(PaymentWorld *world)
{
    ProviderRequest captured = request_of("tok_timeout");
    ProviderRequest declined = request_of("tok_declined");

    assert(charge(world, &captured) == OUTCOME_NO_ANSWER);
    assert(revoke(world, &captured) == OUTCOME_CAPTURED);
    assert(charge(world, &declined) == OUTCOME_DECLINED);
    assert(revoke(world, &declined) == OUTCOME_DECLINED);
}

void payment_provider_contract(PaymentWorld *world)
{
    static const struct Case {
        const char *name;
        void (*run)(PaymentWorld *world);
    } cases[] = {
#define CASE(name) { #name, name }
        CASE(each_token_has_its_outcome),
        CASE(a_slow_charge_is_captured_two_seconds_later),
        CASE(a_key_is_charged_once),
        CASE(a_decline_stands),
        CASE(known_and_new_keys_may_share_a_batch),
        CASE(a_revoked_key_is_never_charged),
        CASE(what_is_charged_cannot_be_revoked),
#undef CASE
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        printf("%s\n", cases[i].name);
        (void)fflush(stdout);
        cases[i].run(world);
    }
}
