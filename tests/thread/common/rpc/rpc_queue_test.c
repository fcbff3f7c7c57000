/* The queue of a client: which calls leave together, how many may wait, and what becomes of
 * those whose time is up. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/thread/common/rpc/rpc_stage.h"

/* Calls in a loop: whoever is answered asks again, on nng's thread. */
typedef struct Loop {
    Asked asked;
    RpcClient *client;
    int left;
} Loop;

static void on_loop(void *context)
{
    Loop *loop = context;

    assert(loop->asked.call.status.code == STATUS_OK);
    assert(answered_product(&loop->asked) == loop->asked.request.product_id);
    if (--loop->left == 0) {
        atomic_fetch_add(&loop->asked.done, 1);
        return;
    }
    arena_reset(&loop->asked.arena);
    loop->asked.request.product_id++;
    ask(loop->client, &loop->asked);
}

static void tally(void *service, RpcCall *const *calls, size_t count)
{
    Tally *sums = service;

    atomic_fetch_add(&sums->messages, 1);
    atomic_fetch_add(&sums->calls, count);
    if (count > sums->largest) {
        sums->largest = count;
    }
    echo(NULL, calls, count);
}

static void calls_travel_together_under_load_and_alone_when_idle(void)
{
    enum {
        LOOPS = 64,
        ROUNDS = 200
    };
    Tally sums = { 0 };
    Stage stage;
    Loop *loops = calloc(LOOPS, sizeof *loops);

    stage_open(&stage, tally, &sums, LOOPS);
    for (uint64_t i = 0; i < 10; i++) {
        assert(ask_and_wait(stage.client, i, LONG_S * US_PER_S) == STATUS_OK);
    }
    assert(sums.messages == 10 && sums.calls == 10);
    for (size_t i = 0; i < LOOPS; i++) {
        asked_init(&loops[i].asked, i << 32, LONG_S * US_PER_S);
        loops[i].client = stage.client;
        loops[i].left = ROUNDS;
        loops[i].asked.call.done = on_loop;
        loops[i].asked.call.context = &loops[i];
    }
    for (size_t i = 0; i < LOOPS; i++) {
        ask(stage.client, &loops[i].asked);
    }
    for (size_t i = 0; i < LOOPS; i++) {
        await(&loops[i].asked);
        asked_deinit(&loops[i].asked);
    }
    assert(sums.calls == 10 + LOOPS * ROUNDS);
    assert(sums.calls > 2 * sums.messages); /* the mean batch is more than two */
    assert(sums.largest <= RPC_BATCH_MAX);
    stage_close(&stage);
    free(loops);
}

static void a_batch_holds_at_most_32_calls_and_a_call_that_is_alone_just_one(void)
{
    enum {
        QUEUED = 40
    };
    Parking parking = empty_parking();
    Stage stage;
    Asked asked[RPC_CLIENT_CONTEXTS + QUEUED];
    const size_t contexts = RPC_CLIENT_CONTEXTS;

    stage_open(&stage, park, &parking, QUEUED);
    fill_contexts(&stage, &parking, asked);
    for (size_t i = contexts; i < contexts + QUEUED; i++) {
        asked_init(&asked[i], i, LONG_S * US_PER_S);
        asked[i].call.alone = i == contexts;
        ask(stage.client, &asked[i]);
    }
    release_parked(&parking, 0, contexts);
    await_parked(&parking, contexts + QUEUED);
    /* the call that is alone, 32 of the others, the last 7 */
    assert(parking.messages == contexts + 3);
    release_parked(&parking, contexts, QUEUED);
    for (size_t i = 0; i < contexts + QUEUED; i++) {
        await(&asked[i]);
        assert(asked[i].call.status.code == STATUS_OK && answered_product(&asked[i]) == i);
        asked_deinit(&asked[i]);
    }
    stage_close(&stage);
}

static void a_full_queue_refuses_the_next_call_at_once(void)
{
    Parking parking = empty_parking();
    Stage stage;
    Asked asked[RPC_CLIENT_CONTEXTS + 2];
    Asked refused;
    const size_t contexts = RPC_CLIENT_CONTEXTS;

    stage_open(&stage, park, &parking, 2);
    fill_contexts(&stage, &parking, asked);
    for (size_t i = contexts; i < contexts + 2; i++) {
        asked_init(&asked[i], i, LONG_S * US_PER_S);
        ask(stage.client, &asked[i]);
    }
    asked_init(&refused, 99, LONG_S * US_PER_S);
    ask(stage.client, &refused);
    assert(refused.done == 1 && refused.call.status.code == STATUS_RESOURCE_EXHAUSTED);
    assert(strcmp(refused.call.status.name, "OVERLOADED") == 0);
    release_parked(&parking, 0, contexts);
    await_parked(&parking, contexts + 2);
    release_parked(&parking, contexts, 2);
    for (size_t i = 0; i < contexts + 2; i++) {
        await(&asked[i]);
        assert(asked[i].call.status.code == STATUS_OK);
        asked_deinit(&asked[i]);
    }
    asked_deinit(&refused);
    stage_close(&stage);
}

