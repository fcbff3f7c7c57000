/* The whole gateway, with a real Redis and real RPC, before services that answer as told. */
#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto/order_code.h"
#include "common/crypto/token.h"
#include "common/http/http_client.h"
#include "common/redis/login_sessions.h"
#include "services/gateway/service.h"
#include "tests/support/fake_services.h"
#include "tests/support/tcp_proxy.h"

enum {
    MEMBER = 8, /* the fakes call even members members, */
    ADMIN = 9,  /* odd ones admins */
    PORTS = 6,  /* five of the fakes, one of ours */
};

static FakeServices *fake;
static TcpProxy *proxy; /* between the gateway and Redis */
static HttpClient *client;
static Redis *redis;
static void *gateway;
static Metrics *metrics;
static OrderCodeKeys code_keys;
static char folder[] = "/tmp/jumun-gateway-XXXXXX";
static char member_token[TOKEN_SIZE];
static char admin_token[TOKEN_SIZE];
static char base_url[64];

#define expect(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* ---- setting up ---- */

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

static void remove_file(const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    expect(unlink(path) == 0);
}

static void write_file(const char *name, const char *text, char ret_path[128])
{
    (void)snprintf(ret_path, 128, "%s/%s", folder, name);
    FILE *file = fopen(ret_path, "w");
    expect(file != NULL);
    expect(fputs(text, file) >= 0);
    expect(fclose(file) == 0);
    expect(chmod(ret_path, 0400) == 0);
}

static void set_url(const char *variable, unsigned port)
{
    char url[64];

    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    expect(setenv(variable, url, 1) == 0);
}

static void begin_session_for(int64_t life_us, uint64_t member, int role,
                              char ret_token[TOKEN_SIZE])
{
    LoginSession session = { .member = { member }, .role = role };

    token_make(ret_token);
    expect(token_hash(ret_token, session.hash));
    session.created_at_us = clock_wall_us(clock_system());
    session.ends_at_us = session.created_at_us + life_us;
    expect(!status_failed(login_session_begin(redis, &session, session.created_at_us)));
}

static void begin_session(uint64_t member, int role, char ret_token[TOKEN_SIZE])
{
    begin_session_for(SESSION_MAX_S * US_PER_S, member, role, ret_token);
}

static void set_up(const char *redis_url)
{
    static CallerKeyring keyring;
    static const char key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    char text[128];
    char path[128];
    static ServiceHost host;
    unsigned port = find_ports();

    metrics = metrics_open();
    host = (ServiceHost){ .clock = clock_system(), .metrics = metrics };
    expect(mkdtemp(folder) != NULL);
    (void)snprintf(text, sizeof text, "gateway %s\n", key);
    write_file("callers", text, path);
    expect(!status_failed(caller_keyring_load(path, &keyring)));
    expect(setenv("JUMUN_RPC_KEYS_FILE", path, 1) == 0);
    write_file("codes", key, path);
    expect(!status_failed(order_code_keys_load(path, &code_keys)));
    expect(setenv("JUMUN_ORDER_CODE_KEYS_FILE", path, 1) == 0);
    set_url("JUMUN_RPC_MEMBER_URL", port);
    set_url("JUMUN_RPC_PRODUCT_URL", port + 1);
    set_url("JUMUN_RPC_ORDER_URL", port + 2);
    set_url("JUMUN_RPC_PAYMENT_URL", port + 3);
    set_url("JUMUN_WAKE_ORDER_URL", port + 4);
    (void)snprintf(text, sizeof text, "127.0.0.1:%u", port + 5);
    expect(setenv("JUMUN_GATEWAY_LISTEN_ADDRESS", text, 1) == 0);
    const char *redis_port = strrchr(redis_url, ':') + 1;
    proxy = tcp_proxy_open((uint16_t)strtoul(redis_port, NULL, 10));
    (void)snprintf(text, sizeof text, "%.*s%u", (int)(redis_port - redis_url), redis_url,
                   (unsigned)tcp_proxy_port(proxy)); /* with the same password */
    expect(setenv("JUMUN_CACHE_URL", text, 1) == 0);
    expect(!status_failed(redis_open(redis_url, 1000, &redis)));
    fake = fake_services_open(port, &keyring);
    expect(!status_failed(gateway_service.open(&host, &gateway)));
    (void)snprintf(base_url, sizeof base_url, "http://127.0.0.1:%u", port + 5);
    expect(!status_failed(http_client_open(base_url, &client)));
    begin_session(MEMBER, JUMUN__RPC__V1__ROLE__MEMBER, member_token);
    begin_session(ADMIN, JUMUN__RPC__V1__ROLE__MEMBER, admin_token);
}

/* ---- asking ---- */

