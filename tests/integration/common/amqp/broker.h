/* broker.h - what the tests do to a real broker behind the code's back. One thread. */
#ifndef JUMUN_TESTS_INTEGRATION_COMMON_AMQP_BROKER_H
#define JUMUN_TESTS_INTEGRATION_COMMON_AMQP_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/amqp/amqp_link.h"
#include "tests/support/tcp_proxy.h"

enum {
    BROKER_BODY_MAX = 200 * 1024,
    BROKER_TEXT_MAX = 64,
    BROKER_URL_SIZE = 256,
    SKIPPED = 77,
};

typedef struct Broker {
    AmqpLink *link;
    char url[BROKER_URL_SIZE];         /* straight to the broker */
    char proxied_url[BROKER_URL_SIZE]; /* through the proxy */
    TcpProxy *proxy;
} Broker;

/* A message as it lies in a queue. */
typedef struct BrokerMessage {
    uint8_t body[BROKER_BODY_MAX];
    size_t size;
    char attempt[BROKER_TEXT_MAX]; /* HEADER_ATTEMPT, "" if there is none */
    char reason[BROKER_TEXT_MAX];  /* HEADER_REASON */
    bool persistent;
} BrokerMessage;

/* Connects to JUMUN_TEST_AMQP_URL and empties all queues of the topology. Ends the
 * program with SKIPPED if the variable is not set. */
void broker_open(Broker *broker);

/* Empties all queues again. */
void broker_close(Broker *broker);

void broker_purge(Broker *broker);
void broker_publish(Broker *broker, const char *queue, const void *body, size_t size,
                    const char *attempt);
/* Takes one message; waits up to 15 s for it, then fails the test. */
void broker_take(Broker *broker, const char *queue, BrokerMessage *ret_message);
/* Messages ready; those that somebody has not acknowledged do not count. */
uint32_t broker_count(Broker *broker, const char *queue);
/* A quorum queue that nacks beyond `length` messages. */
void broker_declare_short(Broker *broker, const char *queue, int64_t length);
void broker_delete(Broker *broker, const char *queue);
/* Says to all who are connected by the proxy what a broker says when its memory or disk is
 * short, and when that is over; it is not true. */
void broker_say_blocked(Broker *broker);
void broker_say_unblocked(Broker *broker);

#endif
