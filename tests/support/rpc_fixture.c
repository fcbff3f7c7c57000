#include "tests/support/rpc_fixture.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/crypto/token.h"
#include "common/runtime/log.h"

extern char **environ;

/* libnng is not instrumented: TSan does not see the counter by which it shares one message
 * among connections, and takes its last user for a racing one. For TSan only. */
const char *__tsan_default_suppressions(void); /* NOLINT(bugprone-reserved-identifier) */
const char *__tsan_default_suppressions(void)  /* NOLINT(bugprone-reserved-identifier) */
{
    return "race:sendmsg\n";
}

int run_tests(const NamedTest *tests, size_t count)
{
    assert(crypto_init());
    log_open("rpc-test", LOG_ERROR);
    for (size_t i = 0; i < count; i++) {
        printf("%s\n", tests[i].name);
        (void)fflush(stdout);
        tests[i].run();
    }
    printf("%zu passed\n", count);
    return EXIT_SUCCESS;
}

const CallerKeyring *fixture_keyring(void)
{
    static const CallerKeyring keyring = {
        .count = 3,
        .callers = {
            { .name = "gateway", .key_count = 2, .keys = { { 1, 2, 3 }, { 4, 5, 6 } } },
            { .name = "order", .key_count = 1, .keys = { { 7, 8, 9 } } },
            { .name = "stranger", .key_count = 1, .keys = { { 10, 11, 12 } } },
        },
    };

    return &keyring;
}