static HttpReply ask_with(HttpRequest request)
{
    HttpReply reply;

    expect(!status_failed(http_client_ask(client, &request, &reply)));
    return reply;
}

static HttpReply ask(const char *method, const char *path, const char *token, const char *body)
{
    return ask_with((HttpRequest){ .method = method, .path = path, .token = token, .body = body });
}

static void expect_problem(HttpReply reply, long status, const char *code)
{
    if (reply.status != status || strcmp(json_text(reply.json, "code"), code) != 0) {
        (void)fprintf(stderr, "got %ld %s, expected %ld %s\n", reply.status, reply.body, status,
                      code);
        abort();
    }
    expect(strcmp(http_client_header(client, "Content-Type"), "application/problem+json") == 0);
    expect(json_number(reply.json, "status") == status);
    expect(strcmp(json_text(reply.json, "instance"), http_client_header(client, "X-Request-Id")) ==
           0);
    expect(strlen(json_text(reply.json, "traceId")) == 32);
}

static HttpReply place(unsigned product, const char *const *headers)
{
    char body[160];

    (void)snprintf(body, sizeof body, "{\"lines\":[{\"productId\":%u,\"quantity\":1}]}", product);
    return ask_with((HttpRequest){ .method = "POST",
                                   .path = "/api/v1/orders",
                                   .token = member_token,
                                   .body = body,
                                   .key = "key-1",
                                   .headers = headers });
}

static const char *order_path(uint64_t id, const char *rest)
{
    static char path[128];
    char code[ORDER_CODE_SIZE];

    order_code_format(&code_keys, (OrderId){ id }, code);
    (void)snprintf(path, sizeof path, "/api/v1/orders/%s%s", code, rest);
    return path;
}

/* ---- the tests ---- */

static void becomes_ready_by_itself(void)
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

static void public_pages_need_nobody(void)
{
    HttpReply reply = ask("GET", "/api/v1/products/5", NULL, NULL);

    expect(reply.status == 200);
    expect(json_number(reply.json, "productId") == 5);
    expect(strcmp(json_text(reply.json, "name"), "caf\xC3\xA9 \"x\"") == 0);
    expect(strcmp(http_client_header(client, "ETag"), "\"3\"") == 0);
    expect(strcmp(http_client_header(client, "Cache-Control"), "no-store") == 0);
    expect(strcmp(http_client_header(client, "X-Content-Type-Options"), "nosniff") == 0);
    reply = ask("GET", "/api/v1/products?q=x&sort=-price&limit=100", NULL, NULL);
    expect(reply.status == 200 && strcmp(reply.body, "{\"items\":[],\"nextCursor\":null}") == 0);
    expect_problem(ask("GET", "/api/v1/products/404", NULL, NULL), 404, "PRODUCT_NOT_FOUND");
    expect_problem(ask("GET", "/api/v1/products/x", NULL, NULL), 400, "VALIDATION");
    expect_problem(ask("GET", "/api/v1/products?limit=0", NULL, NULL), 400, "VALIDATION");
    expect_problem(ask("GET", "/api/v1/products?limit=101", NULL, NULL), 400, "VALIDATION");
    expect_problem(ask("GET", "/api/v1/products?page=1", NULL, NULL), 400, "VALIDATION");
    expect_problem(ask("GET", "/api/v1/nothing", NULL, NULL), 404, "NOT_FOUND");
    expect_problem(ask("DELETE", "/api/v1/orders", NULL, NULL), 405, "METHOD_NOT_ALLOWED");
    expect(strcmp(http_client_header(client, "Allow"), "GET, HEAD, POST") == 0);
}

static void sign_in_sets_a_cookie(void)
{
    HttpReply reply = ask("POST", "/api/v1/members/signup", NULL,
                          "{\"loginId\":\"abcd\",\"password\":\"12345678\",\"name\":\"n\"}");

    expect(reply.status == 201 && json_number(reply.json, "memberId") == 7);
    expect_problem(ask("POST", "/api/v1/members/signup", NULL, "{\"loginId\":\"taken\"}"), 409,
                   "LOGIN_ID_TAKEN");
    expect_problem(ask("POST", "/api/v1/members/signup", NULL, "{\"role\":\"ADMIN\"}"), 400,
                   "VALIDATION");
    reply = ask("POST", "/api/v1/members/login", NULL, "{\"loginId\":\"a\",\"password\":\"b\"}");
    expect(reply.status == 200 && strcmp(json_text(reply.json, "role"), "MEMBER") == 0);
    const char *cookie = http_client_header(client, "Set-Cookie");
    expect(strstr(cookie, "jumun_session=AAAA") == cookie);
    expect(strstr(cookie, "; Path=/; HttpOnly; SameSite=Lax") != NULL);
    expect(strstr(cookie, "; Secure") != NULL);
    reply = ask("POST", "/api/v1/members/logout", member_token, NULL);
    expect(reply.status == 204 && reply.size == 0);
    expect(strstr(http_client_header(client, "Set-Cookie"), "jumun_session=; ") != NULL);
}

