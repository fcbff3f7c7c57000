/* Calls to servers that are killed, stopped or not there: what the caller is told, and
 * that nothing is ever executed twice. The servers are this program, started again as
 * `rpc_failures_test serve url`; each executed call is a byte in the pipe to the test. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/crypto/token.h"
#include "tests/support/rpc_fixture.h"

enum {
    FATAL_PRODUCT = 666, /* the server dies of it, after it has counted the call */
    SHORT_MS = 300,
    PATIENT_MS = 2 * RPC_CLIENT_PATIENCE_MS, /* if it runs out, that is a strike */
};

static void serve_call(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        bool fatal = asked_product(calls[i]) == FATAL_PRODUCT;
        if (write(STDOUT_FILENO, fatal ? "x" : ".", 1) != 1 || fatal) {
            (void)kill(getpid(), SIGKILL);
        }
        echo_one(calls[i]);
    }
}

static int serve(const char *url)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failing test leaves nobody behind */
    assert(crypto_init());
    (void)fixture_serve(&(ServeOptions){ .url = url, .handler = serve_call });
    for (;;) {
        (void)pause();
    }
}

typedef struct Caller {
    RpcClient *client;
    StatusCode last;
    int64_t timeout_us;
} Caller;

static bool is_answered(void *context)
{
    Caller *caller = context;

    caller->last = ask_and_wait(caller->client, 1, caller->timeout_us);
    return caller->last == STATUS_OK;
}

static bool heals(RpcClient *client)
{
    Caller caller = { .client = client, .timeout_us = 500 * US_PER_MS };

    return eventually(is_answered, &caller);
}

static size_t count_in_output(const Child *child, char what)
{
    char bytes[4096];
    size_t size = read_output(child, bytes, sizeof bytes);
    size_t count = 0;

    for (size_t i = 0; i < size; i++) {
        count += bytes[i] == what ? 1 : 0;
    }
    return count;
}

static void a_call_whose_server_dies_is_executed_once_and_its_outcome_unknown(void)
{
    char url[FIXTURE_URL_SIZE];

    fixture_url(url);
    Child child = spawn_server(url);
    RpcClient *client = fixture_connect(url, "gateway", 16);
    assert(heals(client));
    assert(ask_and_wait(client, FATAL_PRODUCT, LONG_S * US_PER_S) == STATUS_UNKNOWN);
    assert(count_in_output(&child, 'x') == 1);
    kill_child(&child);

    child = spawn_server(url); /* a call that were sent again would kill this one */
    assert(heals(client));
    for (int i = 0; i < 20; i++) {
        assert(ask_and_wait(client, 1, LONG_S * US_PER_S) == STATUS_OK);
    }
    assert(count_in_output(&child, 'x') == 0);
    kill_child(&child);
    rpc_client_close(client);
}

static void a_server_that_hangs_costs_the_deadline_and_no_more(void)
{
    char url[FIXTURE_URL_SIZE];

    fixture_url(url);
    Child child = spawn_server(url);
    RpcClient *client = fixture_connect(url, "gateway", 16);
    assert(heals(client));
    stop_child(&child);
    int64_t start_us = clock_monotonic_us(clock_system());
    assert(ask_and_wait(client, 1, 200 * US_PER_MS) == STATUS_DEADLINE_EXCEEDED);
    int64_t took_us = clock_monotonic_us(clock_system()) - start_us;
    assert(took_us >= 200 * US_PER_MS && took_us < 5 * US_PER_S);
    assert(kill(child.pid, SIGCONT) == 0);
    assert(heals(client));
    kill_child(&child);
    rpc_client_close(client);
}

