#include "tests/integration/services/gateway/flow_fixture.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/gateway/service.h"
#include "tests/support/key_file.h"

enum {
    PORTS = 6, /* five of the fakes, one of ours */
};

Flow flow;

static void *gateway;
static KeyFile callers;
static KeyFile codes;

static bool is_free(unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool free = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return free;
}

static unsigned find_ports(void)
{
    for (unsigned first = 20000 + (unsigned)getpid() % 5000; first < 32000; first += PORTS) {
        bool all = true;
        for (unsigned i = 0; i < PORTS; i++) {
            all = all && is_free(first + i);
        }
        if (all) {
            return first;
        }
    }
    abort();
}

static void set_url(const char *variable, unsigned port)
{
    char url[64];

    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    expect(setenv(variable, url, 1) == 0);
}

void begin_session_for(int64_t life_us, uint64_t member, int role, char ret_token[TOKEN_SIZE])
{
    LoginSession session = { .member = { member }, .role = role };

    token_make(ret_token);
    expect(token_hash(ret_token, session.hash));
    session.created_at_us = clock_wall_us(clock_system());
    session.ends_at_us = session.created_at_us + life_us;
    expect(!status_failed(login_session_begin(flow.redis, &session, session.created_at_us)));
}

void begin_session(uint64_t member, int role, char ret_token[TOKEN_SIZE])
{
    begin_session_for(SESSION_MAX_S * US_PER_S, member, role, ret_token);
}

static void set_up(const char *redis_url)
{
    static CallerKeyring keyring;
    static const char key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    char text[128];
    unsigned port = find_ports();

    flow.metrics = metrics_open();
    (void)snprintf(text, sizeof text, "gateway %s\n", key);
    key_file_init(&callers, text);
    expect(!status_failed(caller_keyring_load(callers.path, &keyring)));
    expect(setenv("JUMUN_RPC_KEYS_FILE", callers.path, 1) == 0);
    key_file_init(&codes, key);
    expect(!status_failed(order_code_keys_load(codes.path, &flow.code_keys)));
    expect(setenv("JUMUN_ORDER_CODE_KEYS_FILE", codes.path, 1) == 0);
    set_url("JUMUN_RPC_MEMBER_URL", port);
    set_url("JUMUN_RPC_PRODUCT_URL", port + 1);
    set_url("JUMUN_RPC_ORDER_URL", port + 2);
    set_url("JUMUN_RPC_PAYMENT_URL", port + 3);
    set_url("JUMUN_WAKE_ORDER_URL", port + 4);
    (void)snprintf(text, sizeof text, "127.0.0.1:%u", port + 5);
    expect(setenv("JUMUN_GATEWAY_LISTEN_ADDRESS", text, 1) == 0);
    const char *redis_port = strrchr(redis_url, ':') + 1;
    flow.proxy = tcp_proxy_open((uint16_t)strtoul(redis_port, NULL, 10));
    (void)snprintf(text, sizeof text, "%.*s%u", (int)(redis_port - redis_url), redis_url,
                   (unsigned)tcp_proxy_port(flow.proxy)); /* with the same password */
    expect(setenv("JUMUN_CACHE_URL", text, 1) == 0);
    expect(!status_failed(redis_open(redis_url, 1000, &flow.redis)));
    flow.fake = fake_services_open(port, &keyring);
    (void)snprintf(flow.base_url, sizeof flow.base_url, "http://127.0.0.1:%u", port + 5);
    expect(!status_failed(http_client_open(flow.base_url, &flow.client)));
    begin_session(MEMBER, JUMUN__RPC__V1__ROLE__MEMBER, flow.member_token);
    begin_session(ADMIN, JUMUN__RPC__V1__ROLE__MEMBER, flow.admin_token);
}

bool flow_open(void)
{
    const char *redis_url = getenv("JUMUN_TEST_REDIS_URL");

    if (redis_url == NULL) {
        (void)printf("SKIPPED: JUMUN_TEST_REDIS_URL is not set\n");
        return false;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    expect(crypto_init());
    set_up(redis_url);
    return true;
}

void flow_open_gateway(void)
{
    static ServiceHost host;

    host = (ServiceHost){ .clock = clock_system(), .metrics = flow.metrics };
    expect(gateway == NULL);
    expect(!status_failed(gateway_service.open(&host, &gateway)));
}

void flow_close_gateway(void)
{
    gateway_service.close(gateway);
    gateway = NULL;
}

void flow_close(void)
{
    expect(gateway == NULL);
    http_client_close(flow.client);
    fake_services_close(flow.fake);
    tcp_proxy_close(flow.proxy);
    redis_close(flow.redis);
    metrics_close(flow.metrics);
    key_file_deinit(&callers);
    key_file_deinit(&codes);
}

HttpReply ask_with(HttpRequest request)
{
    HttpReply reply;

    expect(!status_failed(http_client_ask(flow.client, &request, &reply)));
    return reply;
}

HttpReply ask(const char *method, const char *path, const char *token, const char *body)
{
    return ask_with((HttpRequest){ .method = method, .path = path, .token = token, .body = body });
}

void expect_problem(HttpReply reply, long status, const char *code)
{
    if (reply.status != status || strcmp(json_text(reply.json, "code"), code) != 0) {
        (void)fprintf(stderr, "got %ld %s, expected %ld %s\n", reply.status, reply.body, status,
                      code);
        abort();
    }
    expect(strcmp(http_client_header(flow.client, "Content-Type"), "application/problem+json") ==
           0);
    expect(json_number(reply.json, "status") == status);
    expect(strcmp(json_text(reply.json, "instance"),
                  http_client_header(flow.client, "X-Request-Id")) == 0);
    expect(strlen(json_text(reply.json, "traceId")) == 32);
}

HttpReply place(unsigned product, const char *const *headers)
{
    char body[160];

    (void)snprintf(body, sizeof body, "{\"lines\":[{\"productId\":%u,\"quantity\":1}]}", product);
    return ask_with((HttpRequest){ .method = "POST",
                                   .path = "/api/v1/orders",
                                   .token = flow.member_token,
                                   .body = body,
                                   .key = "key-1",
                                   .headers = headers });
}

const char *order_path(uint64_t id, const char *rest)
{
    static char path[128];
    char code[ORDER_CODE_SIZE];

    order_code_format(&flow.code_keys, (OrderId){ id }, code);
    (void)snprintf(path, sizeof path, "/api/v1/orders/%s%s", code, rest);
    return path;
}

void await_status(const char *path, const char *token, long status)
{
    int64_t until_us = clock_monotonic_us(clock_system()) + 3 * US_PER_S;

    while (ask("GET", path, token, NULL).status != status) {
        expect(clock_monotonic_us(clock_system()) < until_us);
        usleep(20000);
    }
}

void becomes_ready_by_itself(void)
{
    int64_t until_us = clock_monotonic_us(clock_system()) + 10 * US_PER_S;

    while (ask("GET", "/readyz", NULL, NULL).status != 200) {
        expect(clock_monotonic_us(clock_system()) < until_us);
        usleep(20000); /* nobody tells when Redis and four services have been reached */
    }
    expect(ask("GET", "/livez", NULL, NULL).status == 200);
    HttpReply reply = ask("GET", "/openapi.json", NULL, NULL);
    expect(reply.status == 200 && strcmp(json_text(reply.json, "openapi"), "3.1.0") == 0);
}