static void only_the_known_come_in(void)
{
    static const char forged[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    expect_problem(ask("GET", "/api/v1/members/me", NULL, NULL), 401, "UNAUTHENTICATED");
    expect(http_client_header(client, "WWW-Authenticate") != NULL);
    expect_problem(ask("GET", "/api/v1/members/me", "short", NULL), 401, "UNAUTHENTICATED");
    expect_problem(ask("GET", "/api/v1/members/me", forged, NULL), 401, "UNAUTHENTICATED");
    HttpReply reply = ask("GET", "/api/v1/members/me", member_token, NULL);
    expect(reply.status == 200 && json_number(reply.json, "memberId") == MEMBER);
    expect_problem(ask("GET", "/api/v1/products/5/stock", member_token, NULL), 403,
                   "PERMISSION_DENIED");
    reply = ask("GET", "/api/v1/products/5/stock", admin_token, NULL);
    expect(reply.status == 200 && strstr(reply.body, "\"drift\":null") != NULL);
}

static void cookies_count_only_from_our_own_pages(void)
{
    char cookie[96];
    (void)snprintf(cookie, sizeof cookie, "Cookie: jumun_session=%s", member_token);
    const char *bare[] = { cookie, NULL };
    const char *same[] = { cookie, "Sec-Fetch-Site: same-origin", NULL };
    const char *cross[] = { cookie, "Sec-Fetch-Site: cross-site", NULL };
    HttpRequest request = { .method = "GET", .path = "/api/v1/members/me", .headers = bare };

    expect(ask_with(request).status == 200);
    request.method = "POST";
    request.path = "/api/v1/members/logout";
    expect_problem(ask_with(request), 403, "CSRF");
    request.headers = cross;
    expect_problem(ask_with(request), 403, "CSRF");
    request.headers = same;
    expect(ask_with(request).status == 204);
    request.token = admin_token; /* two different members at once */
    expect_problem(ask_with(request), 400, "BAD_REQUEST");
}

static void products_are_changed_by_version(void)
{
    const char *fresh[] = { "If-Match: \"3\"", NULL };
    const char *stale[] = { "If-Match: \"2\"", NULL };
    HttpRequest request = { .method = "PATCH",
                            .path = "/api/v1/products/5",
                            .token = admin_token,
                            .body = "{\"price\":1}" };
    FakeSeen seen;

    expect_problem(ask_with(request), 428, "IF_MATCH_MISSING");
    request.headers = stale;
    expect_problem(ask_with(request), 412, "VERSION_MISMATCH");
    request.headers = fresh;
    expect(ask_with(request).status == 200);
    fake_services_seen(fake, &seen);
    expect(seen.expected_version == 3);
    request.body = "{\"expectedVersion\":3}";
    expect_problem(ask_with(request), 400, "VALIDATION");
    request.body = "{\"productId\":6}";
    expect_problem(ask_with(request), 400, "VALIDATION");
    HttpReply reply = ask("POST", "/api/v1/products", admin_token, "{\"name\":\"x\",\"price\":1}");
    expect(reply.status == 201);
    expect(strcmp(http_client_header(client, "Location"), "/api/v1/products/99") == 0);
    expect(ask("POST", "/api/v1/products/5/stock", admin_token, "{\"delta\":-1,\"reason\":\"r\"}")
               .status == 201);
    expect(ask("POST", "/api/v1/products/5/decrease", admin_token, "{\"quantity\":1}").status ==
           200);
}

static void products_are_archived_by_version(void)
{
    const char *fresh[] = { "If-Match: \"3\"", NULL };
    const char *stale[] = { "If-Match: \"2\"", NULL };
    HttpRequest request = { .method = "DELETE",
                            .path = "/api/v1/products/5",
                            .token = admin_token };

    expect_problem(ask_with(request), 428, "IF_MATCH_MISSING");
    request.headers = stale;
    expect_problem(ask_with(request), 412, "VERSION_MISMATCH");
    request.headers = fresh;
    expect(ask_with(request).status == 204);
}

static void an_order_carries_who_and_why_to_the_service(void)
{
    const char *headers[] = {
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "X-Member-Id: 1",
        "X-Request-Id: mine", NULL
    };
    FakeSeen seen;
    OrderId id;

    HttpReply reply = place(ORDER_IS_PLACED, headers);
    expect(reply.status == 201);
    expect(!status_failed(order_code_parse(&code_keys, json_text(reply.json, "orderCode"), &id)));
    expect(id.value == FAKE_ORDER_ID);
    expect(strstr(http_client_header(client, "Location"), json_text(reply.json, "orderCode")) !=
           NULL);
    expect(http_client_header(client, "Idempotency-Replayed") == NULL);
    expect(strcmp(http_client_header(client, "X-Request-Id"), "mine") != 0);
    expect(strstr(reply.body, "replayed") == NULL);
    fake_services_seen(fake, &seen);
    expect(seen.member == MEMBER && seen.role == JUMUN__RPC__V1__ROLE__MEMBER);
    expect(strcmp(seen.request_key, "key-1") == 0 && seen.has_hash);
    expect(strncmp(seen.trace_parent, "00-0af7651916cd43dd8448eb211c80319c-", 36) == 0);
    reply = place(ORDER_IS_REPLAYED, NULL);
    expect(reply.status == 201);
    expect(strcmp(http_client_header(client, "Idempotency-Replayed"), "true") == 0);
}

static void refusals_of_the_order_service_reach_the_client(void)
{
    HttpReply reply = place(ORDER_IS_OUT_OF_STOCK, NULL);

    expect_problem(reply, 409, "OUT_OF_STOCK");
    expect(strstr(reply.body, "\"items\":[{\"productId\":2,\"requested\":5,\"available\":2}]") !=
           NULL);
    expect_problem(place(ORDER_KEY_IS_REUSED, NULL), 422, "IDEMPOTENCY_KEY_REUSED");
    expect_problem(place(ORDER_KEY_IS_IN_FLIGHT, NULL), 409, "IDEMPOTENCY_IN_FLIGHT");
    expect(strcmp(http_client_header(client, "Retry-After"), "3") == 0);
    reply = place(ORDER_IS_INVALID, NULL);
    expect_problem(reply, 400, "VALIDATION");
    expect(strstr(reply.body, "\"pointer\":\"/lines/0/quantity\"") != NULL);
    expect_problem(place(ORDER_IS_UNKNOWN, NULL), 500, "UNKNOWN");
}

static void bad_orders_never_reach_the_service(void)
{
    static const struct {
        const char *body;
        const char *code;
    } rows[] = {
        { "", "BAD_JSON" },
        { "{", "BAD_JSON" },
        { "[]", "BAD_JSON" },
        { "{\"lines\":[{\"productId\":1,\"quantity\":\"1\"}]}", "VALIDATION" },
        { "{\"lines\":[],\"total\":1}", "VALIDATION" },
        { "{\"lines\":[],\"lines\":[]}", "BAD_JSON" },
        { "{\"lines\":[{\"productId\":1,\"quantity\":1.0}]}", "VALIDATION" },
    };
    const char *plain[] = { "Content-Type: text/plain", NULL };
    const char *xml[] = { "Accept: text/xml", NULL };
    HttpRequest request = { .method = "POST", .path = "/api/v1/orders", .token = member_token };
    FakeSeen before;
    FakeSeen after;

    fake_services_seen(fake, &before);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        request.key = "k";
        request.body = rows[i].body;
        expect_problem(ask_with(request), 400, rows[i].code);
    }
    request.body = "{\"lines\":[]}";
    request.headers = plain;
    expect_problem(ask_with(request), 415, "UNSUPPORTED_MEDIA_TYPE");
    request.headers = xml;
    expect_problem(ask_with(request), 406, "NOT_ACCEPTABLE");
    request.headers = NULL;
    request.key = NULL;
    expect_problem(ask_with(request), 400, "IDEMPOTENCY_KEY_MISSING");
    request.key = "with space";
    expect_problem(ask_with(request), 400, "VALIDATION");
    request.key = "k";
    request.path = "/api/v1/orders?x=1";
    expect_problem(ask_with(request), 400, "VALIDATION");
    expect_problem(ask("GET", "/api/v1/orders/01H2X-8Q0ZK-3M5NW-7R9TB", member_token, NULL), 400,
                   "BAD_ORDER_CODE");
    fake_services_seen(fake, &after);
    expect(after.calls == before.calls);
}