/* What hurries, and what is slow by nature, tells nothing of the server. */
static void time_outs_that_the_callers_chose_put_no_server_out(void)
{
    enum {
        ALONE = 2 * RPC_CLIENT_STRIKES
    };
    char url[FIXTURE_URL_SIZE];
    Asked slow[ALONE];

    fixture_url(url);
    Child child = spawn_server(url);
    RpcClient *client = fixture_connect(url, "gateway", 16);
    assert(heals(client));
    stop_child(&child);
    for (int i = 0; i < 2 * RPC_CLIENT_STRIKES; i++) {
        assert(ask_and_wait(client, 1, US_PER_MS) == STATUS_DEADLINE_EXCEEDED);
    }
    for (int i = 0; i < ALONE; i++) {
        asked_init(&slow[i], 1, PATIENT_MS * US_PER_MS);
        slow[i].call.alone = true;
        ask(client, &slow[i]);
    }
    for (int i = 0; i < ALONE; i++) {
        await(&slow[i]);
        assert(slow[i].call.status.code == STATUS_DEADLINE_EXCEEDED);
        asked_deinit(&slow[i]);
    }
    assert(rpc_client_ready(client));
    assert(kill(child.pid, SIGCONT) == 0);
    assert(ask_and_wait(client, 1, LONG_S * US_PER_S) == STATUS_OK);
    kill_child(&child);
    rpc_client_close(client);
}

static void without_a_server_nothing_happens_and_the_caller_knows_it(void)
{
    char url[FIXTURE_URL_SIZE];
    Asked asked[RPC_CLIENT_CONTEXTS + 4];
    const size_t count = sizeof asked / sizeof asked[0];

    fixture_url(url);
    RpcClient *client = fixture_connect(url, "gateway", 16);
    assert(!rpc_client_ready(client));
    for (size_t i = 0; i < count; i++) { /* more than may be on their way */
        asked_init(&asked[i], i, 100 * US_PER_MS);
        ask(client, &asked[i]);
    }
    for (size_t i = 0; i < count; i++) {
        await(&asked[i]);
        assert(asked[i].call.status.code == STATUS_UNAVAILABLE);
        asked_deinit(&asked[i]);
    }
    /* by now it is out: no call waits any more */
    int64_t start_us = clock_monotonic_us(clock_system());
    assert(ask_and_wait(client, 1, LONG_S * US_PER_S) == STATUS_UNAVAILABLE);
    assert(clock_monotonic_us(clock_system()) - start_us < LONG_S * US_PER_S / 2);

    Child child = spawn_server(url); /* and when it comes, it is found */
    assert(heals(client));
    assert(rpc_client_ready(client));
    kill_child(&child);
    rpc_client_close(client);
}

static void a_restarted_server_is_found_again_by_calls_that_wait(void)
{
    char url[FIXTURE_URL_SIZE];

    fixture_url(url);
    Child child = spawn_server(url);
    RpcClient *client = fixture_connect(url, "gateway", 16);
    assert(heals(client));
    kill_child(&child);
    child = spawn_server(url);
    Caller caller = { .client = client, .timeout_us = LONG_S * US_PER_S };
    /* at most the call that was sent into the dying connection fails */
    assert(is_answered(&caller) || caller.last == STATUS_UNKNOWN);
    assert(is_answered(&caller));
    kill_child(&child);
    rpc_client_close(client);
}

/* Asks again as soon as it is answered. */
typedef struct Loop {
    Asked asked;
    RpcClient *client;
    int left;
    int timeout_ms;
    atomic_int *failed;
} Loop;

static void on_loop(void *context)
{
    Loop *loop = context;

    if (loop->asked.call.status.code != STATUS_OK) {
        atomic_fetch_add(loop->failed, 1);
    }
    if (--loop->left == 0) {
        atomic_fetch_add(&loop->asked.done, 1);
        return;
    }
    arena_reset(&loop->asked.arena);
    loop->asked.call.deadline_us =
        clock_monotonic_us(clock_system()) + loop->timeout_ms * US_PER_MS;
    ask(loop->client, &loop->asked);
}

static void run_loops(RpcClient *client, int rounds, int timeout_ms, atomic_int *failed)
{
    enum {
        LOOPS = 16
    };
    Loop loops[LOOPS];

    for (size_t i = 0; i < LOOPS; i++) {
        asked_init(&loops[i].asked, i, timeout_ms * US_PER_MS);
        loops[i].client = client;
        loops[i].left = rounds;
        loops[i].timeout_ms = timeout_ms;
        loops[i].failed = failed;
        loops[i].asked.call.done = on_loop;
        loops[i].asked.call.context = &loops[i];
    }
    for (size_t i = 0; i < LOOPS; i++) {
        ask(client, &loops[i].asked);
    }
    for (size_t i = 0; i < LOOPS; i++) {
        await(&loops[i].asked);
        asked_deinit(&loops[i].asked);
    }
}

