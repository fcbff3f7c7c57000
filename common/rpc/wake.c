/* wake.c - a nudge is a message of order ids, eight bytes each, big-endian, sent as a
 * survey that nobody answers.
 *
 * Not PUB/SUB, because a SUB socket reads whatever happens, and in nng 1.5.2 closing one
 * while messages come in may never return (rpc_lane.h says why; seen in 1 of 10 closes
 * under load). A RESPONDENT that does not receive does not read either. */
#include "common/rpc/wake.h"

#include <assert.h>
#include <nng/nng.h>
#include <nng/protocol/survey0/respond.h>
#include <nng/protocol/survey0/survey.h>
#include <nng/supplemental/util/platform.h>
#include <stdlib.h>

#include "common/rpc/rpc_socket.h"
#include "common/runtime/log.h"

enum {
    ID_SIZE = 8,
    NUDGE_SIZE_MAX = WAKE_ORDERS_MAX * ID_SIZE,
    RECEIVE_MAX = NUDGE_SIZE_MAX + 64, /* with nng's header */
    QUIET_MS = 20,
};

struct WakePublisher {
    nng_socket socket;
};

struct WakeSubscriber {
    nng_socket socket;
    nng_aio *aio;
    WakeRun *run;
    void *context;
};

Status wake_publisher_open(const char *url, WakePublisher **ret_publisher)
{
    WakePublisher *publisher = calloc(1, sizeof *publisher);

    if (publisher == NULL || nng_surveyor0_open(&publisher->socket) != 0) {
        free(publisher);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    Status status = rpc_socket_limit(publisher->socket, RECEIVE_MAX) == 0
                        ? rpc_socket_listen(publisher->socket, url)
                        : status_make(STATUS_INTERNAL, "NNG");
    if (status_failed(status)) {
        wake_publisher_close(publisher);
        return status;
    }
    *ret_publisher = publisher;
    return status_ok();
}

void wake_publish(WakePublisher *publisher, const OrderId *orders, size_t count)
{
    nng_msg *message;

    assert(count <= WAKE_ORDERS_MAX);
    if (nng_msg_alloc(&message, 0) != 0) {
        return;
    }
    int error = nng_msg_reserve(message, count * ID_SIZE);
    for (size_t i = 0; i < count && error == 0; i++) {
        error = nng_msg_append_u64(message, orders[i].value);
    }
    if (error == 0) {
        error = nng_sendmsg(publisher->socket, message, (int)NNG_FLAG_NONBLOCK);
    }
    if (error != 0) {
        nng_msg_free(message); /* a nudge may be lost */
    }
}

void wake_publisher_close(WakePublisher *publisher)
{
    if (publisher == NULL) {
        return;
    }
    (void)nng_close(publisher->socket);
    free(publisher);
}

static void on_nudge(WakeSubscriber *subscriber, nng_msg *message)
{
    OrderId orders[WAKE_ORDERS_MAX];
    size_t count = nng_msg_len(message) / ID_SIZE;

    if (nng_msg_len(message) % ID_SIZE == 0 && count <= WAKE_ORDERS_MAX) {
        for (size_t i = 0; i < count; i++) {
            (void)nng_msg_trim_u64(message, &orders[i].value);
        }
        subscriber->run(subscriber->context, orders, count);
    }
    nng_msg_free(message);
}

static void on_aio(void *argument)
{
    WakeSubscriber *subscriber = argument;

    if (nng_aio_result(subscriber->aio) != 0) {
        return; /* nothing but closing ends the wait */
    }
    on_nudge(subscriber, nng_aio_get_msg(subscriber->aio));
    nng_recv_aio(subscriber->socket, subscriber->aio);
}

static Status dial_all(WakeSubscriber *subscriber, const char *urls)
{
    char url[RPC_URL_SIZE];
    const char *rest = urls;
    size_t count = 0;
    Status status = status_ok();

    while (!status_failed(status) && rpc_url_next(&rest, url)) {
        status = rpc_socket_dial(subscriber->socket, url);
        count++;
    }
    if (!status_failed(status) && (count == 0 || *rest != '\0')) {
        log_error("wake.urls_bad", "urls=%s", urls);
        status = status_make(STATUS_INVALID_ARGUMENT, "CONFIG");
    }
    return status;
}

static Status start(WakeSubscriber *subscriber, const char *urls)
{
    int error = rpc_socket_limit(subscriber->socket, RECEIVE_MAX);

    if (error == 0) {
        error = nng_aio_alloc(&subscriber->aio, on_aio, subscriber);
    }
    if (error != 0) {
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    Status status = dial_all(subscriber, urls);
    if (!status_failed(status)) {
        nng_recv_aio(subscriber->socket, subscriber->aio);
    }
    return status;
}

Status wake_subscriber_open(const char *urls, WakeRun *run, void *context,
                            WakeSubscriber **ret_subscriber)
{
    WakeSubscriber *subscriber = calloc(1, sizeof *subscriber);

    if (subscriber == NULL || nng_respondent0_open(&subscriber->socket) != 0) {
        free(subscriber);
        return status_make(STATUS_RESOURCE_EXHAUSTED, "OVERLOADED");
    }
    subscriber->run = run;
    subscriber->context = context;
    Status status = start(subscriber, urls);
    if (status_failed(status)) {
        wake_subscriber_close(subscriber);
        return status;
    }
    *ret_subscriber = subscriber;
    return status_ok();
}

void wake_subscriber_close(WakeSubscriber *subscriber)
{
    if (subscriber == NULL) {
        return;
    }
    nng_aio_stop(subscriber->aio); /* waits for a run that is still on */
    nng_msleep(QUIET_MS);          /* what is being read has been read */
    (void)nng_close(subscriber->socket);
    nng_aio_free(subscriber->aio);
    free(subscriber);
}