static void a_service_that_does_not_answer_is_a_time_out(void)
{
    const char *headers[] = { "Request-Timeout-Ms: 150", NULL };

    expect_problem(place(ORDER_IS_NEVER_ANSWERED, headers), 504, "DEADLINE_EXCEEDED");
}

static void orders_are_read_by_code(void)
{
    char path[160];
    char code[ORDER_CODE_SIZE];
    const char *known[] = { "If-None-Match: \"1\"", NULL };
    FakeSeen seen;

    HttpReply reply = ask("GET", order_path(FAKE_ORDER_ID, ""), member_token, NULL);
    expect(reply.status == 200 && strcmp(json_text(reply.json, "status"), "PENDING") == 0);
    expect(strcmp(http_client_header(client, "ETag"), "\"1\"") == 0);
    reply = ask_with((HttpRequest){ .method = "GET",
                                    .path = order_path(FAKE_ORDER_ID, ""),
                                    .token = member_token,
                                    .headers = known });
    expect(reply.status == 304 && reply.size == 0);
    expect_problem(ask("GET", order_path(FAKE_ORDER_ABSENT, ""), member_token, NULL), 404,
                   "ORDER_NOT_FOUND");
    reply = ask("GET", order_path(FAKE_ORDER_ID, "/timeline"), member_token, NULL);
    expect(reply.status == 200 && strncmp(reply.body, "[{\"seq\":1,\"at\":null,", 20) == 0);
    order_code_format(&code_keys, (OrderId){ FAKE_ORDER_ID }, code);
    (void)snprintf(path, sizeof path,
                   "/api/v1/orders?orderCode=%s&status=PAYING&from=1970-01-01T00:00:01Z", code);
    expect(ask("GET", path, member_token, NULL).status == 200);
    fake_services_seen(fake, &seen);
    expect(seen.list.order_id == FAKE_ORDER_ID && seen.list.limit == 20);
    expect(seen.list.status == JUMUN__ORDER__V1__ORDER_STATUS__PAYING);
    expect(seen.list.from_us == US_PER_S);
    (void)snprintf(path, sizeof path, "/api/v1/payments/%s", code);
    reply = ask("GET", path, member_token, NULL);
    expect(reply.status == 200 && strcmp(json_text(reply.json, "status"), "CAPTURED") == 0);
}

