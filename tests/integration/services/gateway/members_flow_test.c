/* Members through the gateway: how they sign in, and who is taken for one. */
#include <stdio.h>
#include <string.h>

#include "tests/integration/services/gateway/flow_fixture.h"

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
    const char *cookie = http_client_header(flow.client, "Set-Cookie");
    expect(strstr(cookie, "jumun_session=AAAA") == cookie);
    expect(strstr(cookie, "; Path=/; HttpOnly; SameSite=Lax") != NULL);
    expect(strstr(cookie, "; Secure") != NULL);
    reply = ask("POST", "/api/v1/members/logout", flow.member_token, NULL);
    expect(reply.status == 204 && reply.size == 0);
    expect(strstr(http_client_header(flow.client, "Set-Cookie"), "jumun_session=; ") != NULL);
}

static void only_the_known_come_in(void)
{
    static const char forged[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    expect_problem(ask("GET", "/api/v1/members/me", NULL, NULL), 401, "UNAUTHENTICATED");
    expect(http_client_header(flow.client, "WWW-Authenticate") != NULL);
    expect_problem(ask("GET", "/api/v1/members/me", "short", NULL), 401, "UNAUTHENTICATED");
    expect_problem(ask("GET", "/api/v1/members/me", forged, NULL), 401, "UNAUTHENTICATED");
    HttpReply reply = ask("GET", "/api/v1/members/me", flow.member_token, NULL);
    expect(reply.status == 200 && json_number(reply.json, "memberId") == MEMBER);
    expect_problem(ask("GET", "/api/v1/products/5/stock", flow.member_token, NULL), 403,
                   "PERMISSION_DENIED");
    reply = ask("GET", "/api/v1/products/5/stock", flow.admin_token, NULL);
    expect(reply.status == 200 && strstr(reply.body, "\"drift\":null") != NULL);
}

static void cookies_count_only_from_our_own_pages(void)
{
    char cookie[96];
    (void)snprintf(cookie, sizeof cookie, "Cookie: jumun_session=%s", flow.member_token);
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
    request.token = flow.admin_token; /* two different members at once */
    expect_problem(ask_with(request), 400, "BAD_REQUEST");
}

int main(void)
{
    if (!flow_open()) {
        return FLOW_SKIPPED;
    }
    flow_open_gateway();
    becomes_ready_by_itself();
    sign_in_sets_a_cookie();
    only_the_known_come_in();
    cookies_count_only_from_our_own_pages();
    flow_close_gateway();
    flow_close();
    return 0;
}