/* nng 1.5.2 may stop to connect for ever when a connection breaks while replies come in;
 * this was seen once in 20 kills, until each connection carried one message at a time. */
static void a_client_finds_servers_again_however_often_they_die_under_load(void)
{
    char url[FIXTURE_URL_SIZE];
    atomic_int failed = 0;

    fixture_url(url);
    Child child = spawn_server(url);
    RpcClient *client = fixture_connect(url, "gateway", 256);
    for (int i = 0; i < 15; i++) {
        Asked fatal;
        assert(heals(client));
        asked_init(&fatal, FATAL_PRODUCT, LONG_S * US_PER_S);
        fatal.call.alone = i % 2 == 0;
        run_loops(client, 20, SHORT_MS, &failed);
        ask(client, &fatal);
        run_loops(client, 2, SHORT_MS, &failed);
        await(&fatal);
        assert(fatal.call.status.code == STATUS_UNKNOWN);
        asked_deinit(&fatal);
        kill_child(&child);
        child = spawn_server(url);
    }
    assert(heals(client));
    kill_child(&child);
    rpc_client_close(client);
}

static bool has_answered(void *context)
{
    Child *child = ((void **)context)[0];

    run_loops(((void **)context)[1], 20, SHORT_MS, ((void **)context)[2]);
    return count_in_output(child, '.') > 0;
}

static void of_two_servers_the_hung_one_is_cut_out_until_it_answers_again(void)
{
    char urls[2 * FIXTURE_URL_SIZE + 1];
    char first[FIXTURE_URL_SIZE];
    char second[FIXTURE_URL_SIZE];
    atomic_int failed = 0;

    fixture_url(first);
    fixture_url(second);
    (void)snprintf(urls, sizeof urls, "%s,%s", first, second);
    Child healthy = spawn_server(first);
    Child hung = spawn_server(second);
    RpcClient *client = fixture_connect(urls, "gateway", 256);
    void *both[] = { &healthy, client, &failed };
    assert(eventually(has_answered, both));
    both[0] = &hung;
    assert(eventually(has_answered, both));

    stop_child(&hung);
    failed = 0;
    run_loops(client, 200, PATIENT_MS, &failed);
    /* what was with it, and what was sent until the third time-out: not half of all */
    assert(failed > 0 && failed < 16 * RPC_CLIENT_STRIKES + 16);
    failed = 0;
    run_loops(client, 200, PATIENT_MS, &failed);
    assert(failed == 0);
    assert(rpc_client_ready(client));

    (void)count_in_output(&hung, '.');
    assert(kill(hung.pid, SIGCONT) == 0);
    (void)count_in_output(&hung, '.');
    assert(eventually(has_answered, both));
    kill_child(&healthy);
    kill_child(&hung);
    rpc_client_close(client);
}

static const NamedTest tests[] = {
    { "a call whose server dies is executed once and its outcome unknown",
      a_call_whose_server_dies_is_executed_once_and_its_outcome_unknown },
    { "a server that hangs costs the deadline and no more",
      a_server_that_hangs_costs_the_deadline_and_no_more },
    { "time-outs that the callers chose put no server out",
      time_outs_that_the_callers_chose_put_no_server_out },
    { "without a server nothing happens and the caller knows it",
      without_a_server_nothing_happens_and_the_caller_knows_it },
    { "a restarted server is found again by calls that wait",
      a_restarted_server_is_found_again_by_calls_that_wait },
    { "a client finds servers again however often they die under load",
      a_client_finds_servers_again_however_often_they_die_under_load },
    { "of two servers the hung one is cut out until it answers again",
      of_two_servers_the_hung_one_is_cut_out_until_it_answers_again },
};

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0) {
        return serve(argv[2]);
    }
    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