typedef struct Move {
    Jumun__Order__V1__OrderStatus status;
    uint32_t version;
    bool nudge;
    unsigned calls; /* seen before: the waiter has asked once when there are more */
} Move;

/* Moves the order once somebody has asked for it. */
static void *move_later(void *context)
{
    const Move *move = context;
    FakeSeen seen;

    do {
        usleep(5000);
        fake_services_seen(fake, &seen);
    } while (seen.calls == move->calls);
    usleep(30000); /* it is parked by then, most likely; the outcome is the same if not */
    fake_services_move(fake, move->status, move->version, move->nudge);
    return NULL;
}

static pthread_t start_move(Move *move)
{
    pthread_t thread;
    FakeSeen seen;

    fake_services_seen(fake, &seen);
    move->calls = seen.calls;
    expect(pthread_create(&thread, NULL, move_later, move) == 0);
    return thread;
}

static void waiting_ends_when_the_order_settles(bool nudge)
{
    const char *wait[] = { "Prefer: wait=10", NULL };
    Move move = { JUMUN__ORDER__V1__ORDER_STATUS__COMPLETED, 4, nudge, 0 };
    int64_t began_us = clock_monotonic_us(clock_system());

    fake_services_move(fake, JUMUN__ORDER__V1__ORDER_STATUS__PENDING, 1, false);
    pthread_t thread = start_move(&move);
    HttpReply reply = place(ORDER_IS_PLACED, wait);
    expect(reply.status == 201 && strcmp(json_text(reply.json, "status"), "COMPLETED") == 0);
    expect(strcmp(http_client_header(client, "ETag"), "\"4\"") == 0);
    expect(clock_monotonic_us(clock_system()) - began_us < 5 * US_PER_S);
    pthread_join(thread, NULL);
}

static void waiting_ends_when_the_time_is_up(void)
{
    const char *wait[] = { "Prefer: wait=1", NULL };
    int64_t began_us = clock_monotonic_us(clock_system());

    fake_services_move(fake, JUMUN__ORDER__V1__ORDER_STATUS__PENDING, 1, false);
    HttpReply reply = place(ORDER_IS_PLACED, wait);
    expect(reply.status == 201 && strcmp(json_text(reply.json, "status"), "PENDING") == 0);
    int64_t took_us = clock_monotonic_us(clock_system()) - began_us;
    expect(took_us >= US_PER_S && took_us < 4 * US_PER_S);
    /* Without a token a reserved order waits for its member, not for us. */
    fake_services_move(fake, JUMUN__ORDER__V1__ORDER_STATUS__RESERVED, 2, false);
    wait[0] = "Prefer: wait=30";
    reply = place(ORDER_IS_PLACED, wait);
    expect(reply.status == 201 && strcmp(json_text(reply.json, "status"), "RESERVED") == 0);
}

