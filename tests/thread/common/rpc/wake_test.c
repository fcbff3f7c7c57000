/* Nudges: they arrive, from every publisher, and none after close. */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/rpc/wake.h"
#include "tests/support/rpc_fixture.h"

typedef struct Heard {
    pthread_mutex_t lock;
    uint64_t last;
    size_t empty;   /* nudges without orders */
    size_t largest; /* orders in a nudge */
    uint64_t sum;   /* of the largest one's orders */
} Heard;

static Heard nothing_heard(void)
{
    return (Heard){ .lock = PTHREAD_MUTEX_INITIALIZER };
}

static void on_nudge(void *context, const OrderId *orders, size_t count)
{
    Heard *heard = context;

    pthread_mutex_lock(&heard->lock);
    heard->empty += count == 0 ? 1 : 0;
    if (count > heard->largest) {
        heard->largest = count;
        heard->sum = 0;
        for (size_t i = 0; i < count; i++) {
            heard->sum += orders[i].value;
        }
    }
    heard->last = count > 0 ? orders[count - 1].value : heard->last;
    pthread_mutex_unlock(&heard->lock);
}

/* Nudges until the subscriber has heard of the order: the first ones may find it not yet
 * connected. */
typedef struct Nudge {
    WakePublisher *publisher;
    Heard *heard;
    uint64_t order;
} Nudge;

static bool is_heard(void *context)
{
    Nudge *nudge = context;
    OrderId order = { nudge->order };

    wake_publish(nudge->publisher, &order, 1);
    pthread_mutex_lock(&nudge->heard->lock);
    bool heard = nudge->heard->last == nudge->order;
    pthread_mutex_unlock(&nudge->heard->lock);
    return heard;
}

static bool has_heard_both(void *context)
{
    Heard *heard = context;

    pthread_mutex_lock(&heard->lock);
    bool both = heard->largest == WAKE_ORDERS_MAX && heard->empty == 1;
    pthread_mutex_unlock(&heard->lock);
    return both;
}

static void nudges_arrive_whole_from_every_publisher(void)
{
    char urls[2 * FIXTURE_URL_SIZE + 1];
    char first[FIXTURE_URL_SIZE];
    char second[FIXTURE_URL_SIZE];
    Heard heard = nothing_heard();
    WakePublisher *publishers[2];
    WakeSubscriber *subscriber;

    fixture_url(first);
    fixture_url(second);
    (void)snprintf(urls, sizeof urls, "%s,%s", first, second);
    /* dialled before anybody listens */
    assert(!status_failed(wake_subscriber_open(urls, on_nudge, &heard, &subscriber)));
    assert(!status_failed(wake_publisher_open(first, &publishers[0])));
    assert(!status_failed(wake_publisher_open(second, &publishers[1])));
    for (uint64_t i = 0; i < 2; i++) {
        Nudge nudge = { publishers[i], &heard, UINT64_C(0xfedcba9876543210) + i };
        assert(eventually(is_heard, &nudge));
    }
    wake_subscriber_close(subscriber);
    wake_publisher_close(publishers[0]);
    wake_publisher_close(publishers[1]);
}

static void a_nudge_holds_none_to_512_orders(void)
{
    char url[FIXTURE_URL_SIZE];
    OrderId orders[WAKE_ORDERS_MAX];
    Heard heard = nothing_heard();
    WakePublisher *publisher;
    WakeSubscriber *subscriber;

    fixture_url(url);
    assert(!status_failed(wake_publisher_open(url, &publisher)));
    assert(!status_failed(wake_subscriber_open(url, on_nudge, &heard, &subscriber)));
    assert(eventually(is_heard, &(Nudge){ publisher, &heard, 7 }));
    for (uint64_t i = 0; i < WAKE_ORDERS_MAX; i++) {
        orders[i].value = i + 1;
    }
    wake_publish(publisher, orders, WAKE_ORDERS_MAX);
    wake_publish(publisher, NULL, 0);
    assert(eventually(has_heard_both, &heard));
    wake_subscriber_close(subscriber);
    wake_publisher_close(publisher);
    assert(heard.sum == (uint64_t)WAKE_ORDERS_MAX * (WAKE_ORDERS_MAX + 1) / 2);
}

static void no_nudge_follows_the_close_of_a_subscriber(void)
{
    char url[FIXTURE_URL_SIZE];
    WakePublisher *publisher;
    WakeSubscriber *subscriber;

    fixture_url(url);
    assert(!status_failed(wake_publisher_open(url, &publisher)));
    for (int i = 0; i < 10; i++) {
        Heard *heard = malloc(sizeof *heard);
        assert(heard != NULL);
        *heard = nothing_heard();
        assert(!status_failed(wake_subscriber_open(url, on_nudge, heard, &subscriber)));
        assert(eventually(is_heard, &(Nudge){ publisher, heard, (uint64_t)i + 1 }));
        for (uint64_t order = 0; order < 50; order++) { /* some still on their way */
            wake_publish(publisher, &(OrderId){ order }, 1);
        }
        wake_subscriber_close(subscriber);
        free(heard); /* ASan watches */
    }
    wake_publisher_close(publisher);
}

static void a_bad_address_is_refused(void)
{
    char url[FIXTURE_URL_SIZE];
    WakePublisher *publisher;
    WakePublisher *second;
    WakeSubscriber *subscriber;
    Heard heard = nothing_heard();

    fixture_url(url);
    assert(!status_failed(wake_publisher_open(url, &publisher)));
    assert(wake_publisher_open(url, &second).code == STATUS_UNAVAILABLE);
    assert(wake_publisher_open("ipc:///tmp/never", &second).code == STATUS_INVALID_ARGUMENT);
    assert(wake_subscriber_open("", on_nudge, &heard, &subscriber).code == STATUS_INVALID_ARGUMENT);
    assert(wake_subscriber_open("nowhere", on_nudge, &heard, &subscriber).code ==
           STATUS_INVALID_ARGUMENT);
    wake_publisher_close(publisher);
    wake_publisher_close(NULL);
    wake_subscriber_close(NULL);
}

static const NamedTest tests[] = {
    { "nudges arrive whole from every publisher", nudges_arrive_whole_from_every_publisher },
    { "a nudge holds none to 512 orders", a_nudge_holds_none_to_512_orders },
    { "no nudge follows the close of a subscriber", no_nudge_follows_the_close_of_a_subscriber },
    { "a bad address is refused", a_bad_address_is_refused },
};

int main(void)
{
    return run_tests(tests, sizeof tests / sizeof tests[0]);
}
