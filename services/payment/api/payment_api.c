#include "services/payment/api/payment_api.h"

#include "common/rpc/proto_arena.h"
#include "jumun/payment/v1/payment.pb-c.h"

/* A call on its way to the pool. Lives in its arena. */
typedef struct GetJob {
    PoolJob link; /* first: a PoolJob pointer is a GetJob pointer */
    RpcCall *call;
} GetJob;

/* The domain's numbers and the wire's are the same. */
_Static_assert((int)PAYMENT_PENDING == (int)JUMUN__PAYMENT__V1__PAYMENT__STATUS__PENDING, "");
_Static_assert((int)PAYMENT_UNKNOWN == (int)JUMUN__PAYMENT__V1__PAYMENT__STATUS__UNKNOWN, "");
_Static_assert((int)PAYMENT_CAPTURED == (int)JUMUN__PAYMENT__V1__PAYMENT__STATUS__CAPTURED, "");
_Static_assert((int)PAYMENT_DECLINED == (int)JUMUN__PAYMENT__V1__PAYMENT__STATUS__DECLINED, "");

static bool may_see(const RpcContext *context, const Payment *payment)
{
    return context->role == JUMUN__RPC__V1__ROLE__ADMIN ||
           (context->member.value != 0 && context->member.value == payment->member.value);
}

static void attempt_to_proto(const Attempt *attempt, Jumun__Payment__V1__PaymentAttempt *message)
{
    jumun__payment__v1__payment_attempt__init(message);
    message->attempt = attempt->number;
    message->status = (Jumun__Payment__V1__Payment__Status)attempt->status;
    message->reason = proto_text(attempt->reason);
    message->reference = proto_text(attempt->reference);
    message->created_at_us = attempt->created_at_us;
    message->updated_at_us = attempt->updated_at_us;
}

static bool to_proto(const Payment *payment, const PaymentBook *book, Arena *arena,
                     Jumun__Payment__V1__Payment *message)
{
    Jumun__Payment__V1__PaymentAttempt *attempts =
        arena_calloc(arena, book->attempt_count, sizeof *attempts);

    jumun__payment__v1__payment__init(message);
    message->attempts = arena_calloc(arena, book->attempt_count, sizeof *message->attempts);
    if (attempts == NULL || message->attempts == NULL) {
        return false;
    }
    message->order_id = payment->order.value;
    message->amount = payment->amount.minor;
    message->currency = proto_text(payment->currency);
    message->status = (Jumun__Payment__V1__Payment__Status)payment->status;
    message->captured = payment->captured.minor;
    message->refunded = payment->refunded.minor;
    message->n_attempts = book->attempt_count;
    for (size_t i = 0; i < book->attempt_count; i++) {
        attempt_to_proto(&book->attempts[i], &attempts[i]);
        message->attempts[i] = &attempts[i];
    }
    return true;
}

static void answer(PaymentReader *reader, RpcCall *call)
{
    const Jumun__Payment__V1__GetPaymentRequest *request = rpc_call_request(call);
    OrderId order = { request->order_id };
    Jumun__Payment__V1__Payment message;

    payment_book_clear(&reader->book);
    Status status = order.value == 0
                        ? status_make(STATUS_NOT_FOUND, "PAYMENT_NOT_FOUND")
                        : reader->store->ops->find(reader->store, order, &reader->book);
    if (status_failed(status)) {
        rpc_call_fail(call, status, NULL);
        return;
    }
    const Payment *payment = payment_book_find(&reader->book, order);
    if (!may_see(rpc_call_context(call), payment)) {
        rpc_call_fail(call, status_make(STATUS_NOT_FOUND, "PAYMENT_NOT_FOUND"), NULL);
    } else if (!to_proto(payment, &reader->book, rpc_call_arena(call), &message)) {
        rpc_call_fail(call, status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED"), NULL);
    } else {
        rpc_call_reply(call, &message.base);
    }
}

static void run(PoolJob *pool_job, void *worker)
{
    GetJob *job = (GetJob *)pool_job;
    PaymentReader *reader = worker;

    if (!rpc_call_expire(job->call, clock_monotonic_us(reader->clock))) {
        answer(reader, job->call);
    }
}

static void on_get_payment(void *service, RpcCall *const *calls, size_t count)
{
    PaymentApi *api = service;

    for (size_t i = 0; i < count; i++) {
        GetJob *job = arena_calloc(rpc_call_arena(calls[i]), 1, sizeof *job);
        Status status = status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");

        if (job != NULL) {
            *job = (GetJob){ .link = { .run = run }, .call = calls[i] };
            status = pool_submit(api->readers, &job->link);
        }
        if (status_failed(status)) {
            rpc_call_fail(calls[i], status, NULL);
        }
    }
}

const RpcMethod payment_api_methods[PAYMENT_API_METHOD_COUNT] = {
    { "GetPayment", on_get_payment, "gateway" },
};