static void a_call_with_less_time_than_its_batch_ends_alone_and_its_late_reply_is_dropped(void)
{
    Parking parking = empty_parking();
    Stage stage;
    Asked asked[RPC_CLIENT_CONTEXTS + 2];
    const size_t contexts = RPC_CLIENT_CONTEXTS;
    Asked *hasty = &asked[contexts];
    Asked *patient = &asked[contexts + 1];

    stage_open(&stage, park, &parking, 16);
    fill_contexts(&stage, &parking, asked);
    asked_init(hasty, contexts, 300 * US_PER_MS);
    asked_init(patient, contexts + 1, LONG_S * US_PER_S);
    ask(stage.client, hasty);
    ask(stage.client, patient);
    release_parked(&parking, 0, 1); /* the two leave together */
    await_parked(&parking, contexts + 2);
    assert(parking.messages == contexts + 1);

    await(hasty);
    assert(hasty->call.status.code == STATUS_DEADLINE_EXCEEDED);
    asked_deinit(hasty); /* nothing may touch it any more: ASan watches */
    assert(patient->done == 0);
    release_parked(&parking, 1, contexts + 1);
    await(patient);
    assert(patient->call.status.code == STATUS_OK && answered_product(patient) == contexts + 1);
    assert(hasty->done == 1);
    for (size_t i = 0; i < contexts; i++) {
        await(&asked[i]);
        asked_deinit(&asked[i]);
    }
    asked_deinit(patient);
    stage_close(&stage);
}

static void a_slow_call_is_refused_at_once_where_few_wait(void)
{
    Parking parking = empty_parking();
    Stage stage;
    Asked parked[RPC_CLIENT_CONTEXTS];
    Asked waiting[RPC_CLIENT_ALONE_MAX];
    Asked slow;

    stage_open(&stage, park, &parking, 2 * RPC_CLIENT_ALONE_MAX);
    fill_contexts(&stage, &parking, parked);
    for (size_t i = 0; i < RPC_CLIENT_ALONE_MAX; i++) {
        asked_init(&waiting[i], i, LONG_S * US_PER_S);
        waiting[i].call.alone = i + 1 < RPC_CLIENT_ALONE_MAX;
        ask(stage.client, &waiting[i]);
    }
    asked_init(&slow, 1, LONG_S * US_PER_S);
    slow.call.alone = true;
    ask(stage.client, &slow);
    assert(slow.done == 1 && slow.call.status.code == STATUS_RESOURCE_EXHAUSTED);
    asked_deinit(&slow);

    release_parked(&parking, 0, RPC_CLIENT_CONTEXTS);
    for (size_t i = 0; i < RPC_CLIENT_ALONE_MAX; i++) {
        await_parked(&parking, RPC_CLIENT_CONTEXTS + i + 1);
        release_parked(&parking, RPC_CLIENT_CONTEXTS + i, 1);
    }
    for (size_t i = 0; i < RPC_CLIENT_CONTEXTS; i++) {
        await(&parked[i]);
        asked_deinit(&parked[i]);
    }
    for (size_t i = 0; i < RPC_CLIENT_ALONE_MAX; i++) {
        await(&waiting[i]);
        assert(waiting[i].call.status.code == STATUS_OK);
        asked_deinit(&waiting[i]);
    }
    stage_close(&stage);
}

static void a_call_that_expires_in_the_queue_is_never_sent(void)
{
    Parking parking = empty_parking();
    Stage stage;
    Asked asked[RPC_CLIENT_CONTEXTS];
    const size_t contexts = RPC_CLIENT_CONTEXTS;

    stage_open(&stage, park, &parking, 16);
    fill_contexts(&stage, &parking, asked);
    assert(ask_and_wait(stage.client, 7, 20 * US_PER_MS) == STATUS_DEADLINE_EXCEEDED);
    release_parked(&parking, 0, contexts);
    for (size_t i = 0; i < contexts; i++) {
        await(&asked[i]);
        asked_deinit(&asked[i]);
    }
    assert(parking.count == contexts);
    stage_close(&stage);
}

static void a_call_that_expired_while_parked_is_answered_by_rpc_call_expire(void)
{
    Parking parking = empty_parking();
    MovedClock moved;
    Stage stage;
    Asked asked;

    moved_clock_init(&moved);
    fixture_url(stage.url);
    stage.server = fixture_serve(&(ServeOptions){
        .url = stage.url, .handler = park, .service = &parking, .clock = &moved.clock });
    stage.client = fixture_connect(stage.url, "gateway", 4);
    asked_init(&asked, 1, 10 * US_PER_S);
    ask(stage.client, &asked);
    await_parked(&parking, 1);
    assert(!rpc_call_expire(parking.calls[0], moved.monotonic_us));
    moved.monotonic_us += 11 * US_PER_S;
    assert(rpc_call_expire(parking.calls[0], moved.monotonic_us));
    await(&asked);
    assert(asked.call.status.code == STATUS_DEADLINE_EXCEEDED);
    asked_deinit(&asked);
    stage_close(&stage);
}

static const NamedTest tests[] = {
    { "calls travel together under load and alone when idle",
      calls_travel_together_under_load_and_alone_when_idle },
    { "a batch holds at most 32 calls and a call that is alone just one",
      a_batch_holds_at_most_32_calls_and_a_call_that_is_alone_just_one },
    { "a full queue refuses the next call at once", a_full_queue_refuses_the_next_call_at_once },
    { "a call with less time than its batch ends alone and its late reply is dropped",
      a_call_with_less_time_than_its_batch_ends_alone_and_its_late_reply_is_dropped },
    { "a slow call is refused at once where few wait",
      a_slow_call_is_refused_at_once_where_few_wait },
    { "a call that expires in the queue is never sent",
      a_call_that_expires_in_the_queue_is_never_sent },
    { "a call that expired while parked is answered by rpc_call_expire",
      a_call_that_expired_while_parked_is_answered_by_rpc_call_expire },
};

int main(void)
{
    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
