#include "services/payment/app/asking.h"

#include <assert.h>

void asking_add(Asking *asking, Payment *payment, Attempt *attempt)
{
    size_t at = asking->count++;

    assert(at < PAYMENT_BATCH_MAX);
    asking->payments[at] = payment;
    asking->attempts[at] = attempt;
    asking->requests[at] = (ProviderRequest){
        .order = attempt->order,
        .attempt = attempt->number,
        .amount = payment->amount,
        .currency = payment->currency,
        .token = attempt->token,
        .outcome = { .kind = OUTCOME_NO_ANSWER },
    };
    asking->pointers[at] = &asking->requests[at];
}

Status asking_ask(Asking *asking, PaymentProvider *provider, AskProvider *ask)
{
    if (asking->count == 0) {
        return status_ok();
    }
    Status status = ask(provider, asking->pointers, asking->count);
    if (status.code != STATUS_UNKNOWN && status.code != STATUS_DEADLINE_EXCEEDED) {
        return status;
    }
    for (size_t i = 0; i < asking->count; i++) {
        asking->requests[i].outcome = (Outcome){ .kind = OUTCOME_NO_ANSWER };
    }
    return status_ok();
}

void asking_settle(Asking *asking, int64_t now_us)
{
    for (size_t i = 0; i < asking->count; i++) {
        payment_settle(asking->payments[i], asking->attempts[i], &asking->requests[i].outcome,
                       now_us);
    }
}
