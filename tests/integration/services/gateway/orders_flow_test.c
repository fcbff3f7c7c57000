/* Orders through the gateway: placed and refused, read by their codes, and measured. */
#include <stdio.h>
#include <string.h>

#include "tests/integration/services/gateway/flow_fixture.h"

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
    expect(
        !status_failed(order_code_parse(&flow.code_keys, json_text(reply.json, "orderCode"), &id)));
    expect(id.value == FAKE_ORDER_ID);
    expect(strstr(http_client_header(flow.client, "Location"),
                  json_text(reply.json, "orderCode")) != NULL);
    expect(http_client_header(flow.client, "Idempotency-Replayed") == NULL);
    expect(strcmp(http_client_header(flow.client, "X-Request-Id"), "mine") != 0);
    expect(strstr(reply.body, "replayed") == NULL);
    fake_services_seen(flow.fake, &seen);
    expect(seen.member == MEMBER && seen.role == JUMUN__RPC__V1__ROLE__MEMBER);
    expect(strcmp(seen.request_key, "key-1") == 0 && seen.has_hash);
    expect(strncmp(seen.trace_parent, "00-0af7651916cd43dd8448eb211c80319c-", 36) == 0);
    reply = place(ORDER_IS_REPLAYED, NULL);
    expect(reply.status == 201);
    expect(strcmp(http_client_header(flow.client, "Idempotency-Replayed"), "true") == 0);
}

static void refusals_of_the_order_service_reach_the_client(void)
{
    HttpReply reply = place(ORDER_IS_OUT_OF_STOCK, NULL);

    expect_problem(reply, 409, "OUT_OF_STOCK");
    expect(strstr(reply.body, "\"items\":[{\"productId\":2,\"requested\":5,\"available\":2}]") !=
           NULL);
    expect_problem(place(ORDER_KEY_IS_REUSED, NULL), 422, "IDEMPOTENCY_KEY_REUSED");
    expect_problem(place(ORDER_KEY_IS_IN_FLIGHT, NULL), 409, "IDEMPOTENCY_IN_FLIGHT");
    expect(strcmp(http_client_header(flow.client, "Retry-After"), "3") == 0);
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
    HttpRequest request = { .method = "POST",
                            .path = "/api/v1/orders",
                            .token = flow.member_token };
    FakeSeen before;
    FakeSeen after;

    fake_services_seen(flow.fake, &before);
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
    expect_problem(ask("GET", "/api/v1/orders/01H2X-8Q0ZK-3M5NW-7R9TB", flow.member_token, NULL),
                   400, "BAD_ORDER_CODE");
    fake_services_seen(flow.fake, &after);
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

    HttpReply reply = ask("GET", order_path(FAKE_ORDER_ID, ""), flow.member_token, NULL);
    expect(reply.status == 200 && strcmp(json_text(reply.json, "status"), "PENDING") == 0);
    expect(strcmp(http_client_header(flow.client, "ETag"), "\"1\"") == 0);
    reply = ask_with((HttpRequest){ .method = "GET",
                                    .path = order_path(FAKE_ORDER_ID, ""),
                                    .token = flow.member_token,
                                    .headers = known });
    expect(reply.status == 304 && reply.size == 0);
    expect_problem(ask("GET", order_path(FAKE_ORDER_ABSENT, ""), flow.member_token, NULL), 404,
                   "ORDER_NOT_FOUND");
    reply = ask("GET", order_path(FAKE_ORDER_ID, "/timeline"), flow.member_token, NULL);
    expect(reply.status == 200 && strncmp(reply.body, "[{\"seq\":1,\"at\":null,", 20) == 0);
    order_code_format(&flow.code_keys, (OrderId){ FAKE_ORDER_ID }, code);
    (void)snprintf(path, sizeof path,
                   "/api/v1/orders?orderCode=%s&status=PAYING&from=1970-01-01T00:00:01Z", code);
    expect(ask("GET", path, flow.member_token, NULL).status == 200);
    fake_services_seen(flow.fake, &seen);
    expect(seen.list.order_id == FAKE_ORDER_ID && seen.list.limit == 20);
    expect(seen.list.status == JUMUN__ORDER__V1__ORDER_STATUS__PAYING);
    expect(seen.list.from_us == US_PER_S && seen.list.to_us == 0);
    expect(ask("GET", "/api/v1/orders?to=1970-01-01T00:00:00Z", flow.member_token, NULL).status ==
           200);
    fake_services_seen(flow.fake, &seen);
    expect(seen.list.to_us == 1); /* a bound below all orders, and not none */
    (void)snprintf(path, sizeof path, "/api/v1/payments/%s", code);
    reply = ask("GET", path, flow.member_token, NULL);
    expect(reply.status == 200 && strcmp(json_text(reply.json, "status"), "CAPTURED") == 0);
}

static void every_answer_was_measured(void)
{
    static char text[1 << 18];

    expect(metrics_render(flow.metrics, text, sizeof text) > 0);
    expect(strstr(text, "http_server_request_duration_seconds_count{method=\"POST\","
                        "route=\"/api/v1/orders\",status=\"201\"}") != NULL);
    expect(strstr(text, "method=\"GET\",route=\"/api/v1/orders/{orderCode}\",status=\"304\"") !=
           NULL);
}

int main(void)
{
    if (!flow_open()) {
        return FLOW_SKIPPED;
    }
    flow_open_gateway();
    becomes_ready_by_itself();
    an_order_carries_who_and_why_to_the_service();
    refusals_of_the_order_service_reach_the_client();
    bad_orders_never_reach_the_service();
    a_service_that_does_not_answer_is_a_time_out();
    orders_are_read_by_code();
    every_answer_was_measured();
    flow_close_gateway();
    flow_close();
    return 0;
}
