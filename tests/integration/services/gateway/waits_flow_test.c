/* Requests that wait for an order in the gateway: until it has moved, until their time is
 * up, until the gateway closes. */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "tests/integration/services/gateway/flow_fixture.h"
#include "tests/integration/services/gateway/looks.h"

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
        fake_services_seen(flow.fake, &seen);
    } while (seen.calls == move->calls);
    usleep(30000); /* it is parked by then, most likely; the outcome is the same if not */
    fake_services_move(flow.fake, move->status, move->version, move->nudge);
    return NULL;
}

static pthread_t start_move(Move *move)
{
    pthread_t thread;
    FakeSeen seen;

    fake_services_seen(flow.fake, &seen);
    move->calls = seen.calls;
    expect(pthread_create(&thread, NULL, move_later, move) == 0);
    return thread;
}

static void waiting_ends_when_the_order_settles(bool nudge)
{
    const char *wait[] = { "Prefer: wait=10", NULL };
    Move move = { JUMUN__ORDER__V1__ORDER_STATUS__COMPLETED, 4, nudge, 0 };
    int64_t began_us = clock_monotonic_us(clock_system());

    fake_services_move(flow.fake, JUMUN__ORDER__V1__ORDER_STATUS__PENDING, 1, false);
    pthread_t thread = start_move(&move);
    HttpReply reply = place(ORDER_IS_PLACED, wait);
    expect(reply.status == 201 && strcmp(json_text(reply.json, "status"), "COMPLETED") == 0);
    expect(strcmp(http_client_header(flow.client, "ETag"), "\"4\"") == 0);
    expect(clock_monotonic_us(clock_system()) - began_us < 5 * US_PER_S);
    pthread_join(thread, NULL);
}

static void waiting_ends_when_the_time_is_up(void)
{
    const char *wait[] = { "Prefer: wait=1", NULL };
    int64_t began_us = clock_monotonic_us(clock_system());

    fake_services_move(flow.fake, JUMUN__ORDER__V1__ORDER_STATUS__PENDING, 1, false);
    HttpReply reply = place(ORDER_IS_PLACED, wait);
    expect(reply.status == 201 && strcmp(json_text(reply.json, "status"), "PENDING") == 0);
    int64_t took_us = clock_monotonic_us(clock_system()) - began_us;
    expect(took_us >= US_PER_S && took_us < 4 * US_PER_S);
    /* Without a token a reserved order waits for its member, not for us. */
    fake_services_move(flow.fake, JUMUN__ORDER__V1__ORDER_STATUS__RESERVED, 2, false);
    wait[0] = "Prefer: wait=30";
    reply = place(ORDER_IS_PLACED, wait);
    expect(reply.status == 201 && strcmp(json_text(reply.json, "status"), "RESERVED") == 0);
}

static void a_long_poll_ends_when_the_version_changes(void)
{
    Move move = { JUMUN__ORDER__V1__ORDER_STATUS__PAYING, 2, true, 0 };

    fake_services_move(flow.fake, JUMUN__ORDER__V1__ORDER_STATUS__PENDING, 1, false);
    pthread_t thread = start_move(&move);
    HttpReply reply =
        ask("GET", order_path(FAKE_ORDER_ID, "?wait=10&ifVersion=1"), flow.member_token, NULL);
    expect(reply.status == 200 && json_number(reply.json, "version") == 2);
    pthread_join(thread, NULL);
    /* Another version than the one known: no waiting at all. */
    reply = ask("GET", order_path(FAKE_ORDER_ID, "?wait=30&ifVersion=1"), flow.member_token, NULL);
    expect(reply.status == 200 && json_number(reply.json, "version") == 2);
    expect_problem(ask("GET", order_path(FAKE_ORDER_ID, "?wait=x"), flow.member_token, NULL), 400,
                   "VALIDATION");
}

static void settle(void)
{
    fake_services_move(flow.fake, JUMUN__ORDER__V1__ORDER_STATUS__COMPLETED, 2, false);
}

static void looking_often_takes_no_more_memory_than_looking_twice(void)
{
    fake_services_move(flow.fake, JUMUN__ORDER__V1__ORDER_STATUS__PENDING, 1, false);
    looks_begin(settle);
    HttpReply reply =
        ask("GET", order_path(FAKE_ORDER_ID, "?wait=30&ifVersion=1"), flow.member_token, NULL);
    expect(reply.status == 200 && strcmp(json_text(reply.json, "status"), "COMPLETED") == 0);
    for (size_t i = 3; i < LOOKS; i++) {
        expect(looks_sizes[i] > 0 && looks_sizes[i] == looks_sizes[2]);
    }
}

static void *close_gateway(void *context)
{
    FakeSeen before;
    FakeSeen now;

    fake_services_seen(flow.fake, &before);
    do {
        usleep(5000);
        fake_services_seen(flow.fake, &now);
    } while (now.calls < before.calls + 2); /* placed, and looked at again: it waits */
    flow_close_gateway();
    return context;
}

static void closing_answers_those_who_wait(void)
{
    const char *wait[] = { "Prefer: wait=30", NULL };
    int64_t began_us = clock_monotonic_us(clock_system());
    pthread_t closer;

    fake_services_move(flow.fake, JUMUN__ORDER__V1__ORDER_STATUS__PENDING, 1, false);
    expect(pthread_create(&closer, NULL, close_gateway, NULL) == 0);
    HttpReply reply = place(ORDER_IS_PLACED, wait);
    expect(reply.status == 201);
    pthread_join(closer, NULL);
    expect(clock_monotonic_us(clock_system()) - began_us < 10 * US_PER_S);
}

int main(void)
{
    if (!flow_open()) {
        return FLOW_SKIPPED;
    }
    flow_open_gateway();
    becomes_ready_by_itself();
    waiting_ends_when_the_order_settles(true);
    waiting_ends_when_the_order_settles(false);
    waiting_ends_when_the_time_is_up();
    a_long_poll_ends_when_the_version_changes();
    looking_often_takes_no_more_memory_than_looking_twice();
    closing_answers_those_who_wait();
    flow_close();
    return 0;
}