static void a_long_poll_ends_when_the_version_changes(void)
{
    Move move = { JUMUN__ORDER__V1__ORDER_STATUS__PAYING, 2, true, 0 };

    fake_services_move(fake, JUMUN__ORDER__V1__ORDER_STATUS__PENDING, 1, false);
    pthread_t thread = start_move(&move);
    HttpReply reply =
        ask("GET", order_path(FAKE_ORDER_ID, "?wait=10&ifVersion=1"), member_token, NULL);
    expect(reply.status == 200 && json_number(reply.json, "version") == 2);
    pthread_join(thread, NULL);
    /* Another version than the one known: no waiting at all. */
    reply = ask("GET", order_path(FAKE_ORDER_ID, "?wait=30&ifVersion=1"), member_token, NULL);
    expect(reply.status == 200 && json_number(reply.json, "version") == 2);
    expect_problem(ask("GET", order_path(FAKE_ORDER_ID, "?wait=x"), member_token, NULL), 400,
                   "VALIDATION");
}

static void the_member_service_is_asked_once_a_second_at_most(void)
{
    FakeSeen before;
    FakeSeen after;

    expect(ask("GET", "/api/v1/orders", admin_token, NULL).status == 200);
    fake_services_seen(fake, &before);
    int64_t began_us = clock_monotonic_us(clock_system());
    for (int i = 0; i < 50; i++) {
        expect(ask("GET", "/api/v1/orders", admin_token, NULL).status == 200);
    }
    int64_t took_us = clock_monotonic_us(clock_system()) - began_us;
    fake_services_seen(fake, &after);
    expect(after.members_asked - before.members_asked <= 1 + 2 * took_us / US_PER_S);
}

/* Polls until the path is answered so, at most three seconds. */
static void await_status(const char *path, const char *token, long status)
{
    int64_t until_us = clock_monotonic_us(clock_system()) + 3 * US_PER_S;

    while (ask("GET", path, token, NULL).status != status) {
        expect(clock_monotonic_us(clock_system()) < until_us);
        usleep(20000);
    }
}

static void a_session_the_member_service_ended_is_over_within_a_second(void)
{
    int64_t began_us = clock_monotonic_us(clock_system());

    expect(ask("GET", "/api/v1/orders", member_token, NULL).status == 200);
    fake_services_end_sessions(fake, true);
    await_status("/api/v1/orders", member_token, 401);
    expect(clock_monotonic_us(clock_system()) - began_us < 2 * US_PER_S);
    fake_services_end_sessions(fake, false);
    expect(ask("GET", "/api/v1/orders", member_token, NULL).status == 200);
}

static void without_the_member_service_only_the_recently_known_come_in(void)
{
    char fresh[TOKEN_SIZE];

    expect(ask("GET", "/api/v1/orders", member_token, NULL).status == 200);
    fake_services_stop_member(fake);
    begin_session(MEMBER, JUMUN__RPC__V1__ROLE__MEMBER, fresh);
    usleep(1100000); /* beyond what the last word counts for: a real second */
    expect(ask("GET", "/api/v1/orders", member_token, NULL).status == 200);
    expect_problem(ask("GET", "/api/v1/orders", fresh, NULL), 503, "UNAVAILABLE");
    expect(http_client_header(client, "Retry-After") != NULL);
    fake_services_start_member(fake);
    await_status("/api/v1/orders", fresh, 200);
}

static void use(const char *token)
{
    expect(ask("GET", "/api/v1/orders", token, NULL).status == 200);
}

static void expect_unknown(const char *token)
{
    expect_problem(ask("GET", "/api/v1/orders", token, NULL), 503, "UNAVAILABLE");
}

static void without_redis_the_recently_known_go_on(void)
{
    char strange[TOKEN_SIZE];
    char short_lived[TOKEN_SIZE];
    FakeSeen before;
    FakeSeen after;

    begin_session(MEMBER, JUMUN__RPC__V1__ROLE__MEMBER, strange);
    use(member_token);
    begin_session_for(3 * US_PER_S, MEMBER, JUMUN__RPC__V1__ROLE__MEMBER, short_lived);
    use(short_lived);
    tcp_proxy_hold(proxy, true);
    use(short_lived);
    expect(place(ORDER_IS_PLACED, NULL).status == 201);
    expect_unknown(strange);
    fake_services_seen(fake, &before);
    await_status("/api/v1/orders", short_lived, 503); /* its end has come */
    use(member_token);
    fake_services_seen(fake, &after);
    expect(after.members_asked > before.members_asked); /* who still is asked */
    HttpReply reply = ask("GET", "/api/v1/members/me", member_token, NULL);
    expect(reply.status == 200 && json_number(reply.json, "memberId") == MEMBER);
    tcp_proxy_hold(proxy, false);
    await_status("/api/v1/orders", strange, 200);
}