void fixture_url(char ret_url[FIXTURE_URL_SIZE])
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0);
    assert(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    (void)close(fd);
    (void)snprintf(ret_url, FIXTURE_URL_SIZE, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
}

static int64_t system_wall_us(const Clock *clock)
{
    (void)clock;
    return clock_wall_us(clock_system());
}

static int64_t moved_monotonic_us(const Clock *clock)
{
    return ((const MovedClock *)clock)->monotonic_us;
}

void moved_clock_init(MovedClock *moved)
{
    static const ClockOps ops = { system_wall_us, moved_monotonic_us };

    moved->clock.ops = &ops;
    moved->monotonic_us = clock_monotonic_us(clock_system());
}

RpcServer *fixture_serve(const ServeOptions *options)
{
    const ProtobufCServiceDescriptor *descriptor = &jumun__product__v1__product_service__descriptor;
    RpcMethod methods[RPC_CLIENT_METHODS_MAX];
    RpcServer *server = NULL;

    for (unsigned i = 0; i < descriptor->n_methods; i++) {
        methods[i] = (RpcMethod){ descriptor->methods[i].name, options->handler, "gateway order" };
    }
    Status status = rpc_server_open(
        &(RpcServerOptions){
            .url = options->url,
            .descriptor = descriptor,
            .methods = methods,
            .method_count = descriptor->n_methods,
            .messages_max = FIXTURE_MESSAGES_MAX,
            .service = options->service,
            .ready = options->ready,
            .ready_context = options->ready_context,
            .keyring = fixture_keyring(),
            .clock = options->clock == NULL ? clock_system() : options->clock,
            .metrics = options->metrics,
        },
        &server);
    assert(!status_failed(status));
    return server;
}

uint64_t asked_product(const RpcCall *call)
{
    const Jumun__Product__V1__GetProductRequest *request = rpc_call_request(call);

    assert(request->base.descriptor == &jumun__product__v1__get_product_request__descriptor);
    return request->product_id;
}

void echo_one(RpcCall *call)
{
    Jumun__Product__V1__Product reply;

    jumun__product__v1__product__init(&reply);
    reply.product_id = asked_product(call);
    rpc_call_reply(call, &reply.base);
}

void echo(void *service, RpcCall *const *calls, size_t count)
{
    (void)service;
    for (size_t i = 0; i < count; i++) {
        echo_one(calls[i]);
    }
}

RpcClient *fixture_connect(const char *urls, const char *caller, size_t queue_max)
{
    RpcClient *client = NULL;

    Status status = rpc_client_open(
        &(RpcClientOptions){
            .urls = urls,
            .descriptor = &jumun__product__v1__product_service__descriptor,
            .caller = caller,
            .keyring = fixture_keyring(),
            .queue_max = queue_max,
            .clock = clock_system(),
        },
        &client);
    assert(!status_failed(status));
    return client;
}

static void count_done(void *context)
{
    Asked *asked = context;

    atomic_fetch_add(&asked->done, 1);
}

void asked_init(Asked *asked, uint64_t product, int64_t timeout_us)
{
    memset(asked, 0, sizeof *asked);
    arena_init(&asked->arena, 4096, 2 << 20);
    jumun__product__v1__get_product_request__init(&asked->request);
    asked->request.product_id = product;
    asked->call.method = METHOD_GET;
    asked->call.message = &asked->request.base;
    asked->call.arena = &asked->arena;
    asked->call.deadline_us = clock_monotonic_us(clock_system()) + timeout_us;
    asked->call.done = count_done;
    asked->call.context = asked;
}

void asked_deinit(Asked *asked)
{
    arena_deinit(&asked->arena);
}

void ask(RpcClient *client, Asked *asked)
{
    rpc_client_call(client, &asked->call);
}

static bool is_done(void *context)
{
    return atomic_load(&((Asked *)context)->done) > 0;
}

void await(Asked *asked)
{
    assert(eventually(is_done, asked));
    assert(asked->done == 1);
}

uint64_t answered_product(const Asked *asked)
{
    const Jumun__Product__V1__Product *reply =
        (const Jumun__Product__V1__Product *)asked->call.reply;

    assert(reply != NULL && reply->base.descriptor == &jumun__product__v1__product__descriptor);
    return reply->product_id;
}

StatusCode ask_and_wait(RpcClient *client, uint64_t product, int64_t timeout_us)
{
    Asked asked;

    asked_init(&asked, product, timeout_us);
    Status status = rpc_client_call_and_wait(client, &asked.call);
    assert(status_failed(status) || answered_product(&asked) == product);
    asked_deinit(&asked);
    return status.code;
}

bool eventually(bool (*holds)(void *context), void *context)
{
    const struct timespec pause = { 0, 1000000 };
    int64_t end_us = clock_monotonic_us(clock_system()) + LONG_S * US_PER_S;

    while (!holds(context)) {
        if (clock_monotonic_us(clock_system()) > end_us) {
            return false;
        }
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

Child spawn_server(const char *url)
{
    char program[] = "/proc/self/exe";
    char serve[] = "serve";
    char address[FIXTURE_URL_SIZE];
    char *arguments[] = { program, serve, address, NULL };
    posix_spawn_file_actions_t actions;
    Child child;
    int ends[2];

    (void)snprintf(address, sizeof address, "%s", url);
    assert(pipe2(ends, O_CLOEXEC) == 0);
    assert(posix_spawn_file_actions_init(&actions) == 0);
    assert(posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) == 0);
    assert(posix_spawn(&child.pid, program, &actions, NULL, arguments, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    assert(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    child.output = ends[0];
    return child;
}

void kill_child(Child *child)
{
    (void)kill(child->pid, SIGKILL);
    (void)waitpid(child->pid, NULL, 0);
    (void)close(child->output);
    child->pid = 0;
}

void stop_child(const Child *child)
{
    int state = 0;

    assert(kill(child->pid, SIGSTOP) == 0);
    assert(waitpid(child->pid, &state, WUNTRACED) == child->pid && WIFSTOPPED(state));
}

size_t read_output(const Child *child, char *buffer, size_t size)
{
    ssize_t got = read(child->output, buffer, size);

    assert(got >= 0 || errno == EAGAIN);
    return got < 0 ? 0 : (size_t)got;
}
