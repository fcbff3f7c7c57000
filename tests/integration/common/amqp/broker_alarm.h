/* broker_alarm.h - a real alarm of the test's broker, by its rabbitmqctl: it takes no
 * message from anybody until the alarm is over. One at a time; one thread.
 *
 * The alarm ends with the test, whatever becomes of that. */
#ifndef JUMUN_TESTS_INTEGRATION_COMMON_AMQP_BROKER_ALARM_H
#define JUMUN_TESTS_INTEGRATION_COMMON_AMQP_BROKER_ALARM_H

#include <stdio.h>

#include "tests/integration/common/amqp/broker.h"

typedef struct BrokerAlarm {
    FILE *guard;
} BrokerAlarm;

/* Says that memory is short; returns once the broker knows. The broker must be one that
 * `jumun up` has started on this machine. */
void broker_alarm_raise(const Broker *broker, BrokerAlarm *ret_alarm);

/* Returns once the broker knows that there is memory again. */
void broker_alarm_end(BrokerAlarm *alarm);

#endif