static void an_ended_session_stays_ended_without_redis(void)
{
    static const char body[] = "{\"current\":\"12345678\",\"next\":\"87654321\"}";
    char left[TOKEN_SIZE];
    char asking[TOKEN_SIZE];
    char other[TOKEN_SIZE];
    char over[TOKEN_SIZE];

    begin_session(MEMBER, JUMUN__RPC__V1__ROLE__MEMBER, left);
    begin_session(MEMBER + 2, JUMUN__RPC__V1__ROLE__MEMBER, asking);
    begin_session(MEMBER + 2, JUMUN__RPC__V1__ROLE__MEMBER, other);
    begin_session(MEMBER + 4, JUMUN__RPC__V1__ROLE__MEMBER, over);
    use(left);
    use(asking);
    use(other);
    use(over);
    tcp_proxy_hold(proxy, true);
    use(left);
    expect(ask("POST", "/api/v1/members/logout", left, NULL).status == 204);
    expect_unknown(left);
    use(other);
    expect(ask("PUT", "/api/v1/members/me/password", asking, body).status == 204);
    expect_unknown(other);
    expect_unknown(asking);
    fake_services_end_sessions(fake, true);
    await_status("/api/v1/orders", over, 401);
    fake_services_end_sessions(fake, false);
    expect_unknown(over);
    tcp_proxy_hold(proxy, false);
    await_status("/api/v1/orders", asking, 200);
}

static void *close_gateway(void *context)
{
    FakeSeen before;
    FakeSeen now;

    fake_services_seen(fake, &before);
    do {
        usleep(5000);
        fake_services_seen(fake, &now);
    } while (now.calls < before.calls + 2); /* placed, and looked at again: it waits */
    gateway_service.close(gateway);
    return context;
}

static void every_answer_was_measured(void)
{
    static char text[1 << 18];

    expect(metrics_render(metrics, text, sizeof text) > 0);
    expect(strstr(text, "http_server_request_duration_seconds_count{method=\"POST\","
                        "route=\"/api/v1/orders\",status=\"201\"}") != NULL);
    expect(strstr(text, "method=\"GET\",route=\"/api/v1/orders/{orderCode}\",status=\"304\"") !=
           NULL);
}

static void closing_answers_those_who_wait(void)
{
    const char *wait[] = { "Prefer: wait=30", NULL };
    int64_t began_us = clock_monotonic_us(clock_system());
    pthread_t closer;

    fake_services_move(fake, JUMUN__ORDER__V1__ORDER_STATUS__PENDING, 1, false);
    expect(pthread_create(&closer, NULL, close_gateway, NULL) == 0);
    HttpReply reply = place(ORDER_IS_PLACED, wait);
    expect(reply.status == 201);
    pthread_join(closer, NULL);
    expect(clock_monotonic_us(clock_system()) - began_us < 10 * US_PER_S);
}

static void *wait_for_an_order(void *context)
{
    const char *wait[] = { "Prefer: wait=10", NULL };
    const HttpRequest request = { .method = "POST",
                                  .path = "/api/v1/orders",
                                  .token = member_token,
                                  .body = "{\"lines\":[{\"productId\":1,\"quantity\":1}]}",
                                  .key = "key-2",
                                  .headers = wait };
    HttpClient *other;
    HttpReply reply;

    expect(!status_failed(http_client_open(base_url, &other)));
    expect(!status_failed(http_client_ask(other, &request, &reply)));
    expect(reply.status == 201 && strcmp(json_text(reply.json, "status"), "COMPLETED") == 0);
    http_client_close(other);
    return context;
}

static void one_beyond_half_of_the_room_does_not_wait(void)
{
    const char *wait[] = { "Prefer: wait=30", NULL };
    pthread_t waiter;
    FakeSeen before;
    FakeSeen now;

    fake_services_move(fake, JUMUN__ORDER__V1__ORDER_STATUS__PENDING, 1, false);
    fake_services_seen(fake, &before);
    expect(pthread_create(&waiter, NULL, wait_for_an_order, NULL) == 0);
    do {
        usleep(5000);
        fake_services_seen(fake, &now);
    } while (now.calls < before.calls + 2); /* placed, and looked at again: it waits */
    int64_t began_us = clock_monotonic_us(clock_system());
    HttpReply reply = place(ORDER_IS_PLACED, wait);
    expect(reply.status == 201 && strcmp(json_text(reply.json, "status"), "PENDING") == 0);
    expect(clock_monotonic_us(clock_system()) - began_us < 5 * US_PER_S);
    fake_services_move(fake, JUMUN__ORDER__V1__ORDER_STATUS__COMPLETED, 2, true);
    pthread_join(waiter, NULL);
}

