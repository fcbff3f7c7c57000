/* Sessions as the gateway knows them: by the word of the member service and of Redis, and
 * for how long when one of them is gone. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/integration/services/gateway/flow_fixture.h"

static void the_member_service_is_asked_once_a_second_at_most(void)
{
    FakeSeen before;
    FakeSeen after;

    expect(ask("GET", "/api/v1/orders", flow.admin_token, NULL).status == 200);
    fake_services_seen(flow.fake, &before);
    int64_t began_us = clock_monotonic_us(clock_system());
    for (int i = 0; i < 50; i++) {
        expect(ask("GET", "/api/v1/orders", flow.admin_token, NULL).status == 200);
    }
    int64_t took_us = clock_monotonic_us(clock_system()) - began_us;
    fake_services_seen(flow.fake, &after);
    expect(after.members_asked - before.members_asked <= 1 + 2 * took_us / US_PER_S);
}

static void a_session_the_member_service_ended_is_over_within_a_second(void)
{
    int64_t began_us = clock_monotonic_us(clock_system());

    expect(ask("GET", "/api/v1/orders", flow.member_token, NULL).status == 200);
    fake_services_end_sessions(flow.fake, true);
    await_status("/api/v1/orders", flow.member_token, 401);
    expect(clock_monotonic_us(clock_system()) - began_us < 2 * US_PER_S);
    fake_services_end_sessions(flow.fake, false);
    expect(ask("GET", "/api/v1/orders", flow.member_token, NULL).status == 200);
}

static void without_the_member_service_only_the_recently_known_come_in(void)
{
    char fresh[TOKEN_SIZE];

    expect(ask("GET", "/api/v1/orders", flow.member_token, NULL).status == 200);
    fake_services_stop_member(flow.fake);
    begin_session(MEMBER, JUMUN__RPC__V1__ROLE__MEMBER, fresh);
    usleep(1100000); /* beyond what the last word counts for: a real second */
    expect(ask("GET", "/api/v1/orders", flow.member_token, NULL).status == 200);
    expect_problem(ask("GET", "/api/v1/orders", fresh, NULL), 503, "UNAVAILABLE");
    expect(http_client_header(flow.client, "Retry-After") != NULL);
    fake_services_start_member(flow.fake);
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
    use(flow.member_token);
    begin_session_for(3 * US_PER_S, MEMBER, JUMUN__RPC__V1__ROLE__MEMBER, short_lived);
    use(short_lived);
    tcp_proxy_hold(flow.proxy, true);
    use(short_lived);
    expect(place(ORDER_IS_PLACED, NULL).status == 201);
    expect_unknown(strange);
    fake_services_seen(flow.fake, &before);
    await_status("/api/v1/orders", short_lived, 503); /* its end has come */
    use(flow.member_token);
    fake_services_seen(flow.fake, &after);
    expect(after.members_asked > before.members_asked); /* who still is asked */
    HttpReply reply = ask("GET", "/api/v1/members/me", flow.member_token, NULL);
    expect(reply.status == 200 && json_number(reply.json, "memberId") == MEMBER);
    tcp_proxy_hold(flow.proxy, false);
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
    tcp_proxy_hold(flow.proxy, true);
    use(left);
    expect(ask("POST", "/api/v1/members/logout", left, NULL).status == 204);
    expect_unknown(left);
    use(other);
    expect(ask("PUT", "/api/v1/members/me/password", asking, body).status == 204);
    expect_unknown(other);
    expect_unknown(asking);
    fake_services_end_sessions(flow.fake, true);
    await_status("/api/v1/orders", over, 401);
    fake_services_end_sessions(flow.fake, false);
    expect_unknown(over);
    tcp_proxy_hold(flow.proxy, false);
    await_status("/api/v1/orders", asking, 200);
}

/* A second gateway, with nothing where Redis should be, that trusts plain HTTP. */
static void without_redis_nobody_new_comes_in(void)
{
    expect(setenv("JUMUN_CACHE_URL", "redis://127.0.0.1:1", 1) == 0);
    expect(setenv("JUMUN_INSECURE_COOKIES", "1", 1) == 0);
    flow_open_gateway();
    await_status("/api/v1/products/5", NULL, 200);
    expect_problem(ask("GET", "/api/v1/members/me", flow.member_token, NULL), 503, "UNAVAILABLE");
    expect_problem(place(ORDER_IS_PLACED, NULL), 503, "UNAVAILABLE");
    expect(ask("GET", "/readyz", NULL, NULL).status == 503);
    await_status("/api/v1/products", NULL, 200);
    HttpReply reply = ask("POST", "/api/v1/members/login", NULL, "{\"loginId\":\"a\"}");
    expect(reply.status == 200);
    expect(strstr(http_client_header(flow.client, "Set-Cookie"), "Secure") == NULL);
    flow_close_gateway();
}

int main(void)
{
    if (!flow_open()) {
        return FLOW_SKIPPED;
    }
    flow_open_gateway();
    becomes_ready_by_itself();
    the_member_service_is_asked_once_a_second_at_most();
    a_session_the_member_service_ended_is_over_within_a_second();
    without_the_member_service_only_the_recently_known_come_in();
    without_redis_the_recently_known_go_on();
    an_ended_session_stays_ended_without_redis();
    flow_close_gateway();
    without_redis_nobody_new_comes_in();
    flow_close();
    return 0;
}
