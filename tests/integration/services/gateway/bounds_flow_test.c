/* The bounds of a gateway with little room: who may wait in it, and who may sign in. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/integration/services/gateway/flow_fixture.h"

static void *wait_for_an_order(void *context)
{
    const char *wait[] = { "Prefer: wait=10", NULL };
    const HttpRequest request = { .method = "POST",
                                  .path = "/api/v1/orders",
                                  .token = flow.member_token,
                                  .body = "{\"lines\":[{\"productId\":1,\"quantity\":1}]}",
                                  .key = "key-2",
                                  .headers = wait };
    HttpClient *other;
    HttpReply reply;

    expect(!status_failed(http_client_open(flow.base_url, &other)));
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

    fake_services_move(flow.fake, JUMUN__ORDER__V1__ORDER_STATUS__PENDING, 1, false);
    fake_services_seen(flow.fake, &before);
    expect(pthread_create(&waiter, NULL, wait_for_an_order, NULL) == 0);
    do {
        usleep(5000);
        fake_services_seen(flow.fake, &now);
    } while (now.calls < before.calls + 2); /* placed, and looked at again: it waits */
    int64_t began_us = clock_monotonic_us(clock_system());
    HttpReply reply = place(ORDER_IS_PLACED, wait);
    expect(reply.status == 201 && strcmp(json_text(reply.json, "status"), "PENDING") == 0);
    expect(clock_monotonic_us(clock_system()) - began_us < 5 * US_PER_S);
    fake_services_move(flow.fake, JUMUN__ORDER__V1__ORDER_STATUS__COMPLETED, 2, true);
    pthread_join(waiter, NULL);
}

static void who_signs_in_too_often_learns_when_to_come_back(void)
{
    static const char body[] = "{\"loginId\":\"a\",\"password\":\"b\"}";

    expect(ask("POST", "/api/v1/members/login", NULL, body).status == 200);
    expect(http_client_header(flow.client, "RateLimit-Limit") == NULL);
    expect_problem(ask("POST", "/api/v1/members/login", NULL, body), 429, "RATE_LIMITED");
    expect(strcmp(http_client_header(flow.client, "RateLimit-Limit"), "1") == 0);
    expect(strcmp(http_client_header(flow.client, "RateLimit-Remaining"), "0") == 0);
    const char *reset = http_client_header(flow.client, "RateLimit-Reset");
    expect(strtoul(reset, NULL, 10) >= 25 && strtoul(reset, NULL, 10) <= 31);
    expect(strcmp(http_client_header(flow.client, "Retry-After"), reset) == 0);
}

/* A gateway with room for three requests and two sign-ins a minute. */
static void a_small_gateway_keeps_its_bounds(void)
{
    expect(setenv("JUMUN_GATEWAY_IN_FLIGHT_MAX", "3", 1) == 0);
    expect(setenv("JUMUN_GATEWAY_SIGNINS_PER_MINUTE", "2", 1) == 0);
    flow_open_gateway();
    becomes_ready_by_itself();
    one_beyond_half_of_the_room_does_not_wait();
    who_signs_in_too_often_learns_when_to_come_back();
    flow_close_gateway();
    expect(unsetenv("JUMUN_GATEWAY_IN_FLIGHT_MAX") == 0);
    expect(unsetenv("JUMUN_GATEWAY_SIGNINS_PER_MINUTE") == 0);
}

int main(void)
{
    if (!flow_open()) {
        return FLOW_SKIPPED;
    }
    a_small_gateway_keeps_its_bounds();
    flow_close();
    return 0;
}