static void who_signs_in_too_often_learns_when_to_come_back(void)
{
    static const char body[] = "{\"loginId\":\"a\",\"password\":\"b\"}";

    expect(ask("POST", "/api/v1/members/login", NULL, body).status == 200);
    expect(http_client_header(client, "RateLimit-Limit") == NULL);
    expect_problem(ask("POST", "/api/v1/members/login", NULL, body), 429, "RATE_LIMITED");
    expect(strcmp(http_client_header(client, "RateLimit-Limit"), "1") == 0);
    expect(strcmp(http_client_header(client, "RateLimit-Remaining"), "0") == 0);
    const char *reset = http_client_header(client, "RateLimit-Reset");
    expect(strtoul(reset, NULL, 10) >= 25 && strtoul(reset, NULL, 10) <= 31);
    expect(strcmp(http_client_header(client, "Retry-After"), reset) == 0);
}

/* A second gateway with room for three requests and two sign-ins a minute. */
static void a_small_gateway_keeps_its_bounds(void)
{
    const ServiceHost host = { .clock = clock_system(), .metrics = metrics };

    expect(setenv("JUMUN_GATEWAY_IN_FLIGHT_MAX", "3", 1) == 0);
    expect(setenv("JUMUN_GATEWAY_SIGNINS_PER_MINUTE", "2", 1) == 0);
    expect(!status_failed(gateway_service.open(&host, &gateway)));
    becomes_ready_by_itself();
    one_beyond_half_of_the_room_does_not_wait();
    who_signs_in_too_often_learns_when_to_come_back();
    gateway_service.close(gateway);
    expect(unsetenv("JUMUN_GATEWAY_IN_FLIGHT_MAX") == 0);
    expect(unsetenv("JUMUN_GATEWAY_SIGNINS_PER_MINUTE") == 0);
}

/* A third gateway, with nothing where Redis should be, that trusts plain HTTP. */
static void without_redis_nobody_new_comes_in(void)
{
    const ServiceHost host = { .clock = clock_system(), .metrics = metrics };

    expect(setenv("JUMUN_CACHE_URL", "redis://127.0.0.1:1", 1) == 0);
    expect(setenv("JUMUN_INSECURE_COOKIES", "1", 1) == 0);
    expect(!status_failed(gateway_service.open(&host, &gateway)));
    await_status("/api/v1/products/5", NULL, 200);
    expect_problem(ask("GET", "/api/v1/members/me", member_token, NULL), 503, "UNAVAILABLE");
    expect_problem(place(ORDER_IS_PLACED, NULL), 503, "UNAVAILABLE");
    expect(ask("GET", "/readyz", NULL, NULL).status == 503);
    await_status("/api/v1/products", NULL, 200);
    HttpReply reply = ask("POST", "/api/v1/members/login", NULL, "{\"loginId\":\"a\"}");
    expect(reply.status == 200);
    expect(strstr(http_client_header(client, "Set-Cookie"), "Secure") == NULL);
    gateway_service.close(gateway);
}

int main(void)
{
    const char *redis_url = getenv("JUMUN_TEST_REDIS_URL");

    if (redis_url == NULL) {
        (void)printf("SKIPPED: JUMUN_TEST_REDIS_URL is not set\n");
        return 77;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    expect(crypto_init());
    set_up(redis_url);
    becomes_ready_by_itself();
    public_pages_need_nobody();
    sign_in_sets_a_cookie();
    only_the_known_come_in();
    cookies_count_only_from_our_own_pages();
    products_are_changed_by_version();
    products_are_archived_by_version();
    an_order_carries_who_and_why_to_the_service();
    refusals_of_the_order_service_reach_the_client();
    bad_orders_never_reach_the_service();
    a_service_that_does_not_answer_is_a_time_out();
    orders_are_read_by_code();
    waiting_ends_when_the_order_settles(true);
    waiting_ends_when_the_order_settles(false);
    waiting_ends_when_the_time_is_up();
    a_long_poll_ends_when_the_version_changes();
    the_member_service_is_asked_once_a_second_at_most();
    a_session_the_member_service_ended_is_over_within_a_second();
    without_the_member_service_only_the_recently_known_come_in();
    without_redis_the_recently_known_go_on();
    an_ended_session_stays_ended_without_redis();
    every_answer_was_measured();
    closing_answers_those_who_wait();
    a_small_gateway_keeps_its_bounds();
    without_redis_nobody_new_comes_in();
    http_client_close(client);
    fake_services_close(fake);
    tcp_proxy_close(proxy);
    redis_close(redis);
    metrics_close(metrics);
    remove_file("callers");
    remove_file("codes");
    expect(rmdir(folder) == 0);
    return 0;
}
