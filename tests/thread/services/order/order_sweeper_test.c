/* The sweeper's thread: what a turn moves is told, however much it is. */
#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "services/order/api/order_sweeper.h"
#include "tests/support/order_world.h"
#include "tests/support/rpc_fixture.h"

enum {
    BATCHES = 6, /* of orders that are over: more than a nudge holds */
    EACH = 128,
    MARK = 1, /* no order has this id */
};

/* What the gateway hears. */
typedef struct Listener {
    WakePublisher *wake;
    atomic_bool connected;
    atomic_size_t heard;
} Listener;

static void on_nudge(void *context, const OrderId *orders, size_t count)
{
    Listener *listener = context;

    if (count == 1 && orders[0].value == MARK) {
        atomic_store(&listener->connected, true);
    } else {
        (void)atomic_fetch_add(&listener->heard, count);
    }
}

static bool is_connected(void *context)
{
    Listener *listener = context;

    wake_publish(listener->wake, &(OrderId){ MARK }, 1);
    return atomic_load(&listener->connected);
}

static bool has_heard_all(void *context)
{
    return atomic_load(&((Listener *)context)->heard) == (size_t)BATCHES * EACH;
}

static void place_unpaid_orders(OrderWorld *world)
{
    world->products[0].on_hand = 10000;
    for (int i = 0; i < BATCHES; i++) {
        for (int j = 0; j < EACH; j++) {
            char key[32];

            (void)snprintf(key, sizeof key, "%d-%d", i, j);
            order_world_add_line(world, order_world_ask(world, 7, key, 1, ""), 1, 1);
        }
        order_world_place(world);
    }
    order_world_settle(world, 3);
}

static void more_orders_than_a_nudge_holds_are_all_told(void)
{
    OrderWorld *world = order_world_open();
    Listener listener = { .heard = 0 };
    WakeSubscriber *subscriber;
    OrderSweeper *sweeper;
    char url[FIXTURE_URL_SIZE];

    static_assert((int)BATCHES * (int)EACH > (int)WAKE_ORDERS_MAX, "it is about that");
    place_unpaid_orders(world);
    world->clock.now_us += 901 * US_PER_S;
    fixture_url(url);
    assert(!status_failed(wake_publisher_open(url, &listener.wake)));
    assert(!status_failed(wake_subscriber_open(url, on_nudge, &listener, &subscriber)));
    assert(eventually(is_connected, &listener));
    assert(!status_failed(order_sweeper_open(&world->sweep, listener.wake, NULL, &sweeper)));
    assert(eventually(has_heard_all, &listener));
    order_sweeper_close(sweeper);
    wake_subscriber_close(subscriber);
    wake_publisher_close(listener.wake);
    order_world_close(world);
}

static const NamedTest tests[] = {
    { "more orders than a nudge holds are all told", more_orders_than_a_nudge_holds_are_all_told },
};

int main(void)
{
    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
