/* Products through the gateway: public to read, by an administrator and by version to
 * change. */
#include <string.h>

#include "tests/integration/services/gateway/flow_fixture.h"

static void public_pages_need_nobody(void)
{
    HttpReply reply = ask("GET", "/api/v1/products/5", NULL, NULL);

    expect(reply.status == 200);
    expect(json_number(reply.json, "productId") == 5);
    expect(strcmp(json_text(reply.json, "name"), "caf\xC3\xA9 \"x\"") == 0);
    expect(strcmp(http_client_header(flow.client, "ETag"), "\"3\"") == 0);
    expect(strcmp(http_client_header(flow.client, "Cache-Control"), "no-store") == 0);
    expect(strcmp(http_client_header(flow.client, "X-Content-Type-Options"), "nosniff") == 0);
    reply = ask("GET", "/api/v1/products?q=x&sort=-price&limit=100", NULL, NULL);
    expect(reply.status == 200 && strcmp(reply.body, "{\"items\":[],\"nextCursor\":null}") == 0);
    expect_problem(ask("GET", "/api/v1/products/404", NULL, NULL), 404, "PRODUCT_NOT_FOUND");
    expect_problem(ask("GET", "/api/v1/products/x", NULL, NULL), 400, "VALIDATION");
    expect_problem(ask("GET", "/api/v1/products?limit=0", NULL, NULL), 400, "VALIDATION");
    expect_problem(ask("GET", "/api/v1/products?limit=101", NULL, NULL), 400, "VALIDATION");
    expect_problem(ask("GET", "/api/v1/products?page=1", NULL, NULL), 400, "VALIDATION");
    expect_problem(ask("GET", "/api/v1/nothing", NULL, NULL), 404, "NOT_FOUND");
    expect_problem(ask("DELETE", "/api/v1/orders", NULL, NULL), 405, "METHOD_NOT_ALLOWED");
    expect(strcmp(http_client_header(flow.client, "Allow"), "GET, HEAD, POST") == 0);
}

static void products_are_changed_by_version(void)
{
    const char *fresh[] = { "If-Match: \"3\"", NULL };
    const char *stale[] = { "If-Match: \"2\"", NULL };
    HttpRequest request = { .method = "PATCH",
                            .path = "/api/v1/products/5",
                            .token = flow.admin_token,
                            .body = "{\"price\":1}" };
    FakeSeen seen;

    expect_problem(ask_with(request), 428, "IF_MATCH_MISSING");
    request.headers = stale;
    expect_problem(ask_with(request), 412, "VERSION_MISMATCH");
    request.headers = fresh;
    expect(ask_with(request).status == 200);
    fake_services_seen(flow.fake, &seen);
    expect(seen.expected_version == 3);
    request.body = "{\"expectedVersion\":3}";
    expect_problem(ask_with(request), 400, "VALIDATION");
    request.body = "{\"productId\":6}";
    expect_problem(ask_with(request), 400, "VALIDATION");
    HttpReply reply =
        ask("POST", "/api/v1/products", flow.admin_token, "{\"name\":\"x\",\"price\":1}");
    expect(reply.status == 201);
    expect(strcmp(http_client_header(flow.client, "Location"), "/api/v1/products/99") == 0);
    expect(
        ask("POST", "/api/v1/products/5/stock", flow.admin_token, "{\"delta\":-1,\"reason\":\"r\"}")
            .status == 201);
    expect(
        ask("POST", "/api/v1/products/5/decrease", flow.admin_token, "{\"quantity\":1}").status ==
        200);
}

static void an_if_match_that_is_no_version_is_named(void)
{
    static const char *const rows[] = { "If-Match: 3", "If-Match: W/\"3\"", "If-Match: *",
                                        "If-Match: \"3\", \"4\"" };
    const char *headers[] = { NULL, NULL };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        headers[0] = rows[i];
        HttpReply reply = ask_with((HttpRequest){ .method = "PATCH",
                                                  .path = "/api/v1/products/5",
                                                  .token = flow.admin_token,
                                                  .body = "{\"price\":1}",
                                                  .headers = headers });
        expect_problem(reply, 400, "VALIDATION");
        expect(strstr(reply.body, "\"pointer\":\"If-Match\"") != NULL);
    }
}

static void products_are_archived_by_version(void)
{
    const char *fresh[] = { "If-Match: \"3\"", NULL };
    const char *stale[] = { "If-Match: \"2\"", NULL };
    HttpRequest request = { .method = "DELETE",
                            .path = "/api/v1/products/5",
                            .token = flow.admin_token };

    expect_problem(ask_with(request), 428, "IF_MATCH_MISSING");
    request.headers = stale;
    expect_problem(ask_with(request), 412, "VERSION_MISMATCH");
    request.headers = fresh;
    expect(ask_with(request).status == 204);
}

int main(void)
{
    if (!flow_open()) {
        return FLOW_SKIPPED;
    }
    flow_open_gateway();
    becomes_ready_by_itself();
    public_pages_need_nobody();
    products_are_changed_by_version();
    an_if_match_that_is_no_version_is_named();
    products_are_archived_by_version();
    flow_close_gateway();
    flow_close();
    return 0;
}
