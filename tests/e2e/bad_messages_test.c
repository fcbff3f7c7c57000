/* bad_messages_test.c - what nobody of ours would put into the real queues, while the real
 * services consume them: it ends in <queue>.dead, and the next order is as good as ever. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/event_batch.h"
#include "common/base/clock.h"
#include "jumun/event/v1/event.pb-c.h"
#include "tests/e2e/stack_shop.h"
#include "tests/integration/common/amqp/broker.h"

enum {
    BODY_MAX = EVENT_MESSAGE_SIZE_MAX + 2,
    PARK_S = 30,
};

static Stack stack;
static Broker broker;
static char alice[64];

static void await_dead(const char *queue, uint32_t count)
{
    int64_t end_us = clock_monotonic_us(clock_system()) + PARK_S * US_PER_S;
    char dead[QUEUE_NAME_SIZE];
    uint32_t seen;

    queue_name_with(queue, ".dead", dead);
    while ((seen = broker_count(&broker, dead)) < count &&
           clock_monotonic_us(clock_system()) < end_us) {
        stack_pause();
    }
    if (seen != count) {
        (void)fprintf(stderr, "%s: %u messages, not %u\n", dead, seen, count);
    }
    expect(seen == count);
}

/* A batch of one well-formed event. */
static size_t write_event(const char *type, const void *payload, size_t payload_size,
                          uint8_t body[static BODY_MAX])
{
    static uint64_t id = UINT64_MAX / 2;
    char text[64];
    uint8_t bytes[256];
    Jumun__Event__V1__Event event;

    (void)snprintf(text, sizeof text, "%s", type);
    jumun__event__v1__event__init(&event);
    event.id = ++id;
    event.type = text;
    event.order_id = 12345; /* no order */
    event.at_us = clock_wall_us(clock_system());
    event.payload.len = payload_size;
    event.payload.data = malloc(payload_size + 1);
    expect(event.payload.data != NULL);
    memcpy(event.payload.data, payload, payload_size);
    size_t size = jumun__event__v1__event__pack(&event, bytes);
    free(event.payload.data);
    return (size_t)(event_batch_put(body, bytes, size) - body);
}

/* Each ends alone in <queue>.dead; `type` is one that the queue's consumer knows. */
static void garbage_ends_in_the_dead_letters(const char *queue, const char *type)
{
    static uint8_t body[BODY_MAX];
    static const uint8_t cut[] = { 0x0A, 0x7F, 0x09 }; /* an event that ends early */
    static const uint8_t noise[] = { 0xFF, 0xFF, 0xFF, 0xFF };

    broker_publish(&broker, queue, "not a protobuf", 14, NULL);
    broker_publish(&broker, queue, cut, sizeof cut, NULL);
    broker_publish(&broker, queue, noise, sizeof noise, "4294967296"); /* tries so far */
    size_t size = write_event("no.such.type", "", 0, body);
    broker_publish(&broker, queue, body, size, NULL);
    size = write_event(type, noise, sizeof noise, body);
    broker_publish(&broker, queue, body, size, NULL);
    await_dead(queue, 5);
}

static void a_bad_event_does_not_take_a_good_order_down_with_it(void)
{
    char code[STACK_CODE_SIZE];
    int64_t product = stack_create_product(&stack, "Unharmed", 100, 10);

    stack_expect_order_works(&stack, alice, product, code);
    stack_expect_settled(&stack, 30);
    expect(stack_number(&stack,
                        "SELECT reserved FROM product_db.stock s"
                        " JOIN product_db.product p USING (product_id) WHERE p.name = ?",
                        "Unharmed") == 1);
}

int main(void)
{
    static const char *const services[] = { "gateway", "member",  "product",
                                            "order",   "payment", "relay" };
    pid_t pids[sizeof services / sizeof services[0]];
    char url[STACK_URL_SIZE];

    stack_open(&stack);
    stack_login_new_member(&stack, "alice", alice);
    stack_expect_settled(&stack, 30); /* the demo's order */
    stack_engine_url(&stack, "AMQP", url);
    expect(setenv("JUMUN_TEST_AMQP_URL", url, 1) == 0);
    broker_open(&broker);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        pids[i] = stack_pid(&stack, services[i]);
    }
    garbage_ends_in_the_dead_letters(QUEUE_PRODUCT_COMMANDS, "stock.reserve");
    garbage_ends_in_the_dead_letters(QUEUE_PAYMENT_COMMANDS, "payment.charge");
    garbage_ends_in_the_dead_letters(QUEUE_ORDER_REPLIES, "stock.reserved");
    a_bad_event_does_not_take_a_good_order_down_with_it();
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        expect(stack_pid(&stack, services[i]) == pids[i]);
    }
    broker_close(&broker);
    stack_close(&stack);
    return 0;
}
